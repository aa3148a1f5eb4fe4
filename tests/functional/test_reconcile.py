"""What the reconciler finds wrong with a tally, and puts right."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from chalicelib import settings
from chalicelib.model import Article, ArticleStatus, Review, ReviewStatus, now
from chalicelib.rules.ratings import recount
from chalicelib.store import attributes, client, items, keys, quarantine, tallies
from chalicelib.store.tallies import Entry
from chalicelib.workers import reconcile
from chalicelib.workers.tally import tally_ratings
from tests import builders, rows
from tests.builders import SLUG
from tests.client import Api
from tests.conftest import Deliver

LOST: Final = "a write to a review was not counted"
ALTERED: Final = "a ledger entry is ahead of its review or was altered"
ALONE: Final = "a ledger entry has no readable review"
SUM: Final = "the tally is not the sum of its ledger"
RANK: Final = "the rank is not that of the tally"
MISSING: Final = "the article is missing among the best"
HIDDEN: Final = "the article stands among the best and is not public"
PLACE: Final = "the article's place among the best is out of date"
AHEAD: Final = "the article's place among the best is ahead of it"

FIRST = keys.ledger(SLUG, rows.digest(1))
TALLY = keys.tally(SLUG)


@pytest.fixture(autouse=True)
def _three_counted_reviews(aws: None) -> None:
    """Store a public article with reviews of 5, 4 and 1 stars, and count them."""
    stored: list[Review | Article] = [
        rows.article(),
        rows.review(1, 5),
        rows.review(2, 4),
        rows.review(3, 1),
    ]
    rows.put(*stored)
    count(*(rows.record(None, row, number) for number, row in enumerate(stored, start=1)))


def count(*records: dict[str, Any]) -> None:
    assert tally_ratings({"Records": list(records)}, None) == {"batchItemFailures": []}


def alter(key: keys.Key, **changes: Any) -> None:
    """Change a derived row behind the worker's back; None takes an attribute out."""
    table = settings.current().derived_table
    plain = attributes.unpack(client.get(table, key) or key) | changes
    client.write({"Put": {"TableName": table, "Item": attributes.pack(plain)}})


def drop(key: keys.Key) -> None:
    client.write({"Delete": {"TableName": settings.current().derived_table, "Key": key}})


def set_back(**later: Any) -> None:
    """Count a later write to the first review, of which content then knows nothing."""
    count(rows.record(rows.review(1, 5), rows.review(1, **later), 9))


def causes() -> tuple[str, ...]:
    return reconcile.reconcile(SLUG, repair=False).causes


DAMAGES: dict[str, tuple[Callable[[], object], tuple[str, ...]]] = {
    "lost submission": (lambda: rows.put(rows.review(4, 3)), (LOST,)),
    "lost submissions": (
        lambda: rows.put(rows.review(4, 3), rows.review(5, 3)),
        (f"{LOST} (2 times)",),
    ),
    "lost edit": (lambda: rows.put(rows.review(1, 2, revision=2)), (LOST,)),
    "lost withdrawal": (
        lambda: rows.put(rows.review(1, revision=4, status=ReviewStatus.WITHDRAWN)),
        (LOST,),
    ),
    "lost removal": (lambda: rows.delete(keys.review(SLUG, rows.review(1).key)), (ALONE,)),
    "altered entry": (lambda: alter(FIRST, contribution=2), (ALTERED, SUM)),
    "dropped entry": (lambda: drop(FIRST), (LOST, SUM)),
    "content set back": (lambda: set_back(rating=2, revision=3), (ALTERED,)),
    "content set back to the same stars": (
        lambda: alter(FIRST, revision=3),
        (ALTERED,),
    ),
    "altered count": (lambda: alter(TALLY, count=7), (SUM,)),
    "altered total": (lambda: alter(TALLY, total=-5), (SUM,)),
    "altered stars": (lambda: alter(TALLY, stars_3=1), (SUM,)),
    "dropped tally": (lambda: drop(TALLY), (SUM, MISSING)),
    "stale rank": (lambda: alter(TALLY, rank=keys.rank(4_999_999, SLUG)), (RANK,)),
    "lost publication": (
        lambda: alter(
            TALLY, ranked_in=None, listing=None, tags=None, author=None, article_revision=None
        ),
        (MISSING,),
    ),
    "article set back": (
        lambda: alter(
            TALLY, ranked_in=None, listing=None, tags=None, author=None, article_revision=8
        ),
        (MISSING,),
    ),
    "lost retraction": (
        lambda: rows.put(rows.article(2, status=ArticleStatus.RETRACTED)),
        (HIDDEN,),
    ),
    "lost change of tags": (lambda: rows.put(rows.article(2, tags=("printing",))), (PLACE,)),
    "lost change of author": (lambda: rows.put(rows.article(2, author=None)), (PLACE,)),
    "removed article": (lambda: rows.delete(keys.article(SLUG)), (HIDDEN,)),
    "place of an article that was set back": (
        lambda: tallies.place(SLUG, rows.article().summary, 5, 0),
        (AHEAD,),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_is_named_and_left_alone(damage: str) -> None:
    inflict, expected = DAMAGES[damage]
    inflict()
    before = tallies.read_standing(SLUG), rows.ledger_of()

    drift = reconcile.reconcile(SLUG, repair=False)

    assert drift.causes == expected
    assert drift.expected == rows.recount_of()
    assert (tallies.read_standing(SLUG), rows.ledger_of()) == before


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_is_put_right(damage: str) -> None:
    inflict, expected = DAMAGES[damage]
    inflict()

    drift = reconcile.reconcile(SLUG, repair=True)

    assert drift.causes == expected
    assert rows.numbers_of() == rows.recount_of() == rows.sum_of_ledger()
    assert causes() == ()


def test_what_is_right_is_left_alone() -> None:
    before = tallies.read_standing(SLUG), rows.ledger_of()

    drift = reconcile.reconcile(SLUG, repair=True)

    assert (drift.slug, drift.causes) == (SLUG, ())
    assert drift.expected == recount([5, 4, 1]) == rows.numbers_of()
    assert (tallies.read_standing(SLUG), rows.ledger_of()) == before


class TestLateRecords:
    def test_a_lost_record_that_comes_after_the_repair_changes_nothing(self) -> None:
        edited = rows.review(1, 2, revision=2)
        rows.put(edited)
        reconcile.reconcile(SLUG, repair=True)

        count(rows.record(rows.review(1, 5), edited, 9), rows.record(None, rows.review(1, 5), 1))

        assert rows.numbers_of() == recount([2, 4, 1])

    def test_an_older_record_than_an_uncounted_revision_changes_nothing(self) -> None:
        edited = rows.review(1, 2, revision=2)
        back = rows.review(1, 5, revision=3)
        rows.put(back)
        reconcile.reconcile(SLUG, repair=True)

        count(rows.record(rows.review(1, 5), edited, 9))

        assert rows.ledger_of()[back.key.digest] == Entry(3, 5)
        assert rows.numbers_of() == recount([5, 4, 1])

    def test_writes_after_a_backup_was_restored_are_counted(self) -> None:
        set_back(rating=5, revision=7)
        alter(FIRST, revision=7)
        reconcile.reconcile(SLUG, repair=True)

        count(rows.record(rows.review(1, 5), rows.review(1, 3, revision=2), 10))

        assert rows.numbers_of() == recount([3, 4, 1])

    def test_changes_after_an_article_was_set_back_are_placed(self) -> None:
        DAMAGES["article set back"][0]()
        reconcile.reconcile(SLUG, repair=True)
        untagged = rows.article(2, tags=())

        count(rows.record(rows.article(), untagged, 10))

        assert tallies.read_standing(SLUG).placement == tallies.placement(untagged.summary)


class TestGrace:
    def test_a_write_that_may_be_on_its_way_is_not_lost(self) -> None:
        rows.put(rows.review(4, 3, changed_at=now()))

        drift = reconcile.reconcile(SLUG, repair=True, grace=timedelta(minutes=15))

        assert drift.causes == ()
        assert rows.numbers_of() == recount([5, 4, 1])

    def test_an_article_that_was_changed_a_moment_ago_is_not_out_of_place(self) -> None:
        rows.put(rows.article(2, status=ArticleStatus.RETRACTED, updated_at=now()))

        drift = reconcile.reconcile(SLUG, repair=True, grace=timedelta(minutes=15))

        assert drift.causes == ()
        assert tallies.read_standing(SLUG).placement

    def test_older_writes_are_lost_all_the_same(self) -> None:
        rows.put(rows.review(4, 3, changed_at=now()))
        rows.put(rows.review(5, 2, changed_at=now() - timedelta(minutes=16)))

        reconcile.reconcile(SLUG, repair=True, grace=timedelta(minutes=15))

        assert rows.numbers_of() == recount([5, 4, 1, 2])


class TestMalformedRows:
    def test_a_review_that_cannot_be_read_is_named_and_does_not_hide_the_others(self) -> None:
        broken = items.review_item(rows.review(4, 3)) | {"rating": {"N": "9"}}
        rows.put(broken, rows.review(5, 2))

        drift = reconcile.reconcile(SLUG, repair=True)

        assert drift.causes == ("a review cannot be read (review_from: ValueError)", LOST)
        assert rows.numbers_of() == recount([5, 4, 1, 2])

    def test_an_article_that_cannot_be_read_keeps_its_place(self) -> None:
        rows.put(items.article_item(rows.article()) | {"title": {"N": "1"}}, rows.review(4, 3))

        drift = reconcile.reconcile(SLUG, repair=True)

        assert drift.causes == (LOST, "the article cannot be read (article_from: TypeError)")
        assert rows.numbers_of() == recount([5, 4, 1, 3])
        assert tallies.read_standing(SLUG).placement


class TestQuarantine:
    def test_a_record_is_released_once_its_rows_can_be_read(self) -> None:
        broken = items.review_item(rows.review(4, 3)) | {"rating": {"N": "9"}}
        rows.put(broken)
        count(rows.record_of(None, broken, 44))
        kept = reconcile.release_settled()
        rows.put(rows.review(4, 3, revision=2))

        left = reconcile.release_settled()

        assert (kept, left) == (1, 0)
        assert quarantine.list_all() == []

    def test_a_record_of_an_article_that_cannot_be_read_is_kept(self) -> None:
        broken = items.article_item(rows.article(2)) | {"tags": {"S": "astronomy"}}
        rows.put(broken)
        count(rows.record_of(items.article_item(rows.article()), broken, 44))

        assert reconcile.release_settled() == 1

    def test_a_record_of_an_unknown_article_is_kept(self) -> None:
        count(rows.record_of(None, items.review_item(rows.review()) | {"pk": {"S": "A#"}}, 44))

        assert reconcile.release_settled() == 1


# docs.aws.amazon.com/eventbridge/latest/ref/event-ref-schedule.html


def test_the_worker_repairs_every_article_and_tells_how_many(
    api: Api, deliver: Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    for slug in ("lamp", "moth", "quiet"):
        api.put(f"/articles/{slug}", builders.article())
    api.delete("/articles/quiet", editor=True, If_Match="*")
    deliver()
    rows.put(rows.review(1, 4, slug="moth"))
    rows.put(items.review_item(rows.review(2, 4, slug="quiet")) | {"rating": {"N": "9"}})
    count(rows.record_of(None, items.review_item(rows.review(2, slug="quiet")) | {"id": {}}, 44))

    summary = reconcile.reconcile_tallies(builders.SCHEDULED, None)

    assert summary == {"articles": 3, "drifted": 2, "quarantine": 1}
    assert rows.numbers_of("moth") == recount([4])
    told = [(record.getMessage(), getattr(record, "fields", {})) for record in caplog.records]
    assert ("drift", {"slug": "moth", "causes": LOST}) in told
    assert told[-1] == ("reconciled", summary)


def test_the_manuals_call_of_the_lambda_is_one_that_it_takes() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    (payload,) = re.findall(r"--payload '(.+)'", manual)

    summary = reconcile.reconcile_tallies(json.loads(payload), None)

    assert summary["articles"] == 0
