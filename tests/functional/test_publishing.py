"""An article, its gate and its listing rows change together, before any stream is delivered."""

from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.store import client
from tests import builders
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import UNCOMMITTED, Faults, Kind

ARTICLE = f"/articles/{builders.SLUG}"
GONE = (410, "article_retracted", None)
DRAFT = builders.without(builders.article(), "status", "published_at")
LISTS = ["", "?tag=astronomy", "?author=Ada+Byron", "?tag=astronomy&author=Ada+Byron"]


def patch(api: Api, **changes: Any) -> Answer:
    return api.patch(ARTICLE, changes, editor=True, If_Match="*")


def retract(api: Api) -> Answer:
    return api.delete(ARTICLE, editor=True, If_Match="*")


def unlisted(api: Api) -> list[tuple[str, str]]:
    items = api.get("/editor/articles", editor=True).body["items"]
    return [(one["slug"], one["status"]) for one in items]


def lists_that_show_it(api: Api, query: str = "") -> list[str]:
    """Give the sort orders under which the list shows the article."""
    joint = "&" if query else "?"
    answers = {sort: api.get(f"/articles{query}{joint}sort={sort}") for sort in ("newest", "top")}
    return [sort for sort, answer in answers.items() if answer.body["items"]]


def rows() -> list[Any]:
    dynamodb = boto3.client("dynamodb")
    tables = settings.current().content_table, settings.current().derived_table
    return [dynamodb.scan(TableName=table)["Items"] for table in tables]


def test_a_new_article_without_a_status_is_a_draft(api: Api) -> None:
    answer = api.put(ARTICLE, DRAFT)

    assert (answer.status, answer.body["status"]) == (201, "draft")
    assert answer.body["published_at"] is None
    assert api.get(ARTICLE).code == "article_not_found"
    assert unlisted(api) == [(builders.SLUG, "draft")]


def test_a_draft_can_be_changed(api: Api) -> None:
    etag = api.put(ARTICLE, DRAFT).headers["etag"]

    answer = api.patch(ARTICLE, {"title": "Later"}, editor=True, If_Match=etag)

    assert (answer.status, answer.body["title"], answer.body["status"]) == (200, "Later", "draft")
    assert unlisted(api) == [(builders.SLUG, "draft")]


def test_publishing_a_draft_dates_it(api: Api) -> None:
    api.put(ARTICLE, DRAFT)

    answer = patch(api, status="published")

    assert answer.body["published_at"] == answer.body["updated_at"]
    assert api.get(ARTICLE).headers["etag"] == answer.headers["etag"]
    assert unlisted(api) == []


def test_a_retracted_article_is_gone_for_the_public(
    api: Api, published: str, deliver: Deliver
) -> None:
    deliver()

    answer = retract(api)

    assert (answer.status, answer.text) == (204, "")
    assert unlisted(api) == [(builders.SLUG, "retracted")]
    assert [lists_that_show_it(api, query) for query in LISTS] == [[]] * len(LISTS)
    paths = ["", "/tally", *(f"/reviews?sort={sort}" for sort in REVIEW_SORTS)]
    for path in paths:
        answer = api.get(ARTICLE + path)
        assert (answer.status, answer.code, answer.body["reason"]) == GONE
    posted = api.post(f"{ARTICLE}/reviews", builders.submission())
    assert (posted.status, posted.code, posted.body["reason"]) == GONE


REVIEW_SORTS = ("newest", "oldest", "highest", "lowest", "helpful")


def test_an_article_that_comes_back_has_its_date_its_reviews_and_its_tally(
    api: Api, published: str, deliver: Deliver
) -> None:
    api.post(f"{ARTICLE}/reviews", builders.submission())
    deliver()
    before, reviews = api.get(ARTICLE).body, api.get(f"{ARTICLE}/reviews").body
    retract(api)

    back = patch(api, status="published")

    assert (back.status, back.body["revision"]) == (200, 3)
    updated = {"revision": 3, "updated_at": back.body["updated_at"]}
    assert api.get(ARTICLE).body == before | updated
    assert api.get(f"{ARTICLE}/reviews").body == reviews
    assert api.post(f"{ARTICLE}/reviews", builders.submission(email="b@example.com")).status == 201
    assert (unlisted(api), lists_that_show_it(api)) == ([], ["newest", "top"])


def test_a_put_without_a_status_publishes_nothing(api: Api, published: str) -> None:
    retract(api)

    answer = api.put(ARTICLE, DRAFT, If_Match="*")

    assert (answer.status, answer.body["status"]) == (200, "retracted")
    assert api.get(ARTICLE).status == 410


def test_a_published_article_may_become_a_draft_again(api: Api, published: str) -> None:
    answer = patch(api, status="draft")

    assert (answer.status, answer.body["status"]) == (200, "draft")
    assert (api.get(ARTICLE).status, lists_that_show_it(api)) == (404, [])
    assert unlisted(api) == [(builders.SLUG, "draft")]


@pytest.mark.parametrize(
    ("changes", "old", "new"),
    [
        ({"tags": ["optics"]}, "?tag=astronomy", "?tag=optics"),
        ({"author": "Grace Hopper"}, "?author=Ada+Byron", "?author=Grace+Hopper"),
        ({"author": None}, "?author=Ada+Byron", "?tag=astronomy"),
        (
            {"tags": ["optics"], "author": "Grace Hopper"},
            "?tag=astronomy&author=Ada+Byron",
            "?tag=optics&author=Grace+Hopper",
        ),
    ],
)
def test_a_change_moves_an_article_from_list_to_list(
    api: Api, published: str, deliver: Deliver, changes: dict[str, Any], old: str, new: str
) -> None:
    deliver()

    patch(api, **changes)

    assert (lists_that_show_it(api, old), "newest" in lists_that_show_it(api, new)) == ([], True)
    deliver()
    assert lists_that_show_it(api, new) == ["newest", "top"]


@pytest.mark.parametrize("query", LISTS)
def test_a_new_date_moves_an_article_within_its_lists(api: Api, published: str, query: str) -> None:
    api.put("/articles/other", builders.article(published_at="2026-03-15T08:00:00Z"))

    patch(api, published_at="2026-03-16T08:00:00Z")

    items = api.get(f"/articles{query}").body["items"]
    assert [(one["slug"], one["published_at"]) for one in items] == [
        (builders.SLUG, "2026-03-16T08:00:00Z"),
        ("other", "2026-03-15T08:00:00Z"),
    ]


@pytest.mark.parametrize("query", LISTS)
def test_every_list_shows_the_newest_words(api: Api, published: str, query: str) -> None:
    patch(api, title="Second light")

    (item,) = api.get(f"/articles{query}").body["items"]

    assert item == builders.without(
        api.get(ARTICLE).body, "body_markdown", "body_html", "reviews_frozen_at", "related"
    )


@pytest.mark.parametrize("kind", UNCOMMITTED)
def test_a_write_that_failed_changed_nothing(api: Api, published: str, kind: Kind) -> None:
    before = rows()
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, kind, times=6)

        answer = patch(api, status="draft", tags=["optics"], author=None)

    assert (answer.status, faults.fired[0]) == (503, "TransactWriteItems")
    assert rows() == before
