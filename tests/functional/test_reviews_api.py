"""Submitting a review: the answer, what the public sees of it, and what cannot be reviewed."""

import pytest

from chalicelib import settings
from chalicelib.store import client, keys, reviews
from tests import builders
from tests.client import Api
from tests.conftest import Deliver

REVIEWS = f"/articles/{builders.SLUG}/reviews"


def test_a_submission_is_answered_with_the_review_and_its_token(api: Api, published: str) -> None:
    answer = api.post(REVIEWS, builders.submission(rating=4))

    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"{REVIEWS}/{answer.body['id']}"
    given = builders.without(answer.body, "id", "submitted_at", "manage_token")
    assert given == {
        "name": "Grace",
        "message": "Clear and kind.",
        "rating": 4,
        "edited_at": None,
        "reply": None,
        "status": "published",
    }
    assert isinstance(answer.body["manage_token"], str)


def test_the_public_sees_these_fields_of_a_review_and_no_others(api: Api, published: str) -> None:
    submitted = api.post(REVIEWS, builders.submission()).body

    listed = api.get(REVIEWS).body["items"]

    assert listed == [builders.without(submitted, "status", "manage_token")]
    assert list(listed[0]) == [
        "id",
        "name",
        "message",
        "rating",
        "submitted_at",
        "edited_at",
        "reply",
    ]


@pytest.mark.parametrize(
    "spelling",
    ["Mary@Example.COM", "MARY@example.com", " mary@example.com", "mary@EXAMPLE.com"],
)
def test_a_reader_is_one_whatever_the_case_of_the_address(
    api: Api, published: str, spelling: str
) -> None:
    first = api.post(REVIEWS, builders.submission(email="mary@example.com"))

    again = api.post(REVIEWS, builders.submission(email=spelling))

    assert again.body["id"] == first.body["id"]
    assert len(api.get(REVIEWS).body["items"]) == 1


def test_an_article_that_does_not_exist_cannot_be_reviewed(api: Api) -> None:
    answer = api.post("/articles/no-such-thing/reviews", builders.submission())

    assert (answer.status, answer.code) == (404, "article_not_found")


def test_a_draft_cannot_be_reviewed(api: Api) -> None:
    api.put("/articles/a-draft", builders.article(status="draft"))

    answer = api.post("/articles/a-draft/reviews", builders.submission())

    assert (answer.status, answer.code) == (404, "article_not_found")


def test_a_retracted_article_cannot_be_reviewed(api: Api, published: str) -> None:
    api.delete(f"/articles/{published}", editor=True, If_Match="*")

    answer = api.post(REVIEWS, builders.submission())

    assert (answer.status, answer.code) == (404, "article_not_found")


def test_a_filled_honeypot_is_answered_as_if_it_were_empty(api: Api, published: str) -> None:
    honest = api.post(REVIEWS, builders.submission())

    caught = api.post(
        REVIEWS, builders.submission(email="bot@example.com", website="https://spam.example")
    )

    assert (caught.status, caught.headers.keys()) == (honest.status, honest.headers.keys())
    differing = ("id", "submitted_at", "manage_token")
    assert builders.without(caught.body, *differing) == builders.without(honest.body, *differing)
    assert len(caught.body["manage_token"]) == len(honest.body["manage_token"])


def test_spam_of_the_honeypot_is_stored_and_neither_listed_nor_counted_nor_queued(
    api: Api, published: str, deliver: Deliver
) -> None:
    caught = api.post(REVIEWS, builders.submission(website="https://spam.example")).body["id"]
    deliver()

    key = reviews.find_key(published, caught)
    assert key is not None
    stored = client.get(settings.current().content_table, keys.review(published, key))
    assert stored is not None
    assert stored["status"] == {"S": "spam"}
    assert api.get(REVIEWS).body["items"] == []
    assert api.get(f"/articles/{published}/tally").body["count"] == 0
    assert api.get("/editor/reviews", editor=True).body["items"] == []


@pytest.mark.parametrize("website", ["", None])
def test_an_empty_honeypot_is_no_spam(api: Api, published: str, website: str | None) -> None:
    api.post(REVIEWS, builders.submission(website=website))

    assert len(api.get(REVIEWS).body["items"]) == 1
