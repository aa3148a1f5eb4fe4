"""An erased review leaves an anonymous tombstone, and the tally takes it back once."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.errors import ReviewNotFoundError, StaleRevisionError, UnavailableError
from chalicelib.model import Outcome, ReviewStatus
from chalicelib.store import client, keys, reviews
from chalicelib.store.attributes import Item, pack
from chalicelib.store.tallies import Entry
from tests import builders, rows
from tests.actions import (
    DECISIONS,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    report,
    results_of,
    stored,
    submit,
    vote,
    withdraw,
)
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

AT = datetime(2026, 3, 15, 9, tzinfo=UTC)
WISH = Outcome.WITHDRAWN
KEPT = {
    *("pk", "sk", "id", "revision", "status", "answered_status", "rating", "submitted_at"),
    *("changed_at", "helpful", "rating_order", "helpful_order", "outcome"),
    *("name", "message", "fingerprint", "idempotency"),
}
EMPTY = {"S": ""}


def erase(review: dict[str, Any], revision: int | None = None, **changes: Any) -> bool:
    """Erase a review as it is now, or at the revision that was seen."""
    found = stored(review)
    return reviews.erase(
        builders.SLUG, found.key, found.id, revision or found.revision, WISH, AT, **changes
    )


def row_of(review: dict[str, Any]) -> Item:
    found = client.get(
        settings.current().content_table, keys.review(builders.SLUG, stored(review).key)
    )
    assert found is not None
    return found


def reply(api: Api, review: dict[str, Any]) -> int:
    path = f"/editor{REVIEWS}/{review['id']}/reply"
    return api.put(path, {"message": "Thank you, Grace."}, editor=True).status


def assert_is_blank(row: Item) -> None:
    assert set(row) == KEPT
    assert row["status"] == {"S": "erased"}
    assert all(row[name] == EMPTY for name in ("name", "message", "fingerprint", "idempotency"))


@pytest.mark.parametrize("ended", ["publish", "reject", "spam", "withdraw"])
def test_a_tombstone_holds_nothing_of_a_reader_whatever_it_was(api: Api, ended: str) -> None:
    review = submit(api, key="a-key-of-the-reader").body
    assert edit(api, review, message="Clear, kind and short.").status == 200
    assert reply(api, review) == 200
    assert vote(api, review).status == 200
    assert report(api, review).status == 204
    if ended == "withdraw":
        assert withdraw(api, review).status == 204
    else:
        note = {"slug": builders.SLUG, "id": review["id"], "decision": ended, "note": "Grace's"}
        assert api.post(DECISIONS, {"decisions": [note]}, editor=True).status == 200
    before = stored(review)

    assert erase(review)

    assert_is_blank(row_of(review))
    after = stored(review)
    assert (after.key, after.id, after.rating) == (before.key, before.id, before.rating)
    assert after.submitted_at == before.submitted_at
    assert (after.revision, after.changed_at) == (before.revision + 1, AT)
    assert reviews.find_reader(review["id"]) is None


@pytest.mark.parametrize(
    ("before", "at_the_wish_of_its_reader", "without_it"),
    [
        (["publish"], "withdrawn", "removed"),
        (["publish", "withdraw"], "withdrawn", "withdrawn"),
        (["reject"], "removed", "removed"),
        (["spam"], "removed", "removed"),
        (["spam", "reject"], "removed", "removed"),
        (["reject", "withdraw"], "removed", "removed"),
        (["spam", "withdraw"], "removed", "removed"),
        (["reject", "publish"], "withdrawn", "removed"),
        (["reject", "publish", "withdraw"], "withdrawn", "withdrawn"),
        (["trap"], "withdrawn", "removed"),
        (["trap", "edit"], "withdrawn", "removed"),
        (["trap", "withdraw"], "withdrawn", "withdrawn"),
        (["trap", "spam"], "removed", "removed"),
        (["trap", "publish"], "withdrawn", "removed"),
    ],
)
def test_a_tombstone_says_who_ended_the_review(
    api: Api, before: list[str], at_the_wish_of_its_reader: str, without_it: str
) -> None:
    for who, wish, outcome in (
        ("ada@example.com", Outcome.WITHDRAWN, at_the_wish_of_its_reader),
        ("grace@example.com", Outcome.REMOVED, without_it),
    ):
        review = submit(api, email=who, website="x" if "trap" in before else "").body
        for step in before:
            if step == "withdraw":
                withdraw(api, review)
            elif step == "edit":
                edit(api, review, rating=1)
            elif step != "trap":
                decide(api, (review, step))
        found = stored(review)

        reviews.erase(builders.SLUG, found.key, found.id, found.revision, wish, AT)

        assert row_of(review)["outcome"] == {"S": outcome}


def test_a_review_that_is_open_has_no_outcome(api: Api) -> None:
    review = submit(api).body
    decide(api, (review, "reject"))
    refused = stored(review).outcome

    decide(api, (review, "publish"))

    assert (refused, stored(review).outcome) == (Outcome.REMOVED, None)
    assert "outcome" not in row_of(review)


def test_a_change_that_an_editor_accepts_opens_its_review_again(api: Api) -> None:
    review = submit(api).body
    proposal = submit(api, message="On second thought.", rating=2).body
    decide(api, (review, "reject"), (proposal, "reject"))

    decide(api, (proposal, "publish"))

    assert [stored(one).outcome for one in (review, proposal)] == [None, Outcome.PUBLISHED]


def test_a_proposal_is_erased_alone(api: Api) -> None:
    review = submit(api).body
    proposal = submit(api, message="On second thought.", rating=2).body

    assert erase(proposal)

    assert_is_blank(row_of(proposal))
    assert queued(api) == []
    assert [one["id"] for one in listed(api)] == [review["id"]]


def test_spam_that_would_forget_itself_stays_as_a_tombstone(api: Api) -> None:
    review = submit(api).body
    spam = replace(stored(review), status=ReviewStatus.SPAM, expires_at=1_800_000_000)
    rows.put(spam)

    assert erase(review)

    assert_is_blank(row_of(review))
    assert queued(api, "spam") == []


def test_nobody_is_shown_an_erased_review_or_may_act_on_it(api: Api) -> None:
    review = submit(api).body
    assert report(api, review).status == 204

    assert erase(review)

    assert all(not listed(api, sort) for sort in ("newest", "oldest", "highest", "helpful"))
    assert all(not queued(api, status) for status in ("pending", "spam", "reported"))
    assert results_of(decide(api, (review, "publish"))) == ["review_not_found"]
    answers = (
        edit(api, review, rating=1).status,
        withdraw(api, review).status,
        vote(api, review).status,
        report(api, review).status,
        reply(api, review),
    )
    assert answers == (404,) * 5
    assert_is_blank(row_of(review))


def test_the_tally_takes_it_back_once(api: Api, deliver: Deliver) -> None:
    review = submit(api).body
    submit(api, email="ada@example.com", rating=2)
    deliver()

    assert erase(review)
    carried = deliver()
    again = rows.counted_of()

    assert len(carried) == 1
    assert (again.tally.count, again.tally.total) == (1, 2)
    assert again.ledger[stored(review).key.digest] == Entry(2, 0, (("withdrawn_5", 1),))
    assert rows.numbers_of() == rows.sum_of_ledger() == rows.recount_of()
    assert not erase(review)
    assert deliver() == []


def test_a_second_erasure_changes_nothing_and_costs_one_call(api: Api) -> None:
    review = submit(api).body
    with Meter() as meter:
        assert erase(review, 1)
    before = row_of(review)

    assert meter.operations.count("UpdateItem") == 1
    assert not erase(review, 1)
    assert not erase(review)
    assert row_of(review) == before


def test_a_review_that_was_changed_since_is_not_erased(api: Api) -> None:
    review = submit(api).body
    edit(api, review, rating=3)
    before = row_of(review)

    with pytest.raises(StaleRevisionError):
        erase(review, 1)

    assert row_of(review) == before


def test_only_the_review_that_was_seen_is_erased(api: Api) -> None:
    review = submit(api).body
    found, absent = stored(review), rows.review(99)

    with pytest.raises(ReviewNotFoundError):
        reviews.erase(builders.SLUG, absent.key, absent.id, 1, WISH, AT)
    with pytest.raises(ReviewNotFoundError):
        reviews.erase(builders.SLUG, found.key, absent.id, 1, WISH, AT)

    assert stored(review) == found


def test_what_stands_beside_it_is_written_with_it_alone(api: Api) -> None:
    review = submit(api).body
    receipt = {"pk": "ERASURES", "sk": "1"}
    table = settings.current().content_table
    put: Any = {"Put": {"TableName": table, "Item": pack(receipt)}}

    with pytest.raises(StaleRevisionError):
        erase(review, 7, beside=[put])
    assert client.get(table, keys.key("ERASURES", "1")) is None
    assert erase(review, beside=[put])

    assert client.get(table, keys.key("ERASURES", "1")) is not None
    rows.delete(keys.key("ERASURES", "1"))
    assert not erase(review, beside=[put])
    assert client.get(table, keys.key("ERASURES", "1")) is None


def test_an_erasure_whose_answer_was_lost_may_be_repeated(api: Api) -> None:
    review = submit(api).body
    found = stored(review)
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, "lost_answer")
        with pytest.raises(UnavailableError):
            reviews.erase(builders.SLUG, found.key, found.id, found.revision, WISH, AT)

    assert not reviews.erase(builders.SLUG, found.key, found.id, found.revision, WISH, AT)
    assert_is_blank(row_of(review))


def test_whoever_writes_again_begins_anew_and_is_counted_once(api: Api, deliver: Deliver) -> None:
    review = submit(api, key="one").body
    assert erase(review)

    answer = submit(api, key="one")
    deliver()

    assert answer.status == 201
    assert answer.body["id"] != review["id"]
    assert stored(answer.body).revision == 3
    assert reviews.find_reader(answer.body["id"]) == stored(answer.body).reader
    assert rows.numbers_of().count == 1
    with pytest.raises(ReviewNotFoundError):
        reviews.erase(builders.SLUG, stored(answer.body).key, review["id"], 1, WISH, AT)
