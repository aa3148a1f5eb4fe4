"""Submitting a review: the answer, what the public sees of it, and what cannot be reviewed."""

import pytest

from chalicelib.model import ReviewStatus
from tests import builders
from tests.actions import ARTICLE, REVIEWS, listed, queued, stored, submit
from tests.client import Api
from tests.conftest import Deliver


def test_a_submission_is_answered_with_the_review_and_its_token(api: Api, published: str) -> None:
    answer = submit(api, rating=4)

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
        "helpful": 0,
        "status": "published",
    }
    assert isinstance(answer.body["manage_token"], str)


def test_the_public_sees_these_fields_of_a_review_and_no_others(api: Api, published: str) -> None:
    submitted = submit(api).body

    (seen,) = listed(api)

    assert seen == builders.without(submitted, "status", "manage_token")
    assert list(seen) == [
        "id",
        "name",
        "message",
        "rating",
        "submitted_at",
        "edited_at",
        "reply",
        "helpful",
    ]


@pytest.mark.parametrize("spelling", ["Mary@Example.COM", " mary@example.com "])
def test_a_reader_is_one_whatever_the_case_of_the_address(
    api: Api, published: str, spelling: str
) -> None:
    first = submit(api, email="mary@example.com")

    again = submit(api, email=spelling)

    assert again.body["id"] == first.body["id"]
    assert len(listed(api)) == 1


def test_an_article_that_does_not_exist_cannot_be_reviewed(api: Api) -> None:
    answer = api.post("/articles/no-such-thing/reviews", builders.submission())

    assert (answer.status, answer.code) == (404, "article_not_found")


def test_a_draft_cannot_be_reviewed(api: Api) -> None:
    api.put("/articles/a-draft", builders.article(status="draft"))

    answer = api.post("/articles/a-draft/reviews", builders.submission())

    assert (answer.status, answer.code) == (404, "article_not_found")


def test_a_retracted_article_cannot_be_reviewed(api: Api, published: str) -> None:
    api.delete(f"/articles/{published}", editor=True, If_Match="*")

    answer = submit(api)

    assert (answer.status, answer.code) == (410, "article_retracted")


def test_a_filled_honeypot_is_answered_as_if_it_were_empty(api: Api, published: str) -> None:
    honest = submit(api)

    caught = submit(api, email="bot@example.com", website="https://spam.example")

    assert (caught.status, caught.headers.keys()) == (honest.status, honest.headers.keys())
    differing = ("id", "submitted_at", "manage_token")
    assert builders.without(caught.body, *differing) == builders.without(honest.body, *differing)
    assert len(caught.body["manage_token"]) == len(honest.body["manage_token"])


def test_spam_of_the_honeypot_is_stored_and_neither_listed_nor_counted_nor_queued(
    api: Api, published: str, deliver: Deliver
) -> None:
    caught = submit(api, website="https://spam.example").body
    deliver()

    assert stored(caught).status is ReviewStatus.SPAM
    assert listed(api) == []
    assert queued(api) == []
    assert api.get(f"{ARTICLE}/tally").body["count"] == 0


@pytest.mark.parametrize("website", ["", None])
def test_an_empty_honeypot_is_no_spam(api: Api, published: str, website: str | None) -> None:
    submit(api, website=website)

    assert len(listed(api)) == 1
