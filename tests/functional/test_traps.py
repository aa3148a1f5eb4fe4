"""Honeypot and form token: machines are answered as people are, and what they sent is spam."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.guard import forms
from chalicelib.model import ReviewStatus, now
from tests.actions import ARTICLE, decide, edit, listed, queued, stored, submit
from tests.builders import SLUG
from tests.client import Answer, Api
from tests.conftest import Deliver

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
MONTH = 30 * 86400


def shape(answer: Answer) -> object:
    """Give all of an answer but what is random in every answer."""
    body = {name: type(value) for name, value in answer.body.items() if name != "status"}
    return answer.status, sorted(answer.headers), body, answer.body["status"]


def form_token(seconds_ago: int, slug: str = SLUG) -> str:
    return forms.issue(slug, now() - timedelta(seconds=seconds_ago))


def in_spam(api: Api) -> list[str]:
    return [one["id"] for one in api.get("/editor/reviews?status=spam", editor=True).body["items"]]


@pytest.mark.parametrize("moderation", ["publish_first", "approve_first"])
@pytest.mark.parametrize("trap", ["honeypot", "form_too_fast"])
def test_a_machine_is_answered_as_a_person_and_stored_as_spam(
    api: Api, setting: Setting, moderation: str, trap: str
) -> None:
    setting(MODERATION=moderation)
    caught = {
        "honeypot": {"website": "https://spam.example"},
        "form_too_fast": {"form_token": form_token(2)},
    }

    person = submit(api, email="person@example.com")
    machine = submit(api, **caught[trap])

    assert shape(machine) == shape(person)
    review = stored(machine.body)
    assert (review.status, review.reasons) == (ReviewStatus.SPAM, (trap,))
    assert [one["id"] for one in listed(api)] == (
        [person.body["id"]] if moderation == "publish_first" else []
    )


def test_spam_forgets_itself_after_a_month(api: Api) -> None:
    review = stored(submit(api, website="x").body)

    assert review.expires_at == int(review.submitted_at.timestamp()) + MONTH
    assert stored(submit(api, email="person@example.com").body).expires_at is None


@pytest.mark.parametrize(("kept", "days"), [("7d", 7), ("365d", 365), ("off", None)])
def test_spam_forgets_itself_when_the_setting_says(
    api: Api, setting: Setting, kept: str, days: int | None
) -> None:
    setting(RETENTION=f"spam={kept}")

    review = stored(submit(api, website="x").body)

    submitted_at = int(review.submitted_at.timestamp())
    assert review.expires_at == (days and submitted_at + days * 86400)
    assert review.status is ReviewStatus.SPAM


def test_spam_that_was_looked_at_or_edited_stays(api: Api) -> None:
    decided, edited = (submit(api, website="x", email=f"{who}@example.com").body for who in "ab")

    decide(api, (decided, "publish"))
    edit(api, edited, rating=1)

    assert stored(decided).expires_at is None
    assert stored(edited).expires_at is None


def test_spam_in_place_of_a_withdrawn_review_stays(api: Api) -> None:
    first = submit(api).body
    api.delete(f"{ARTICLE}/reviews/{first['id']}", token=first["manage_token"])

    again = submit(api, message="Buy.", website="x").body

    assert stored(again).revision > 1
    assert stored(again).expires_at is None


def test_the_key_of_forgotten_spam_counts_again(api: Api, deliver: Deliver) -> None:
    from chalicelib import settings
    from chalicelib.store import client, keys

    spam = stored(submit(api, website="x").body)
    deliver()
    client.dynamodb().delete_item(
        TableName=settings.current().content_table, Key=keys.review(SLUG, spam.key)
    )
    deliver()

    submit(api)
    deliver()

    assert api.get(f"{ARTICLE}/tally").body["count"] == 1


def test_editors_look_through_spam_and_publish_what_is_none(api: Api) -> None:
    spam = submit(api, website="x").body
    waiting = submit(api, email="other@example.com", rating=1).body

    assert in_spam(api) == [spam["id"]]
    assert queued(api) == []
    decide(api, (spam, "publish"), (waiting, "spam"))

    assert in_spam(api) == [waiting["id"]]
    assert [one["id"] for one in listed(api)] == [spam["id"]]


def test_the_queue_says_why(api: Api) -> None:
    submit(api, website="x")

    (spam,) = api.get("/editor/reviews?status=spam", editor=True).body["items"]

    assert (spam["status"], spam["reasons"]) == ("spam", ["honeypot"])


@pytest.mark.parametrize("website", [None, ""])
def test_an_empty_honeypot_is_no_trap(api: Api, website: str | None) -> None:
    assert stored(submit(api, website=website).body).reasons == ()


@pytest.mark.parametrize("token", [None, ""])
def test_a_front_end_need_not_send_the_token(api: Api, token: str | None) -> None:
    assert stored(submit(api, form_token=token).body).reasons == ()


def test_the_form_gives_a_token_that_a_slow_person_sends_back(api: Api) -> None:
    answer = api.get(f"{ARTICLE}/form")

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    at_once = submit(api, form_token=answer.body["form_token"]).body
    assert stored(at_once).reasons == ("form_too_fast",)
    later = submit(api, email="other@example.com", form_token=form_token(3)).body
    assert stored(later).reasons == ()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "x" * 512,
        pytest.param(None, id="of another article"),
    ],
)
def test_a_token_that_is_not_of_this_form_is_for_an_editor(api: Api, token: str | None) -> None:
    answer = submit(api, form_token=token or form_token(60, "another"))

    assert (answer.status, answer.body["status"]) == (201, "pending")
    assert [one["reasons"] for one in queued(api)] == [["form_invalid"]]


def test_a_form_token_opens_nothing_else(api: Api) -> None:
    token = api.get(f"{ARTICLE}/form").body["form_token"]
    review = submit(api).body

    assert api.get(f"{ARTICLE}/reviews?cursor={token}").status == 400
    assert api.patch(f"{ARTICLE}/reviews/{review['id']}", {"rating": 1}, token=token).status == 401


def test_a_slug_that_no_article_can_have_has_no_form(api: Api) -> None:
    assert api.get("/articles/No_Slug/form").code == "article_not_found"
