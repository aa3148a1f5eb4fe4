"""What the tally worker reports and keeps when DynamoDB, or another worker, is in its way."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import boto3
import pytest

from chalicelib import settings
from chalicelib.model import ReviewStatus
from chalicelib.rules.ratings import recount
from chalicelib.store import client, keys, tallies
from tests import rows
from tests.builders import SLUG
from tests.event_source import Record
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind
from tests.functional.test_tally import count, edited, submitted

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def faults(aws: None) -> Iterator[Faults]:
    with Faults(client.dynamodb()) as injector:
        yield injector


def interleaved(*slugs: str) -> list[Record]:
    """Give records of new reviews, one after the other, of these articles."""
    return [
        rows.record(None, rows.review(number, slug=slug), number)
        for number, slug in enumerate(slugs, start=1)
    ]


@contextmanager
def a_busy_tally() -> Iterator[None]:
    """Let another worker change the tally right before every transaction."""
    other = boto3.client("dynamodb")
    events = client.dynamodb().meta.events

    def change(**_: object) -> None:
        other.update_item(
            TableName=settings.current().derived_table,
            Key=keys.tally(SLUG),
            UpdateExpression="ADD revision :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    events.register("before-parameter-build.dynamodb.TransactWriteItems", change)
    yield
    events.unregister("before-parameter-build.dynamodb.TransactWriteItems", change)


class TestReports:
    def test_the_first_failing_record_is_reported_and_earlier_ones_stay(
        self, faults: Faults
    ) -> None:
        batch = submitted(5, 4, 3, 2)
        # Together, and then one by one: each reads and commits.
        faults.fail(2, "throttle")
        faults.fail(8, "throttle")

        reported = count(*batch)

        assert faults.fired == ["TransactWriteItems"] * 2
        assert reported == ["3"]
        assert rows.numbers_of() == recount([5, 4]) == rows.sum_of_ledger()

    def test_a_batch_whose_transaction_fails_is_counted_one_by_one(self, faults: Faults) -> None:
        faults.fail(2, "throttle")

        reported = count(*submitted(5, 4, 3))

        assert reported == []
        assert faults.calls.count("TransactWriteItems") == 4
        assert rows.numbers_of() == recount([5, 4, 3])

    def test_nothing_is_counted_of_a_batch_that_cannot_be_looked_up(self, faults: Faults) -> None:
        faults.fail(1, "timeout")

        reported = count(*submitted(5, 4))

        assert (reported, faults.calls) == (["1"], ["BatchGetItem"])

    @pytest.mark.parametrize(
        ("slugs", "expected", "counted"),
        [
            # The first transaction takes all records of the article that is named first.
            (["a", "b", "a", "c"], "2", {"a": 2, "b": 0, "c": 0}),
            (["a", "a", "b", "b"], "3", {"a": 2, "b": 0}),
            (["a", "b", "c", "a"], "2", {"a": 2, "b": 0, "c": 0}),
        ],
    )
    def test_a_failing_article_is_reported_with_its_first_uncounted_record(
        self, faults: Faults, slugs: list[str], expected: str, counted: dict[str, int]
    ) -> None:
        # After article a: b together, then the look-up for b's first record alone.
        faults.fail(3, "throttle", times=2)

        reported = count(*interleaved(*slugs))

        assert faults.fired == ["TransactWriteItems", "BatchGetItem"]
        assert reported == [expected]
        assert {slug: rows.numbers_of(slug).count for slug in counted} == counted

    def test_records_of_another_article_before_the_failed_one_are_reported_first(
        self, faults: Faults
    ) -> None:
        # Article a together; alone: its first record is counted, its second is not.
        faults.fail(2, "throttle")
        faults.fail(6, "throttle")

        reported = count(*interleaved("a", "b", "a"))

        assert faults.fired == ["TransactWriteItems"] * 2
        assert reported == ["2"]
        assert (rows.numbers_of("a").count, rows.numbers_of("b").count) == (1, 0)

    def test_a_place_that_cannot_be_written_is_reported(self, faults: Faults) -> None:
        faults.fail(2, "throttle", times=2)

        reported = count(rows.record(None, rows.article(), 7))

        assert (faults.fired, reported) == (["UpdateItem"] * 2, ["7"])
        assert tallies.read_standing(SLUG).placement == {}


class TestOtherWorkers:
    def test_another_worker_between_look_and_commit_is_counted_too(self, faults: Faults) -> None:
        one, other = submitted(5, 4)
        faults.meanwhile(2, lambda: count(other))

        reported = count(one)

        assert faults.calls.count("TransactWriteItems") == 3
        assert reported == []
        assert rows.numbers_of() == recount([5, 4]) == rows.sum_of_ledger()

    def test_two_workers_with_the_same_record_count_it_once(self, faults: Faults) -> None:
        (record,) = submitted(5)
        faults.meanwhile(2, lambda: count(record))

        reported = count(record)

        assert reported == []
        assert rows.numbers_of() == recount([5])

    def test_a_newer_record_that_another_worker_counts_meanwhile_stays(
        self, faults: Faults
    ) -> None:
        review = rows.review(rating=2)
        faults.meanwhile(2, lambda: count(edited(review, 2, rating=5)))

        count(rows.record(None, review, 1))

        assert rows.numbers_of() == recount([5]) == rows.sum_of_ledger()

    def test_an_older_record_that_another_worker_counts_meanwhile_gives_way(
        self, faults: Faults
    ) -> None:
        review = rows.review(rating=2)
        faults.meanwhile(2, lambda: count(rows.record(None, review, 1)))

        count(edited(review, 2, rating=5), *submitted(1, 1)[1:])

        assert rows.numbers_of() == recount([5, 1]) == rows.sum_of_ledger()

    def test_a_swap_that_another_worker_makes_meanwhile_is_noticed(self, faults: Faults) -> None:
        one, other = rows.review(1, 2), rows.review(2, 4)
        count(rows.record(None, one, 1), rows.record(None, other, 2))
        swap = [edited(one, 3, rating=4), edited(other, 4, rating=2)]
        withdrawn = replace(one, revision=3, status=ReviewStatus.WITHDRAWN)
        faults.meanwhile(2, lambda: count(*swap))

        count(rows.record(one, withdrawn, 5))

        assert rows.numbers_of() == rows.numbers(2, withdrawn_2=1) == rows.sum_of_ledger()

    def test_a_tally_that_never_holds_still_is_reported(self) -> None:
        with a_busy_tally():
            reported = count(*submitted(5, 4))

        assert reported == ["1"]
        assert rows.numbers_of() == recount([]) == rows.sum_of_ledger()

    def test_a_conflict_is_tried_again(self, faults: Faults) -> None:
        faults.fail(2, "conflict", times=2)

        reported = count(*submitted(5, 4))

        assert reported == []
        assert faults.calls == ["BatchGetItem", *["TransactWriteItems"] * 3]
        assert rows.numbers_of() == recount([5, 4])


@pytest.mark.parametrize("kind", [*UNCOMMITTED, *COMMITTED])
def test_a_batch_that_fails_at_any_call_is_right_after_redelivery(
    faults: Faults, kind: Kind
) -> None:
    # Looked up, counted, placed; and where it goes on one by one.
    for number, calls in enumerate([(1,), (2,), (3,), (2, 4), (2, 6)]):
        slug = f"article-{number}"
        review = rows.review(3, 1, slug=slug)
        hidden = replace(review, revision=2, status=ReviewStatus.SPAM)
        batch = [
            *submitted(5, 4, slug=slug),
            rows.record(None, review, 3),
            rows.record(review, hidden, 4),
            rows.record(None, rows.article(slug=slug), 5),
        ]
        for call in calls:
            faults.fail(call, kind)
        count(*batch)
        faults.clear()
        assert rows.numbers_of(slug) == rows.sum_of_ledger(slug)

        reported = count(*batch)

        assert reported == []
        assert rows.numbers_of(slug) == rows.numbers(5, 4, held_1=1) == rows.sum_of_ledger(slug)
        assert tallies.read_standing(slug).placement
    assert len(faults.fired) >= 3 - (kind == "conflict")
