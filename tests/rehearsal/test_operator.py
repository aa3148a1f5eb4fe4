"""The operator's commands on a deployed stage."""

from typing import Any

import pytest

from tests.client import Api
from tests.oracle import Oracle
from tests.rehearsal import books, crowd, operator
from tests.rehearsal.conftest import tally_of
from tests.rehearsal.stacks import RELEASE, Stack


def tables(stack: Stack) -> dict[str, str]:
    """Give the settings of commands that work on tables."""
    return {
        "CONTENT_TABLE": stack.outputs["ContentTableName"],
        "DERIVED_TABLE": stack.outputs["DerivedTableName"],
    }


def forget(stack: Stack, slug: str) -> None:
    """Take an article's tally and its ledger out of derived."""
    aws: Any = stack.emulator.client("dynamodb")
    table = stack.resources["DerivedTable"]
    for beginning in ("TALLY", "L#"):
        for row in books.rows(stack, "DerivedTable", f"T#{slug}", beginning):
            aws.delete_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]})


def test_the_smoke_test_passes(dev: Stack) -> None:
    operator.succeed(
        dev.emulator, "-m", "tools.smoke", dev.url, "--stage", "dev", "--release", RELEASE
    )


def test_secrets_that_are_there_stay(dev: Stack) -> None:
    said = operator.succeed(dev.emulator, "-m", "tools.secrets", "dev")

    assert said.count("exists") == 2
    assert "made" not in said


def test_the_command_finds_no_drift_either(dev: Stack, crowd_that_left: list[Oracle]) -> None:
    operator.succeed(dev.emulator, "-m", "tools.reconcile", **tables(dev))


@pytest.mark.parametrize("slug", crowd.SLUGS[1:])
def test_derived_is_rebuilt_from_content(
    slug: str, dev: Stack, visitor: Api, crowd_that_left: list[Oracle]
) -> None:
    before = tally_of(visitor, slug)
    forget(dev, slug)
    assert tally_of(visitor, slug) == books.count([])

    operator.succeed(dev.emulator, "-m", "tools.rebuild", **tables(dev))

    assert tally_of(visitor, slug) == before
    assert books.of_ledger(dev, slug) == before
