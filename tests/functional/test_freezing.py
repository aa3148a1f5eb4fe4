"""An article's reviews are frozen, at once or after days, and thawed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.guard import intake
from chalicelib.model import now, rfc3339
from chalicelib.store import client
from tests import builders
from tests.actions import edit, submit, withdraw
from tests.client import Answer, Api
from tests.faults import Faults

ARTICLE = f"/articles/{builders.SLUG}"
FREEZE = f"/editor{ARTICLE}/freeze"
GUARDS = pytest.mark.parametrize("limits", ["off", "network=9/1h"])


def freeze(api: Api, days: Any = 0) -> Answer:
    return api.put(FREEZE, {"after_days": days})


@GUARDS
def test_it_takes_no_more_reviews_at_once(
    api: Api, published: str, setting: Callable[..., None], limits: str
) -> None:
    setting(LIMITS=limits)
    known = submit(api).body

    frozen = freeze(api)

    assert (frozen.status, frozen.body["revision"]) == (200, 2)
    assert api.get(ARTICLE).body["reviews_frozen_at"] == frozen.body["reviews_frozen_at"]
    refused = submit(api, email="late@example.com")
    assert (refused.status, refused.code) == (409, "reviews_frozen")
    assert edit(api, known, rating=2).status == 200
    assert withdraw(api, known).status == 204


@GUARDS
def test_after_days_it_takes_no_more(
    api: Api,
    published: str,
    setting: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    limits: str,
) -> None:
    setting(LIMITS=limits)
    frozen = freeze(api, 7).body
    assert frozen["reviews_frozen_at"][:10] == rfc3339(now() + timedelta(days=7))[:10]
    assert submit(api).status == 201

    monkeypatch.setattr("chalicelib.api.reviews.now", lambda: now() + timedelta(days=8))
    monkeypatch.setattr(intake, "now", lambda: now() + timedelta(days=8))

    assert submit(api, email="late@example.com").code == "reviews_frozen"


def test_it_thaws(api: Api, published: str) -> None:
    freeze(api)

    answer = api.delete(FREEZE, editor=True)

    assert (answer.status, answer.text) == (204, "")
    assert api.get(ARTICLE).body["reviews_frozen_at"] is None
    assert submit(api).status == 201


def test_once_more_changes_nothing(api: Api, published: str) -> None:
    first = freeze(api).body
    second = freeze(api).body
    api.delete(FREEZE, editor=True)
    api.delete(FREEZE, editor=True)

    assert second == first
    assert api.get(ARTICLE).body["revision"] == 3


def test_a_submission_on_its_way_meets_the_frozen_gate(
    api: Api, published: str, setting: Callable[..., None]
) -> None:
    setting(LIMITS="network=9/1h")
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(3, lambda: freeze(api))

        answer = submit(api)

    assert (answer.status, answer.code) == (409, "reviews_frozen")
    assert api.get(f"{ARTICLE}/reviews").body["items"] == []


def test_an_edit_of_the_article_and_the_freezing_both_take_place(api: Api, published: str) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(
            2,
            lambda: api.patch(ARTICLE, {"title": "Two"}, editor=True, If_Match="*"),
        )
        frozen = freeze(api)

    read = api.get(ARTICLE).body
    assert (frozen.status, read["title"], read["revision"]) == (200, "Two", 3)
    assert read["reviews_frozen_at"] is not None


def test_who_never_gets_his_turn_may_try_again(api: Api, published: str) -> None:
    with Faults(client.dynamodb()) as faults:

        def change(number: int) -> Callable[[], object]:
            title = {"title": f"Title {number}"}
            return lambda: api.patch(ARTICLE, title, editor=True, If_Match="*")

        # Each attempt is one write after the first read; each change of the other's is three.
        for number in range(6):
            faults.meanwhile(2 + 4 * number, change(number))
        answer = freeze(api)

    assert (answer.status, answer.code) == (503, "unavailable")


@pytest.mark.parametrize("days", [-1, 3651, "7", 1.5, True])
def test_days_are_a_number_from_0_to_ten_years(api: Api, published: str, days: Any) -> None:
    assert freeze(api, days).codes == {"/after_days": "after_days_invalid"}


def test_an_article_that_is_not_there_cannot_be_frozen(api: Api) -> None:
    assert freeze(api).code == "article_not_found"
    assert api.delete(FREEZE, editor=True).code == "article_not_found"


def test_a_reason_is_told_to_whoever_asks(api: Api, published: str) -> None:
    change = {"status": "retracted", "retraction_reason": "It was wrong."}
    api.patch(ARTICLE, change, editor=True, If_Match="*")

    answer = api.get(ARTICLE)

    assert (answer.status, answer.body["reason"]) == (410, "It was wrong.")
    again = api.patch(ARTICLE, {"retraction_reason": "All wrong."}, editor=True, If_Match="*").body
    assert again["retraction"]["reason"] == "All wrong."
    assert submit(api).body["reason"] == "All wrong."


@pytest.mark.parametrize("status", ["published", "draft"])
def test_a_reason_wants_a_retraction(api: Api, published: str, status: str) -> None:
    change = {"status": status, "retraction_reason": "It was wrong."}

    answer = api.patch(ARTICLE, change, editor=True, If_Match="*")

    assert answer.codes == {"/retraction_reason": "retraction_reason_invalid"}


def test_of_what_was_never_public_nobody_hears(api: Api) -> None:
    api.put(ARTICLE, builders.article(status="draft"))

    change = {"status": "retracted", "retraction_reason": "It was wrong."}
    answer = api.patch(ARTICLE, change, editor=True, If_Match="*")

    assert (answer.status, answer.body["retraction"]) == (200, None)
    assert api.get(ARTICLE).code == "article_not_found"
