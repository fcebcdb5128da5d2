"""The contracts that others build on are committed as files, and no code changes them in silence."""

import json

import jsonschema
import pytest

from schemas.export import render, schema_of
from schemas.sales import Sale
from schemas.topics import SALES, TOPICS, Topic
from tests.house.tree import ROOT

FOLDER = ROOT / "schemas" / "json"


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_file_is_what_the_code_says(topic: Topic) -> None:
    # Was the change meant? Then `demand-monitor schemas export schemas/json`, and tell it in the CHANGELOG.
    assert (FOLDER / f"{topic.name}.json").read_text(encoding="utf-8") == render(schema_of(topic))


def test_every_file_belongs_to_a_topic() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(f"{topic.name}.json" for topic in TOPICS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_schema_is_one(topic: Topic) -> None:
    jsonschema.Draft202012Validator.check_schema(schema_of(topic))


def test_a_schema_takes_what_the_contract_writes_and_refuses_what_it_does_not_know() -> None:
    sale = json.loads(
        Sale.model_validate(
            {
                "event_id": "e1",
                "event_time": "2025-05-12T10:00:00Z",
                "store_id": "lima",
                "sku": "milk",
                "units": 2,
                "unit_price": 4.5,
                "currency": "PEN",
            }
        ).encode()
    )
    validator = jsonschema.Draft202012Validator(schema_of(SALES))
    assert list(validator.iter_errors(sale)) == []
    assert len(list(validator.iter_errors({**sale, "customer": "Ana"}))) == 1
    assert len(list(validator.iter_errors({**sale, "units": 0}))) == 1
