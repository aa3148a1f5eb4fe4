"""Editing and withdrawing a review with its manage token."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.model import ReviewStatus
from chalicelib.store import client
from tests import builders
from tests.actions import ARTICLE, REVIEWS, decide, edit, listed, queued, stored, submit, withdraw
from tests.client import EDITOR_KEY, Api
from tests.conftest import Deliver
from tests.faults import Faults

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"name": "Zoe\u0308"}, {"name": "Zo\u00eb"}),
        ({"message": "One\r\nmore."}, {"message": "One\nmore."}),
        ({"rating": 1}, {"rating": 1}),
        (
            {"name": "G.", "message": "M.", "rating": 3},
            {"name": "G.", "message": "M.", "rating": 3},
        ),
    ],
    ids=["name", "message", "rating", "all"],
)
def test_an_edit_changes_the_fields_that_it_names(
    api: Api, changes: dict[str, Any], kept: dict[str, Any]
) -> None:
    review = submit(api).body

    answer = edit(api, review, **changes)

    edited_at = answer.body["edited_at"]
    assert (answer.status, edited_at is None) == (200, False)
    assert answer.body == builders.without(review, "manage_token") | kept | {"edited_at": edited_at}
    assert listed(api) == [builders.without(answer.body, "status")]


def test_the_same_edit_again_changes_nothing(api: Api) -> None:
    review = submit(api).body
    first = edit(api, review, rating=1, message="Less kind.")
    before = stored(review)

    again = edit(api, review, rating=1, message="Less kind.")

    assert again == first
    assert stored(review) == before


def test_an_edit_to_what_is_already_there_is_no_edit(api: Api) -> None:
    review = submit(api).body

    answer = edit(api, review, rating=review["rating"], name=review["name"])

    assert (answer.status, answer.body["edited_at"]) == (200, None)
    assert stored(review).revision == 1


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"": "nothing_to_change"}),
        ({"email": "new@example.com"}, {"": "unknown_field"}),
        ({"status": "published", "rating": 2}, {"": "unknown_field"}),
        ({"rating": "5"}, {"/rating": "rating_out_of_range"}),
        ({"rating": None}, {"/rating": "rating_required"}),
        (
            {"name": "\u200b", "message": "a\u202eb", "rating": 6},
            {
                "/name": "name_required",
                "/message": "message_invalid",
                "/rating": "rating_out_of_range",
            },
        ),
    ],
)
def test_an_edit_keeps_the_rules_of_a_submission(
    api: Api, body: dict[str, Any], codes: dict[str, str]
) -> None:
    review = submit(api).body

    answer = edit(api, review, **body)

    assert (answer.status, answer.codes) == (422, codes)
    assert stored(review).revision == 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize(
    "credential",
    [
        None,
        "",
        "x",
        EDITOR_KEY,
        "{cut}",
        "{token}A",
        "{token}=",
        "{swapped}",
        "{tail}",
        "é{token}",
        "{token}{token}{token}{token}{token}{token}",
    ],
)
def test_without_the_genuine_token_nothing_is_managed(
    api: Api, method: str, credential: str | None
) -> None:
    review = submit(api).body
    token = review["manage_token"]
    spoiled = credential and credential.format(
        token=token, cut=token[:-1], swapped=token.swapcase(), tail=token[1:]
    )

    answer = api.request(method, f"{REVIEWS}/{review['id']}", {"rating": 9}, token=spoiled)

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="plaudit"'
    assert stored(review).revision == 1


def test_a_cursor_is_no_token(api: Api) -> None:
    review = submit(api).body
    submit(api, email="alan@example.com")
    cursor = api.get(f"{REVIEWS}?limit=1").body["next_cursor"]

    assert edit(api, review | {"manage_token": cursor}, rating=1).status == 401


@pytest.mark.parametrize("manage", [withdraw, lambda api, review: edit(api, review, rating=1)])
def test_the_token_of_one_review_does_not_manage_another(
    api: Api, manage: Callable[[Api, dict[str, Any]], Any]
) -> None:
    review = submit(api).body
    other = submit(api, email="alan@example.com").body
    proposal = submit(api, message="On second thought.").body

    answers = [
        manage(api, target | {"manage_token": holder["manage_token"]})
        for target, holder in [
            (review, other),
            (other, review),
            (review, proposal),
            (proposal, review),
        ]
    ]

    assert [(answer.status, answer.code) for answer in answers] == [(403, "forbidden")] * 4
    assert {stored(one).revision for one in (review, other, proposal)} == {1}


def test_a_token_manages_nothing_of_another_article(api: Api) -> None:
    review = submit(api).body
    api.put("/articles/second-light", builders.article())

    answer = api.delete(
        f"/articles/second-light/reviews/{review['id']}", token=review["manage_token"]
    )

    assert (answer.status, answer.code) == (403, "forbidden")
    assert len(listed(api)) == 1


def test_a_token_outlives_the_secret_that_signed_it_while_that_is_in_force(
    api: Api, setting: Setting
) -> None:
    review = submit(api).body

    setting(SIGNING_SECRETS=f"{'n' * 32},{'s' * 32}")
    rotated = edit(api, review, rating=4)
    setting(SIGNING_SECRETS="n" * 32)
    dropped = edit(api, review, rating=3)

    assert (rotated.status, dropped.status) == (200, 401)


def test_a_proposals_token_edits_and_withdraws_the_proposal(api: Api) -> None:
    review = submit(api).body
    proposal = submit(api, message="On second thought.", rating=2).body

    edited = edit(api, proposal, rating=3)
    waiting = queued(api)
    withdrawn = withdraw(api, proposal)

    assert (edited.status, edited.body["status"], withdrawn.status) == (200, "published", 204)
    assert [(one["id"], one["rating"]) for one in waiting] == [(proposal["id"], 3)]
    assert queued(api) == []
    assert stored(review).revision == 1


def test_a_withdrawn_review_is_forgotten_and_neither_listed_nor_counted(
    api: Api, deliver: Deliver
) -> None:
    review = submit(api).body
    api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "Thank you."})
    deliver()

    answer = withdraw(api, review)
    deliver()

    assert (answer.status, answer.text) == (204, "")
    row = stored(review)
    assert (row.status, row.name, row.message, row.reply) == (ReviewStatus.WITHDRAWN, "", "", None)
    assert listed(api) == []
    assert api.get(f"{ARTICLE}/tally").body["count"] == 0


def test_a_withdrawal_again_changes_nothing(api: Api) -> None:
    review = submit(api).body
    withdraw(api, review)

    again = withdraw(api, review)

    assert again.status == 204
    assert stored(review).revision == 2


def test_a_withdrawn_review_cannot_be_edited(api: Api) -> None:
    review = submit(api).body
    withdraw(api, review)

    answer = edit(api, review, message="Back.")

    assert (answer.status, answer.code) == (404, "review_not_found")
    assert stored(review).message == ""


def test_a_reader_withdraws_from_a_retracted_article(api: Api) -> None:
    review = submit(api).body
    api.delete(ARTICLE, editor=True, If_Match="*")

    assert withdraw(api, review).status == 204


def test_under_approve_first_an_edited_review_waits_again(
    api: Api, deliver: Deliver, setting: Setting
) -> None:
    review = submit(api).body
    deliver()
    setting(MODERATION="approve_first")

    answer = edit(api, review, message="Swapped.")
    deliver()

    assert (answer.status, answer.body["status"]) == (200, "pending")
    assert [one["message"] for one in queued(api)] == ["Swapped."]
    assert listed(api) == []
    assert api.get(f"{ARTICLE}/tally").body["count"] == 0


@pytest.mark.parametrize(
    ("decision", "told"), [("publish", "published"), ("reject", "rejected"), ("spam", "published")]
)
def test_an_edit_overrules_no_decision(api: Api, decision: str, told: str) -> None:
    review = submit(api).body
    decide(api, (review, decision))
    decided = stored(review).status

    answer = edit(api, review, message="Once more.")

    assert (answer.status, answer.body["status"]) == (200, told)
    assert stored(review).status is decided


def test_an_edit_overrules_no_decision_that_comes_between(api: Api) -> None:
    review = submit(api).body

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(1, lambda: decide(api, (review, "reject")))
        edit(api, review, message="Swapped.")

    assert stored(review).status is ReviewStatus.REJECTED
    assert listed(api) == []


def test_a_new_rating_moves_the_review_in_the_orders_and_the_tally(
    api: Api, deliver: Deliver
) -> None:
    best = submit(api, rating=5).body
    middle = submit(api, email="alan@example.com", rating=3).body
    deliver()

    edit(api, best, rating=1)
    deliver()

    highest = [review["id"] for review in listed(api, "highest")]
    assert highest == [middle["id"], best["id"]]
    assert [review["id"] for review in listed(api, "lowest")] == highest[::-1]
    tally = api.get(f"{ARTICLE}/tally").body
    assert (tally["count"], tally["total"], tally["average"]) == (2, 4, 2.0)
    assert tally["histogram"] == {"1": 1, "2": 0, "3": 1, "4": 0, "5": 0}
