"""What the tally worker makes of a batch, whole or broken."""

import random
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.model import ArticleStatus, Gate, Review, ReviewStatus
from chalicelib.rules.ratings import recount
from chalicelib.store import client, items, keys, quarantine, tallies
from chalicelib.store.tallies import Entry
from chalicelib.workers.tally import tally_ratings
from tests import builders, rows
from tests.builders import SLUG
from tests.client import Api
from tests.conftest import Deliver
from tests.event_source import Record
from tests.faults import Faults

pytestmark = pytest.mark.usefixtures("aws")


def count(*records: Record) -> list[str]:
    """Deliver a batch; give the sequence numbers that the worker reports."""
    answer = tally_ratings({"Records": list(records)}, None)
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def submitted(*ratings: int, slug: str = SLUG) -> list[Record]:
    """Give the records of new reviews by different readers, in order."""
    return [
        rows.record(None, rows.review(number, rating, slug=slug), number)
        for number, rating in enumerate(ratings, start=1)
    ]


def edited(old: Review, sequence_number: int, **changes: Any) -> Record:
    new = replace(old, revision=old.revision + 1, **changes)
    return rows.record(old, new, sequence_number)


class TestDelivery:
    def test_reviews_are_counted_by_their_stars(self) -> None:
        reported = count(*submitted(5, 4, 4, 1))

        assert reported == []
        assert rows.numbers_of() == recount([5, 4, 4, 1])
        assert rows.ledger_of()[rows.digest(2)] == Entry(revision=1, contribution=4)

    def test_a_redelivered_batch_counts_once_and_writes_nothing(self) -> None:
        batch = submitted(5, 4, 3)
        count(*batch)

        with Faults(client.dynamodb()) as faults:
            reported = count(*batch)

        assert (reported, faults.calls) == ([], ["BatchGetItem"])
        assert rows.numbers_of() == recount([5, 4, 3])

    def test_an_older_record_that_comes_late_changes_nothing(self) -> None:
        review = rows.review(rating=2)
        count(edited(review, 2, rating=5))

        count(rows.record(None, review, 1))

        assert rows.numbers_of() == recount([5])

    def test_a_withdrawal_before_its_submission_counts_nothing(self) -> None:
        review = rows.review(rating=2)
        count(edited(review, 2, status=ReviewStatus.WITHDRAWN))

        count(rows.record(None, review, 1))

        assert rows.numbers_of() == rows.numbers(withdrawn_2=1)

    @pytest.mark.parametrize("seed", range(4))
    def test_all_records_of_a_review_in_any_order_count_its_last(self, seed: int) -> None:
        history = [rows.review(rating=rating, revision=n) for n, rating in enumerate((1, 4, 2), 1)]
        hidden = replace(history[-1], status=ReviewStatus.PENDING, revision=4)
        back = replace(hidden, status=ReviewStatus.PUBLISHED, revision=5, rating=3)
        every = [None, *history, hidden, back]
        records = [rows.record(*pair, n) for n, pair in enumerate(pairwise(every), 1)]
        mixed = [*random.Random(seed).choices(records, k=8), records[-1]]

        for record in mixed:
            count(record)

        assert rows.numbers_of() == recount([3])

    @pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0), (0, 1, 0, 1, 1)])
    def test_several_records_of_a_review_in_one_batch_are_one(self, order: tuple[int, ...]) -> None:
        review = rows.review(rating=2)
        records = [rows.record(None, review, 1), edited(review, 2, rating=5)]

        reported = count(*(records[position] for position in order))

        assert reported == []
        assert rows.numbers_of() == recount([5 if 1 in order else 2])

    def test_a_review_that_ends_as_it_began_undoes_what_was_counted_between(self) -> None:
        review = rows.review(rating=2)
        published = rows.record(None, review, 1)
        count(published)

        count(published, edited(review, 2, status=ReviewStatus.SPAM))

        assert rows.numbers_of() == rows.numbers(held_2=1)

    def test_two_reviews_that_swap_their_stars_are_both_in_the_ledger(self) -> None:
        one, other = rows.review(1, 2), rows.review(2, 4)
        count(rows.record(None, one, 1), rows.record(None, other, 2))
        before = tallies.read_standing(SLUG).tally

        count(edited(one, 3, rating=4), edited(other, 4, rating=2))

        assert rows.ledger_of() == {one.key.digest: Entry(2, 4), other.key.digest: Entry(2, 2)}
        assert rows.numbers_of() == recount([4, 2])
        assert tallies.read_standing(SLUG).tally.revision == before.revision + 1

    def test_a_removed_review_counts_no_more(self) -> None:
        review = rows.review(revision=3)
        count(rows.record(None, review, 1))

        count(rows.record(review, None, 2))

        assert rows.numbers_of() == recount([])


class TestSize:
    def test_a_batch_of_more_reviews_than_a_transaction_takes_is_counted(self) -> None:
        ratings = [number % 5 + 1 for number in range(199)]

        with Faults(client.dynamodb()) as faults:
            reported = count(*submitted(*ratings))

        assert reported == []
        assert rows.numbers_of() == recount(ratings) == rows.sum_of_ledger()
        assert faults.calls.count("TransactWriteItems") == 3

    def test_a_batch_of_many_articles_is_counted(self) -> None:
        slugs = [f"article-{number}" for number in range(20)]

        reported = count(*(submitted(4, slug=slug)[0] for slug in slugs))

        assert reported == []
        assert [rows.numbers_of(slug) for slug in slugs] == [recount([4])] * 20

    def test_an_empty_batch_makes_no_call(self) -> None:
        with Faults(client.dynamodb()) as faults:
            reported = count()

        assert (reported, faults.calls) == ([], [])

    def test_records_that_ask_nothing_make_no_call(self) -> None:
        review, article = rows.review(), rows.article()
        batch = [
            edited(review, 1, message="Other words"),
            edited(rows.review(2, status=ReviewStatus.PENDING), 2, message="Other words"),
            rows.record_of(None, items.gate_item(SLUG, Gate(is_public=True)), 3),
            rows.record(article, replace(rows.article(2), body_markdown="It closes."), 4),
        ]

        with Faults(client.dynamodb()) as faults:
            reported = count(*batch)

        assert (reported, faults.calls) == ([], [])


class TestQuarantine:
    def test_a_malformed_record_does_not_hold_up_its_batch(self) -> None:
        first, second, third = submitted(5, 4, 3)
        second["dynamodb"]["NewImage"]["rating"] = {"N": "9"}

        reported = count(first, second, third)

        assert reported == []
        assert rows.numbers_of() == recount([5, 3])
        (row,) = quarantine.list_all()
        assert (row["sk"], row["slug"]) == ("2", SLUG)
        assert row["reason"] == "review_from: ValueError"

    def test_a_malformed_record_is_put_aside_once(self) -> None:
        (record,) = submitted(5)
        del record["dynamodb"]["NewImage"]["rating"]
        count(record)

        count(record)

        assert len(quarantine.list_all()) == 1

    def test_a_record_without_an_article_is_put_aside_without_one(self) -> None:
        (record,) = submitted(5)
        record["dynamodb"]["Keys"] = keys.key("A#", "ARTICLE")

        reported = count(record)

        assert reported == []
        assert [(row["sk"], row["slug"]) for row in quarantine.list_all()] == [("1", "")]

    def test_a_record_that_cannot_be_put_aside_is_reported(self) -> None:
        first, second, third = submitted(5, 4, 3)
        del second["dynamodb"]["NewImage"]["status"]

        with Faults(client.dynamodb()) as faults:
            faults.fail(1, "throttle")
            reported = count(first, second, third)

        assert faults.fired == ["PutItem"]
        assert reported == ["2"]
        assert rows.numbers_of() == recount([5])
        assert quarantine.list_all() == []


class TestArticles:
    def test_reviews_of_a_missing_article_are_counted_and_rank_nothing(self) -> None:
        count(*submitted(5))

        standing = tallies.read_standing(SLUG)
        assert (standing.tally.total, standing.placement) == (5, {})

    def test_a_removed_article_leaves_the_best_and_its_tally_stays(self) -> None:
        article = rows.article()
        count(rows.record(None, article, 1), *submitted(4))

        count(rows.record(article, None, 9))

        standing = tallies.read_standing(SLUG)
        assert (standing.tally.total, standing.placement) == (4, {})

    def test_a_retracted_article_keeps_its_tally_for_its_return(
        self, api: Api, published: str, deliver: Deliver
    ) -> None:
        api.post(f"/articles/{published}/reviews", builders.submission(rating=4))
        deliver()
        api.delete(f"/articles/{published}", editor=True, If_Match="*")
        deliver()
        hidden = api.get("/articles?sort=top").body["items"]

        back = {"status": "published"}
        api.patch(f"/articles/{published}", back, editor=True, If_Match="*")
        deliver()

        assert hidden == []
        (found,) = api.get("/articles?sort=top").body["items"]
        assert (found["slug"], found["tally"]["total"]) == (published, 4)

    def test_an_older_revision_of_an_article_that_comes_late_places_nothing(self) -> None:
        article = rows.article()
        retracted = rows.article(2, status=ArticleStatus.RETRACTED)
        count(rows.record(article, retracted, 2))

        count(rows.record(None, article, 1))

        standing = tallies.read_standing(SLUG)
        assert (standing.article_revision, standing.placement) == (2, {})

    def test_several_records_of_an_article_in_one_batch_are_its_newest(self) -> None:
        article, untagged = rows.article(), rows.article(2, tags=(), author=None)

        count(rows.record(article, untagged, 2), rows.record(None, article, 1))

        assert tallies.read_standing(SLUG).placement == tallies.placement(untagged.summary)

    def test_the_order_of_the_best_follows_the_tallies(self, api: Api, deliver: Deliver) -> None:
        for slug in ("lamp", "moth", "quiet"):
            api.put(f"/articles/{slug}", builders.article())
        for slug, rating in (("lamp", 4), ("moth", 2)):
            api.post(f"/articles/{slug}/reviews", builders.submission(rating=rating))
        deliver()
        first = [one["slug"] for one in api.get("/articles?sort=top").body["items"]]
        for name in ("ada", "bob", "cyd"):
            review = builders.submission(rating=5, email=f"{name}@example.com")
            api.post("/articles/moth/reviews", review)

        deliver()

        second = [one["slug"] for one in api.get("/articles?sort=top").body["items"]]
        assert (first, second) == (["lamp", "quiet", "moth"], ["moth", "lamp", "quiet"])


def test_every_stored_number_is_an_integer(api: Api, published: str, deliver: Deliver) -> None:
    for number, rating in enumerate((5, 4, 4)):
        review = builders.submission(rating=rating, email=f"reader-{number}@example.com")
        api.post(f"/articles/{published}/reviews", review)
    deliver()

    stored = boto3.client("dynamodb").scan(TableName=settings.current().derived_table)["Items"]

    numbers = re.findall(r"'N': '([^']*)'", repr(stored))
    assert len(numbers) > 10
    assert [number for number in numbers if not re.fullmatch(r"\d+", number)] == []
