"""Settings: which source wins, what is refused by name, what is never shown."""

import os
from pathlib import Path

import pytest

from demand_monitor.settings import Settings, read_settings
from schemas.errors import BadSetup


def config(folder: Path, text: str) -> Path:
    path = folder / "shop.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_option_beats_the_environment_beats_the_file_beats_the_default(tmp_path: Path) -> None:
    file = config(tmp_path, 'prefix = "file-"\npartitions = 6\nbootstrap = "file:9092"\n')
    os.environ["DEMAND_PARTITIONS"] = "7"
    os.environ["DEMAND_BOOTSTRAP"] = "environment:9092"
    settings = read_settings({"bootstrap": "option:9092", "redis": None}, file)
    assert (settings.bootstrap, settings.partitions, settings.prefix) == ("option:9092", 7, "file-")
    assert settings.redis == "redis://localhost:6379/0"


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    os.environ["DEMAND_CONFIG"] = str(config(tmp_path, "partitions = 12\n"))
    assert read_settings().partitions == 12


def test_other_variables_with_our_prefix_are_nobodys_business() -> None:
    os.environ["DEMAND_DATA"] = "/data"
    assert read_settings().partitions == 4


def test_any_property_of_librdkafka_comes_through_under_its_own_name(tmp_path: Path) -> None:
    file = config(tmp_path, '[kafka]\n"security.protocol" = "SASL_SSL"\nlinger.ms = 20\n"enable.ssl.x" = true\n')
    os.environ["DEMAND_KAFKA__SASL_USERNAME"] = "lima"
    assert read_settings(None, file).kafka_properties() == {
        "bootstrap.servers": "localhost:9092",
        "security.protocol": "SASL_SSL",
        "linger.ms": "20",
        "enable.ssl.x": "true",
        "sasl.username": "lima",
    }


def test_the_shop_is_set_field_by_field(tmp_path: Path) -> None:
    os.environ["DEMAND_SHOP__ZONE"] = "America/Lima"
    shop = read_settings(None, config(tmp_path, '[shop]\nperiod = "week"\n')).shop
    assert (shop.zone, shop.period, shop.season) == ("America/Lima", "week", 52)


def test_passwords_come_from_files_without_their_last_line_end(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p@ss/word\n", encoding="utf-8")
    settings = read_settings(
        {"redis": "rediss://shop@cache:6380/2", "redis_password_file": secret, "kafka_password_file": secret}
    )
    # `@` and `/` would end the password inside a URL.
    assert settings.redis_url() == "rediss://shop:p%40ss%2Fword@cache:6380/2"
    assert settings.kafka_properties()["sasl.password"] == "p@ss/word"


def test_no_secret_is_shown(tmp_path: Path) -> None:
    file = config(
        tmp_path,
        'redis = "redis://shop:hush1@cache/0"\n'
        '[kafka]\n"sasl.password" = "hush2"\n"ssl.key.password" = "hush3"\n"ssl.key.pem" = "hush4"\n'
        '"sasl.oauthbearer.client.secret" = "hush5"\n"sasl.username" = "lima"\n',
    )
    settings = read_settings(None, file)
    for text in (repr(settings), str(settings), f"{settings.shown()}"):
        assert "hush" not in text
        assert "lima" in text
    assert settings.redis_url() == "redis://shop:hush1@cache/0"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"partitions": 0}, "partitions is 0"),
        ({"redis": "http://cache"}, "redis cannot be used: it begins with redis://"),
        ({"prefix": "two words"}, "prefix"),
        ({"kafka": {"group.id": "mine"}}, "group.id"),
        ({"kafka": {"bootstrap.servers": "x"}}, "set `bootstrap` instead"),
        ({"shop": {"zone": "Mars/Olympus"}}, "shop.zone = 'Mars/Olympus'"),
        ({"shop": {"poison_share": 1.5}}, "shop.poison_share"),
        ({"shop": {"trading_hours": (22, 6)}}, "shop.trading_hours"),
        ({"shop": {"extra_models": ["prophet"]}}, "shop.extra_models has 'prophet'"),
        ({"shop": {"period": "year"}}, "shop.period"),
        ({"log_level": "loud"}, "log_level"),
        ({"colour": "red"}, "There is no setting colour."),
    ],
)
def test_what_cannot_be_used_is_named(options: dict[str, object], named: str) -> None:
    with pytest.raises(BadSetup) as wrong:
        read_settings(options)
    assert named in wrong.value.problem
    assert wrong.value.next_command == "demand-monitor settings"


def test_a_refused_secret_is_not_told() -> None:
    with pytest.raises(BadSetup) as wrong:
        read_settings({"redis": "http://shop:hush@cache"})
    assert "hush" not in str(wrong.value)


@pytest.mark.parametrize(("text", "named"), [("partitions = ", "is no TOML"), (None, "No such file")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str | None, named: str) -> None:
    path = tmp_path / "absent.toml" if text is None else config(tmp_path, text)
    with pytest.raises(BadSetup, match=named) as wrong:
        read_settings(None, path)
    assert str(path) in wrong.value.problem


def test_a_password_file_that_is_not_there_is_named() -> None:
    settings = Settings(redis_password_file=Path("/nowhere/secret"))
    with pytest.raises(BadSetup, match="/nowhere/secret"):
        settings.redis_url()


def test_children_get_what_was_said_on_the_command_line(tmp_path: Path) -> None:
    file = config(tmp_path, "partitions = 6\n")
    options = {"bootstrap": "option:9092", "prefix": None, "kafka": {"linger.ms": "20"}, "shop": {"period": "week"}}
    settings = read_settings(options, file)
    os.environ.update(settings.environment())
    again = read_settings()
    assert (again.bootstrap, again.partitions, again.shop.period) == ("option:9092", 6, "week")
    assert again.kafka == {"linger.ms": "20"}
