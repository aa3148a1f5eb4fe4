"""
What the role of each deployed Lambda may do, asked of IAM in the emulator.

ministack 1.5.33 knows actions, resources and indexes, and each write of a
transaction, but no `dynamodb:LeadingKeys`: it lets pass what our policies
forbid by a row's partition key. Those are held against the policies themselves
in tests/functional/test_policies.py.
"""

from typing import Any, Final

import pytest

from tests.rehearsal.probes import Probe, is_refused
from tests.rehearsal.stacks import Stack

API: Final = "APIHandler"
TALLY: Final = "TallyRatings"
RECONCILE: Final = "ReconcileTallies"

CONTENT: Final = "plaudit-dev-content"
DERIVED: Final = "plaudit-dev-derived"
OTHER_CONTENT: Final = "plaudit-prod-content"
OTHER_DERIVED: Final = "plaudit-prod-derived"

NOBODY: Final = [
    Probe("scan", CONTENT),
    Probe("scan", DERIVED),
    Probe("execute_statement", CONTENT),
    Probe("execute_statement", DERIVED, "T#lamp"),
    Probe("batch_write_item", CONTENT),
    Probe("batch_write_item", DERIVED, "T#lamp"),
    Probe("get_item", OTHER_CONTENT),
    Probe("query", OTHER_CONTENT),
    Probe("query", f"{OTHER_CONTENT}/by_article"),
    Probe("put_item", OTHER_CONTENT),
    Probe("batch_get_item", OTHER_DERIVED, "T#lamp"),
    Probe("update_item", OTHER_DERIVED, "T#lamp"),
    Probe("transact_write_items", OTHER_DERIVED, "T#lamp"),
]
"""The last ones are another stage's."""

WRITES_OF_CONTENT: Final = [
    Probe("put_item", CONTENT),
    Probe("update_item", CONTENT),
    Probe("delete_item", CONTENT),
    Probe("transact_write_items", CONTENT),
]

REFUSED: Final = {
    # That it queries no article's rows in content is a condition, which the emulator ignores.
    API: NOBODY,
    TALLY: [
        *NOBODY,
        *WRITES_OF_CONTENT,
        Probe("get_item", CONTENT),
        Probe("query", CONTENT),
        Probe("query", f"{CONTENT}/by_article"),
        Probe("query", f"{CONTENT}/by_reader", "x"),
        Probe("delete_item", DERIVED, "T#lamp"),
    ],
    RECONCILE: [
        *NOBODY,
        *WRITES_OF_CONTENT,
        Probe("query", f"{CONTENT}/by_article"),
        Probe("query", f"{CONTENT}/by_reader", "x"),
        Probe("put_item", DERIVED, "T#lamp"),
    ],
}

NEEDED: Final = {
    API: [
        *WRITES_OF_CONTENT,
        Probe("get_item", CONTENT),
        Probe("batch_get_item", CONTENT),
        Probe("query", f"{CONTENT}/by_article"),
        Probe("query", f"{CONTENT}/by_rating"),
        Probe("query", f"{CONTENT}/by_helpful"),
        Probe("query", f"{CONTENT}/by_id", "x"),
        Probe("query", f"{CONTENT}/by_reader", "x"),
        Probe("query", f"{CONTENT}/queue", "pending"),
        Probe("query", CONTENT, "F#x"),
        Probe("batch_get_item", DERIVED, "T#lamp"),
        Probe("query", DERIVED, "LIST#all"),
        Probe("query", f"{DERIVED}/by_rank", "TOP"),
        Probe("put_item", DERIVED, "LIST#all"),
        Probe("delete_item", DERIVED, "LIST#all"),
        *(
            Probe(operation, DERIVED, "LIMIT#site#3600")
            for operation in ("batch_get_item", "put_item", "update_item", "transact_write_items")
        ),
        *(
            Probe(operation, DERIVED, noted)
            for operation in ("batch_get_item", "put_item")
            for noted in ("CAPTCHA#x", "TEXT#x")
        ),
    ],
    TALLY: [
        Probe("batch_get_item", DERIVED, "T#lamp"),
        Probe("update_item", DERIVED, "T#lamp"),
        Probe("transact_write_items", DERIVED, "T#lamp"),
        Probe("put_item", DERIVED, "QUARANTINE"),
        Probe("query", DERIVED, "LIST#tag:light"),
    ],
    RECONCILE: [
        Probe("get_item", CONTENT),
        Probe("query", CONTENT),
        Probe("get_item", DERIVED, "T#lamp"),
        Probe("batch_get_item", DERIVED, "T#lamp"),
        Probe("query", DERIVED, "T#lamp"),
        Probe("query", DERIVED, "LIST#all"),
        Probe("query", DERIVED, "QUARANTINE"),
        Probe("update_item", DERIVED, "T#lamp"),
        Probe("delete_item", DERIVED, "QUARANTINE"),
    ],
}

UNSEEN: Final = {
    API: [
        Probe("query", DERIVED, "T#lamp"),
        Probe("put_item", DERIVED, "T#lamp"),
        Probe("delete_item", DERIVED, "T#lamp"),
        Probe("update_item", DERIVED, "T#lamp"),
        Probe("transact_write_items", DERIVED, "T#lamp"),
    ],
    TALLY: [
        Probe("query", DERIVED, "T#lamp"),
        Probe("update_item", DERIVED, "LIST#all"),
        Probe("put_item", DERIVED, "T#lamp"),
    ],
    RECONCILE: [
        Probe("update_item", DERIVED, "LIST#all"),
        Probe("delete_item", DERIVED, "T#lamp"),
    ],
}


def each(probes: dict[str, list[Probe]]) -> list[Any]:
    """Give the probes of each Lambda as a test's parameters."""
    return [
        pytest.param(function, probe, id=f"{function} {probe}")
        for function, several in probes.items()
        for probe in several
    ]


@pytest.mark.parametrize(("function", "probe"), each(REFUSED))
def test_no_more_than_the_work_needs_is_allowed(function: str, probe: Probe, dev: Stack) -> None:
    assert is_refused(dev, function, probe)


@pytest.mark.parametrize(("function", "probe"), each(NEEDED))
def test_what_the_work_needs_is_allowed(function: str, probe: Probe, dev: Stack) -> None:
    assert not is_refused(dev, function, probe)


@pytest.mark.xfail(strict=True, reason="ministack 1.5.33 does not evaluate dynamodb:LeadingKeys")
@pytest.mark.parametrize(("function", "probe"), each(UNSEEN))
def test_rows_of_another_kind_are_refused(function: str, probe: Probe, dev: Stack) -> None:
    assert is_refused(dev, function, probe)
