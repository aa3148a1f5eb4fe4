"""The reconciler beside live traffic, on ledgers of many pages, and interrupted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.errors import UnavailableError
from chalicelib.model import Article, Review, ReviewStatus, Tally
from chalicelib.rules.ratings import recount
from chalicelib.store import client, keys, tallies
from chalicelib.store.tallies import Entry
from chalicelib.workers import reconcile
from tests import rows
from tests.faults import Faults
from tests.functional.test_reconcile import ALTERED, LOST, SUM, alter, count

pytestmark = [pytest.mark.usefixtures("aws"), pytest.mark.slow]


@pytest.fixture
def faults(aws: None) -> Iterator[Faults]:
    with Faults(client.dynamodb()) as injector:
        yield injector


def live(slug: str, *ratings: int) -> None:
    """Store and count an article with reviews of these stars."""
    stored: list[Review | Article] = [rows.article(slug=slug)]
    stored += [rows.review(number, rating, slug=slug) for number, rating in enumerate(ratings, 1)]
    rows.put(*stored)
    count(*(rows.record(None, row, number) for number, row in enumerate(stored, start=1)))


@contextmanager
def before_each(operation: str, action: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """Run something with the arguments of every call of an operation before it is made."""
    events, name = client.dynamodb().meta.events, f"provide-client-params.dynamodb.{operation}"

    def handler(params: dict[str, Any], **_: object) -> None:
        action(params)

    events.register(name, handler)
    yield
    events.unregister(name, handler)


def test_a_delivery_between_any_two_of_its_calls_does_no_harm(faults: Faults) -> None:
    for call in range(1, 11):
        slug = f"article-{call}"
        live(slug, 5, 4)
        rows.put(rows.review(3, 3, slug=slug))
        edited = rows.review(1, 1, slug=slug, revision=2)

        faults.meanwhile(call, partial(deliver, rows.review(1, 5, slug=slug), edited))
        drift = reconcile.reconcile(slug, repair=True)

        assert drift.causes in {(LOST,), (f"{LOST} (2 times)",)}
        assert rows.numbers_of(slug) == recount([1, 4, 3]) == rows.sum_of_ledger(slug)


def test_an_entry_that_a_worker_replaces_meanwhile_is_left_to_it(faults: Faults) -> None:
    for call in range(1, 11):
        slug = f"article-{call}"
        live(slug, 5)
        altered = keys.ledger(slug, rows.digest(1))
        alter(altered, revision=4)
        newer = rows.review(1, 2, slug=slug, revision=7)

        faults.meanwhile(call, partial(deliver, rows.review(1, 5, slug=slug), newer))
        drift = reconcile.reconcile(slug, repair=True)

        assert set(drift.causes) <= {ALTERED, LOST}
        assert rows.ledger_of(slug) == {rows.digest(1): Entry(7, 2)}
        assert rows.numbers_of(slug) == recount([2])


def deliver(old: Review, new: Review) -> None:
    """Let a reader edit a review, and a worker count it."""
    rows.put(new)
    count(rows.record(old, new, 9))


def test_changes_that_cancel_out_between_two_pages_are_no_drift() -> None:
    live("lamp", 2, 4)
    one, other = rows.review(1, 2, slug="lamp"), rows.review(2, 4, slug="lamp")
    swapped = [replace(one, rating=4, revision=2), replace(other, rating=2, revision=2)]
    pages = []

    def swap(params: dict[str, Any]) -> None:
        params["Limit"] = 1
        pages.append(params.get("ExclusiveStartKey"))
        if len(pages) == 2:
            rows.put(*swapped)
            count(rows.record(one, swapped[0], 8), rows.record(other, swapped[1], 9))

    with before_each("Query", swap):
        drift = reconcile.reconcile("lamp", repair=True)

    assert pages[:2] == [None, pages[1]]
    assert pages[1] is not None
    assert drift.causes == ()
    assert rows.numbers_of("lamp") == recount([4, 2]) == rows.sum_of_ledger("lamp")


def test_a_tally_that_never_holds_still_is_not_overwritten() -> None:
    live("lamp", 5, 4)
    other = boto3.client("dynamodb")

    def raise_revision(_: dict[str, Any]) -> None:
        other.update_item(
            TableName=settings.current().derived_table,
            Key=keys.tally("lamp"),
            UpdateExpression="ADD revision :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    alter(keys.tally("lamp"), count=9)
    with before_each("Query", raise_revision):
        busy = reconcile.reconcile("lamp", repair=True)
    written = rows.numbers_of("lamp")

    calm = reconcile.reconcile("lamp", repair=True)

    assert (busy.causes, written.count) == ((), 9)
    assert calm.causes == (SUM,)
    assert rows.numbers_of("lamp") == recount([5, 4])


def test_ledger_and_reviews_of_many_pages_are_read_to_the_end() -> None:
    live("lamp", 5, 4, 3, 2, 1)
    rows.put(*(rows.review(number, 3, slug="lamp") for number in (6, 7)))
    withdrawn = rows.review(5, 1, slug="lamp", revision=2, status=ReviewStatus.WITHDRAWN)
    rows.put(withdrawn)
    queries = []

    def shorten(params: dict[str, Any]) -> None:
        params["Limit"] = 2
        queries.append(params)

    with before_each("Query", shorten):
        drift = reconcile.reconcile("lamp", repair=True)

    assert len(queries) > 6
    assert drift.causes == (f"{LOST} (3 times)",)
    assert rows.numbers_of("lamp") == rows.numbers(5, 4, 3, 2, 3, 3, withdrawn_1=1)


def test_more_lost_writes_than_a_transaction_takes_are_counted() -> None:
    live("lamp", 5)
    rows.put(*(rows.review(number, 3, slug="lamp") for number in range(2, 107)))

    drift = reconcile.reconcile("lamp", repair=True)

    assert drift.causes == (f"{LOST} (105 times)",)
    assert rows.numbers_of("lamp") == recount([5] + [3] * 105)


def test_a_repair_that_is_interrupted_is_finished_by_the_next(faults: Faults) -> None:
    live("lamp", 5, 4)
    interrupted = 0
    for call in range(2, 14):
        rows.put(rows.review(call + 2, 3, slug="lamp"))
        alter(keys.tally("lamp"), count=99, rank="4999999#lamp")
        faults.fail(call, "lost_answer")
        try:
            reconcile.reconcile("lamp", repair=True)
        except UnavailableError:
            interrupted += 1
        faults.clear()

        reconcile.reconcile("lamp", repair=True)

        assert reconcile.reconcile("lamp", repair=False).causes == ()
        assert rows.numbers_of("lamp") == rows.recount_of("lamp")
    assert interrupted > 8


def test_a_tally_that_never_holds_still_is_left_to_the_next_run() -> None:
    live("lamp", 5)
    alter(keys.tally("lamp"), count=99)
    revisions = iter(range(100, 200))

    def move_on(_: dict[str, Any]) -> None:
        alter(keys.tally("lamp"), revision=next(revisions))

    with before_each("UpdateItem", move_on):
        reconcile.reconcile("lamp", repair=True)

    assert reconcile.reconcile("lamp", repair=True).causes == (SUM,)
    assert rows.numbers_of("lamp") == recount([5])


def test_an_entry_that_another_reconciler_lowers_meanwhile_is_raised() -> None:
    live("lamp", 5)
    alter(keys.ledger("lamp", rows.digest(1)), revision=9, contribution=1)
    queries = []

    def lower_then_edit(params: dict[str, Any]) -> None:
        queries.append(params)
        if len(queries) == 2:
            reconcile.reconcile("lamp", repair=True)
            rows.put(rows.review(1, 3, slug="lamp", revision=2))

    with before_each("Query", lower_then_edit):
        reconcile.reconcile("lamp", repair=True)

    assert rows.ledger_of("lamp") == {rows.digest(1): Entry(2, 3)}
    assert rows.numbers_of("lamp") == recount([3])


def test_an_article_without_anything_is_right() -> None:
    drift = reconcile.reconcile("nothing", repair=True)

    assert (drift.causes, drift.expected, drift.stored) == ((), Tally(), Tally())
    assert tallies.read_standing("nothing").rank is None
