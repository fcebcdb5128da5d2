"""Faust is set up as the design's measurements demand: with its defaults a killed worker's successor waits a minute."""

from pathlib import Path

import pytest

from consumers.price_host import PriceHost, PriceSettings
from consumers.prices import make_app
from tests.unit.price_desk.test_host_tasks import Shop


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("broker_session_timeout", 6),
        ("broker_heartbeat_interval", 2),
        ("broker_rebalance_timeout", 6),
        ("producer_max_request_size", 2_097_152),
        ("stream_wait_empty", False),
        ("topic_allow_declare", False),
        ("topic_disable_leader", True),
        ("web_enabled", False),
        ("worker_redirect_stdouts", False),
        ("processing_guarantee", "at_least_once"),
        ("value_serializer", "raw"),
        ("key_serializer", "raw"),
    ],
)
def test_setting(setting: str, value: object, tmp_path: Path) -> None:
    host = PriceHost(PriceSettings("one:9092,two:9092", "w", group="lima-prices"), Shop().ports())
    found = getattr(make_app(host, tmp_path).conf, setting)
    assert getattr(found, "value", found) == value


def test_app_reads_one_topic_with_one_agent_and_has_no_table(tmp_path: Path) -> None:
    host = PriceHost(PriceSettings("one:9092,two:9092", "w", group="lima-prices", prefix="lima-"), Shop().ports())
    app = make_app(host, tmp_path)
    [agent] = app.agents.values()
    assert agent.concurrency == 1
    assert tuple(agent.get_topic_names()) == ("lima-price-observations.v1",)
    assert not app.tables
    assert app.conf.id == "lima-prices"
    assert [str(url) for url in app.conf.broker] == ["kafka://one:9092", "kafka://two:9092"]
    assert app.conf.datadir == tmp_path
