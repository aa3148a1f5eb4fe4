"""The same reader again: repetitions, second thoughts as proposals, and coming back."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import ReviewStatus
from chalicelib.store import client, keys
from tests import builders
from tests.actions import (
    ARTICLE,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    stored,
    submit,
    withdraw,
)
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults

pytestmark = pytest.mark.usefixtures("published")


def second_thought(api: Api, key: str | None = None, **changes: Any) -> Answer:
    return submit(api, key, **{"message": "On second thought.", "rating": 2, **changes})


@pytest.mark.parametrize(
    ("first_key", "second_key"),
    [(None, None), ("key-1", None), (None, "key-1"), ("key-1", "key-2"), ("key-1", "KEY-1")],
)
def test_the_same_submission_again_is_answered_alike_without_its_token(
    api: Api, first_key: str | None, second_key: str | None
) -> None:
    first = submit(api, first_key)

    again = submit(api, second_key)

    token = json.dumps(first.body["manage_token"])
    assert again == replace(first, text=first.text.replace(token, "null"))


def test_the_same_submission_with_its_key_shows_the_token_again(api: Api) -> None:
    first = submit(api, "key-1")

    again = submit(api, "key-1")

    assert again == first


def test_the_same_submission_again_changes_nothing(api: Api) -> None:
    first = submit(api, "key-1").body
    before = stored(first)

    submit(api, "key-1")

    assert stored(first) == before
    assert len(listed(api)) == 1
    assert queued(api) == []


def test_a_key_does_not_make_two_submissions_the_same(api: Api) -> None:
    first = submit(api, "key-1")

    second = second_thought(api, "key-1")

    assert (second.status, second.body["rating"]) == (201, 2)
    assert second.body["id"] != first.body["id"]


@pytest.mark.parametrize("key", ["two words", "\x7f", "ключ", "k" * 256], ids=ascii)
def test_a_malformed_idempotency_key_is_refused(api: Api, key: str) -> None:
    answer = submit(api, key)

    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("key", ["k" * 255, '"0191-quoted"', "!~"])
def test_keys_of_visible_characters_are_taken(api: Api, key: str) -> None:
    assert submit(api, key).status == 201


def test_an_answer_to_a_repetition_is_that_of_the_submission_whatever_came_after(api: Api) -> None:
    first = submit(api, "key-1")
    edit(api, first.body, message="Edited.", rating=1)
    decide(api, (first.body, "reject"))

    again = submit(api, "key-1")

    assert again == first


def test_a_second_submission_is_answered_like_a_first(api: Api) -> None:
    other = second_thought(api, email="alan@example.com")
    submit(api)

    second = second_thought(api)

    assert (second.status, second.headers.keys()) == (other.status, other.headers.keys())
    assert second.headers["location"] == f"{REVIEWS}/{second.body['id']}"
    differing = ("id", "manage_token", "submitted_at")
    assert list(second.body) == list(other.body)
    assert builders.without(second.body, *differing) == builders.without(other.body, *differing)
    assert len(second.body["manage_token"]) == len(other.body["manage_token"])


def test_a_second_submission_leaves_the_first_as_it_is(api: Api, deliver: Deliver) -> None:
    first = submit(api).body
    before = stored(first)

    second = second_thought(api).body
    deliver()

    assert stored(first) == before
    assert [review["id"] for review in listed(api)] == [first["id"]]
    assert api.get(f"{ARTICLE}/tally").body["histogram"]["5"] == 1
    assert api.get(f"{ARTICLE}/tally").body["count"] == 1
    assert second["id"] != first["id"]


def test_second_and_third_submissions_wait_as_proposals_for_the_first(api: Api) -> None:
    first = submit(api).body
    second = second_thought(api).body
    third = second_thought(api, rating=3).body

    waiting = queued(api)

    assert [(one["id"], one["proposed_for"]) for one in waiting] == [
        (second["id"], first["id"]),
        (third["id"], first["id"]),
    ]
    assert (waiting[0]["message"], waiting[0]["rating"]) == ("On second thought.", 2)


@pytest.mark.parametrize(("key", "shows_token"), [("key-2", True), ("key-1", False), (None, False)])
def test_the_same_proposal_again_is_the_same_proposal(
    api: Api, key: str | None, shows_token: bool
) -> None:
    submit(api, "key-1")
    proposal = second_thought(api, "key-2")

    again = second_thought(api, key)

    token = proposal.body["manage_token"] if shows_token else None
    assert again.body == proposal.body | {"manage_token": token}
    assert len(queued(api)) == 1


def test_spam_of_a_second_submission_waits_for_nobody(api: Api) -> None:
    submit(api)

    caught = second_thought(api, website="https://spam.example")

    assert (caught.status, caught.body["status"]) == (201, "published")
    assert stored(caught.body).status is ReviewStatus.SPAM
    assert queued(api) == []


def test_a_reader_may_come_back_after_a_withdrawal(api: Api, deliver: Deliver) -> None:
    first = submit(api).body
    withdraw(api, first)
    deliver()

    back = second_thought(api).body
    deliver()

    assert back["id"] != first["id"]
    assert [review["id"] for review in listed(api)] == [back["id"]]
    assert queued(api) == []
    tally = api.get(f"{ARTICLE}/tally").body
    assert (tally["count"], tally["total"]) == (1, 2)


def test_a_revision_goes_on_over_a_withdrawal(api: Api) -> None:
    withdraw(api, submit(api).body)

    back = second_thought(api).body

    assert stored(back).revision == 3


def test_the_token_of_a_withdrawn_review_does_not_manage_its_successor(api: Api) -> None:
    first = submit(api).body
    withdraw(api, first)
    back = second_thought(api).body

    answers = (
        edit(api, first, rating=1),
        withdraw(api, first),
        edit(api, back | {"manage_token": first["manage_token"]}),
    )

    assert [one.code for one in answers] == ["review_not_found", "review_not_found", "forbidden"]
    assert stored(back).rating == 2


@pytest.mark.parametrize("key", [None, "key-2"])
def test_a_withdrawn_review_may_be_written_again_in_the_same_words(
    api: Api, key: str | None
) -> None:
    first = submit(api, "key-1").body
    withdraw(api, first)

    back = submit(api, key).body

    assert back["id"] != first["id"]
    assert back["manage_token"] is not None
    assert [review["id"] for review in listed(api)] == [back["id"]]


def test_a_late_copy_of_a_withdrawn_submission_brings_nothing_back(api: Api) -> None:
    first = submit(api, "key-1")
    withdraw(api, first.body)

    late = submit(api, "key-1")

    assert late == first
    assert stored(first.body).status is ReviewStatus.WITHDRAWN
    assert listed(api) == []


def test_a_withdrawn_proposal_may_be_made_again(api: Api) -> None:
    submit(api)
    proposal = second_thought(api).body
    withdraw(api, proposal)

    again = second_thought(api).body

    assert again["id"] != proposal["id"]
    assert [one["id"] for one in queued(api)] == [again["id"]]


def test_two_readers_are_two_reviews(api: Api, deliver: Deliver) -> None:
    submit(api)
    submit(api, email="alan@example.com")
    deliver()

    assert len(listed(api)) == 2
    assert api.get(f"{ARTICLE}/tally").body["count"] == 2


def test_of_two_first_submissions_at_once_one_becomes_a_proposal(api: Api) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(1, lambda: submit(api))
        late = second_thought(api)

    assert late.status == 201
    assert [review["rating"] for review in listed(api)] == [5]
    assert [review["id"] for review in queued(api)] == [late.body["id"]]


def test_of_two_readers_coming_back_at_once_one_becomes_a_proposal(api: Api) -> None:
    withdraw(api, submit(api).body)
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: submit(api, rating=4))
        late = second_thought(api)

    assert late.status == 201
    assert [review["rating"] for review in listed(api)] == [4]
    assert [review["id"] for review in queued(api)] == [late.body["id"]]


def test_under_approve_first_everything_is_pending(
    api: Api, deliver: Deliver, setting: Callable[..., None]
) -> None:
    setting(MODERATION="approve_first")

    first, second = submit(api).body, second_thought(api).body
    deliver()

    assert (first["status"], second["status"]) == ("pending", "pending")
    assert listed(api) == []
    assert api.get(f"{ARTICLE}/tally").body["count"] == 0
    assert [(one["id"], one["proposed_for"]) for one in queued(api)] == [
        (first["id"], None),
        (second["id"], first["id"]),
    ]


def test_a_repetition_is_told_the_status_of_its_time(
    api: Api, setting: Callable[..., None]
) -> None:
    setting(MODERATION="approve_first")
    first = submit(api, "key-1")
    setting(MODERATION="publish_first")

    again = submit(api, "key-1")

    assert again == first
    assert again.body["status"] == "pending"


def test_a_review_that_vanishes_while_another_takes_its_place_is_tried_again(api: Api) -> None:
    """As when an operator restores a table: nothing is stored in place of what is not there."""
    review = submit(api).body
    withdraw(api, review)
    row = keys.review(builders.SLUG, stored(review).key)
    table = settings.current().content_table

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: client.dynamodb().delete_item(TableName=table, Key=row))
        answer = submit(api, message="Back again.")
    again = submit(api, message="Back again.")

    assert (answer.status, again.status) == (503, 201)
    assert [one["message"] for one in listed(api)] == ["Back again."]
