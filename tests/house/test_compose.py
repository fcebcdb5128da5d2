"""The compose file: what `docker compose` would start, held to the settings, the commands and the files of this tree.

No container engine runs here: the file goes through compose-go, the loader of `docker compose` itself.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from demand_monitor.cli import build_app
from demand_monitor.settings import ENVIRONMENT_PREFIX, read_settings
from deploy.dashboards.parts import DATASOURCE_UID
from streams.metrics import BUILD
from streams.settings import ShopSettings
from tests.house.tree import ROOT
from tests.servers.choose import absent
from tests.servers.compose_loader import BadCompose, NoLoader, load_compose

FILE = ROOT / "docker-compose.yml"
ONE_SHOT = {"topics"}
STORES = {"kafka", "redis"}
OBSERVERS = {"prometheus", "grafana"}

Service = Mapping[str, Any]


@pytest.fixture(scope="module")
def services() -> Mapping[str, Service]:
    try:
        loaded: Mapping[str, Service] = load_compose(FILE)["services"]
    except NoLoader as missing:
        absent(f"needs the compose loader: {missing}")
    return loaded


@pytest.fixture(scope="module")
def ours(services: Mapping[str, Service]) -> Mapping[str, Service]:
    return {name: service for name, service in services.items() if "build" in service}


@pytest.mark.timeout(400)
def test_the_loader_refuses_what_is_wrong(services: Mapping[str, Service], tmp_path: Path) -> None:
    # The negative control of every test below: a loader that accepts anything would prove nothing.
    wrong = tmp_path / "docker-compose.yml"
    for broken in (
        FILE.read_text().replace("restart: unless-stopped", "restarts: unless-stopped", 1),
        FILE.read_text().replace("kafka: { condition: service_healthy }", "kafke: { condition: service_healthy }", 1),
        FILE.read_text().replace("interval: 15s", "interval: soon", 1),
    ):
        wrong.write_text(broken)
        with pytest.raises(BadCompose):
            load_compose(wrong)


def test_every_process_of_the_product_runs(ours: Mapping[str, Service]) -> None:
    # Every command whose process shows metrics, and the one that makes the topics.
    assert set(ours) == {*BUILD.processes, *ONE_SHOT}
    commands = get_command(build_app())
    for name, service in ours.items():
        words = service["command"]
        assert words[0] == name
        context = commands.make_context("demand-monitor", list(words), resilient_parsing=True)
        assert words[0] in commands.list_commands(context)  # type: ignore[attr-defined]
        for option in (word for word in words if word.startswith("--")):
            command = commands.get_command(context, words[0])  # type: ignore[attr-defined]
            assert any(option in parameter.opts for parameter in command.params), f"{name}: {option}"


def test_every_variable_is_a_setting(ours: Mapping[str, Service]) -> None:
    for service in ours.values():
        options: dict[str, Any] = {"shop": {}}
        for name, value in service["environment"].items():
            setting, _, of_shop = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
            table = options["shop"] if of_shop else options
            table[of_shop or setting] = value
        assert options["shop"].keys() <= ShopSettings.__dataclass_fields__.keys()
        # A setting that does not exist, or a value that cannot be used, is refused here by its name.
        settings = read_settings(options)
        assert (settings.bootstrap, settings.redis) == ("kafka:9092", "redis://redis:6379/0")
        assert settings.metrics_port == metrics_port(service)


def test_each_is_checked_and_waits_for_what_it_needs(services: Mapping[str, Service]) -> None:
    for name, service in services.items():
        if name in ONE_SHOT:
            continue
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if needed in ONE_SHOT else "service_healthy"
            assert how["condition"] == wanted, f"{name} waits for {needed}"
    for name in BUILD.processes:
        assert set(services[name]["depends_on"]) == STORES | ONE_SHOT, name


def test_a_health_check_asks_where_metrics_are_shown(services: Mapping[str, Service]) -> None:
    for name in BUILD.processes:
        (port,) = re.findall(r"http://localhost:(\d+)/metrics", " ".join(services[name]["healthcheck"]["test"]))
        assert int(port) == metrics_port(services[name])
        assert services[name]["environment"]["DEMAND_METRICS_HOST"] == "0.0.0.0"


def test_prometheus_scrapes_every_process(services: Mapping[str, Service]) -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (job,) = [each for each in config["scrape_configs"] if each["job_name"] == "demand-monitor"]
    targets = [target for group in job["static_configs"] for target in group["targets"]]
    assert sorted(targets) == sorted(f"{name}:{metrics_port(services[name])}" for name in BUILD.processes)


def test_what_is_mounted_is_there_and_where_it_is_looked_for(services: Mapping[str, Service]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", []):
            if volume["type"] == "bind":
                assert Path(volume["source"]).exists(), f"{name}: {volume['source']}"
                assert volume["read_only"], f"{name} may write to {volume['source']}"
    mounted = {volume["target"] for volume in services["grafana"]["volumes"]}
    provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/demand-monitor.yml").read_text())
    assert {each["options"]["path"] for each in provider["providers"]} <= mounted
    assert f"--config.file={services['prometheus']['volumes'][0]['target']}" in services["prometheus"]["command"]
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "deploy/grafana/dashboards" / Path(home).name).exists()


def test_the_data_source_is_the_one_that_dashboards_name(services: Mapping[str, Service]) -> None:
    (source,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["uid"] == DATASOURCE_UID
    assert source["url"] == "http://prometheus:9090"
    assert f"127.0.0.1:{source['url'].rpartition(':')[2]}" == published(services["prometheus"])
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/drift.json").read_text())
    variables = {each["name"]: each for each in dashboard["templating"]["list"]}
    assert variables["datasource"]["current"]["value"] == source["uid"]


def test_images_are_pinned_and_nothing_listens_beyond_this_machine(services: Mapping[str, Service]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+[\w.-]*", service["image"]), name
        assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", [])), name


def test_no_secret_stands_in_the_file(services: Mapping[str, Service]) -> None:
    for name, service in services.items():
        secret = (
            [variable for variable in service["environment"] or {} if re.search("PASSWORD|SECRET|TOKEN", variable)]
            if service.get("environment")
            else []
        )
        assert [each for each in secret if not each.endswith(("_FILE", "_CREATION"))] == [], name


def test_the_stores_keep_what_they_are_given(services: Mapping[str, Service]) -> None:
    redis = " ".join(services["redis"]["command"])
    assert "--appendonly yes --appendfsync everysec --maxmemory-policy noeviction" in redis
    (volume,) = services["kafka"]["volumes"]
    assert services["kafka"]["environment"]["KAFKA_LOG_DIRS"] == volume["target"]
    assert all(volume["type"] == "volume" for name in STORES for volume in services[name]["volumes"])


def test_the_image_runs_without_rights(ours: Mapping[str, Service]) -> None:
    lines = (ROOT / "deploy/Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001"], "a number: a cluster can check that it is not root"
    for service in ours.values():
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    copied = [line.split()[1] for line in lines if line.startswith("COPY") and not line.startswith("COPY --from")]
    assert all((ROOT / path).exists() for path in copied)


def metrics_port(service: Service) -> int:
    return int(service["environment"]["DEMAND_METRICS_PORT"])


def published(service: Service) -> str:
    (port,) = service["ports"]
    return f"{port['host_ip']}:{port['published']}"
