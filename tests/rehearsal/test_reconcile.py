"""The deployed reconciler finds nothing to do, or puts right what was altered."""

import json
from typing import Any

from tests import builders
from tests.client import Api
from tests.oracle import Oracle
from tests.rehearsal import books, crowd
from tests.rehearsal.conftest import tally_of
from tests.rehearsal.stacks import Stack


def reconcile(stack: Stack) -> Any:
    """Invoke the reconciler as its schedule does; gives its summary."""
    answer = stack.emulator.client("lambda").invoke(
        FunctionName=stack.resources["ReconcileTallies"], Payload=json.dumps(builders.SCHEDULED)
    )
    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    return said


def test_there_is_no_drift_after_the_crowd(dev: Stack, crowd_that_left: list[Oracle]) -> None:
    summary = reconcile(dev)

    # The desk has articles of its own.
    assert summary.pop("articles") >= len(crowd.SLUGS)
    assert summary == {"drifted": 0, "quarantine": 0}


def test_an_altered_tally_is_put_right(
    dev: Stack, visitor: Api, crowd_that_left: list[Oracle]
) -> None:
    slug = crowd.SLUGS[0]
    before = tally_of(visitor, slug)
    dev.emulator.client("dynamodb").update_item(
        TableName=dev.resources["DerivedTable"],
        Key={"pk": {"S": f"T#{slug}"}, "sk": {"S": "TALLY"}},
        UpdateExpression="ADD #count :one, #total :five, stars_5 :one",
        ExpressionAttributeNames={"#count": "count", "#total": "total"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":five": {"N": "5"}},
    )
    assert tally_of(visitor, slug) != before

    first, second = reconcile(dev), reconcile(dev)

    assert (first["drifted"], second["drifted"]) == (1, 0)
    assert tally_of(visitor, slug) == before == books.of_content(dev, slug)
