"""Health is whether both tables answer."""

import boto3
import pytest

from chalicelib.store import client
from localdev import tables
from tests import builders
from tests.client import Api
from tests.faults import Faults, Kind


def test_health_tells_stage_and_release(api: Api) -> None:
    answer = api.get("/health")

    assert answer.body == {"status": "ok", "stage": "test", "release": "tests"}


@pytest.mark.parametrize("kind", ["throttle", "internal", "timeout", "held_back"])
def test_tables_that_do_not_answer_are_unavailable(api: Api, kind: Kind) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, kind, times=6)

        answer = api.get("/health")

    assert (answer.status, answer.code) == (503, "unavailable")
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("resource", ["ContentTable", "DerivedTable"])
def test_a_table_that_is_gone_is_unavailable(api: Api, resource: str) -> None:
    boto3.client("dynamodb").delete_table(TableName=tables.name(resource, "local"))

    answers = [
        api.get("/health"),
        api.put(f"/articles/{builders.SLUG}", builders.article()),
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(503, "unavailable")] * 2
