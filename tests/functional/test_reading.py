"""What anyone may read: its words, its numbers, and what caches and browsers are told of it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.api import openapi
from tests import builders, library
from tests.client import Api

ARTICLE, UNREVIEWED = f"/articles/{builders.SLUG}", "/articles/unreviewed"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
EVERY_GET = [
    (path.format(slug=builders.SLUG, id=UNKNOWN, revision=1), contract)
    for path, method, _, contract in openapi.routes_of(app)
    if method == "GET"
]
UNCACHED = {"/health", "/links", f"{ARTICLE}/form"}
CACHED = [path for path, contract in EVERY_GET if not contract.security and path not in UNCACHED]
PRIVATE = [path for path, _ in EVERY_GET if path not in CACHED]
BY_SORT = [
    "/articles?sort=top",
    *(
        f"{ARTICLE}/reviews?sort={sort}"
        for sort in ("newest", "oldest", "highest", "lowest", "helpful")
    ),
]
NO_REVIEWS = {
    "count": 0,
    "average": None,
    "total": 0,
    "histogram": {"1": 0, "2": 0, "3": 0, "4": 0, "5": 0},
    "as_of": None,
    "revision": 0,
}


@pytest.fixture(scope="module")
def shelf() -> Iterator[Api]:
    """A client of an app with an article that has three reviews, and one that has none."""
    with library.opened() as api:
        api.put(ARTICLE, builders.article())
        api.put(UNREVIEWED, builders.article())
        for name, rating in (("a", 5), ("b", 4), ("c", 4)):
            body = builders.submission(email=f"{name}@example.com", rating=rating)
            api.post(f"{ARTICLE}/reviews", body)
        library.count()
        yield api


def test_the_paths_are_those_of_the_design() -> None:
    assert {*CACHED} >= {"/articles", ARTICLE, f"{ARTICLE}/reviews", f"{ARTICLE}/tally"}
    assert {*PRIVATE} == UNCACHED | {
        "/editor/articles",
        "/editor/reviews",
        "/editor/blocks",
        "/editor/notifications",
        f"/editor/articles/{builders.SLUG}/reviews/{UNKNOWN}/reports",
        f"/editor/articles/{builders.SLUG}/reviews/{UNKNOWN}/decisions",
        f"/editor/articles/{builders.SLUG}/decisions",
        f"/editor/articles/{builders.SLUG}/revisions",
        f"/editor/articles/{builders.SLUG}/revisions/1",
    }


def test_an_article_has_its_text_and_its_html(shelf: Api) -> None:
    body = shelf.get(ARTICLE).body

    assert body["body_markdown"] == "The dome *opens*."
    assert body["body_html"] == "<p>The dome <em>opens</em>.</p>\n"
    assert "status" not in body


def test_a_tally_adds_up(shelf: Api) -> None:
    tally = shelf.get(f"{ARTICLE}/tally").body

    assert (tally["count"], tally["average"], tally["total"]) == (3, 4.33, 13)
    assert tally["histogram"] == {"1": 0, "2": 0, "3": 0, "4": 2, "5": 1}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", tally["as_of"])
    assert tally == shelf.get(ARTICLE).body["tally"]


def test_an_article_without_reviews_says_so(shelf: Api) -> None:
    listed = {one["slug"]: one["tally"] for one in shelf.get("/articles").body["items"]}

    assert shelf.get(UNREVIEWED).body["tally"] == NO_REVIEWS
    assert shelf.get(f"{UNREVIEWED}/tally").body == NO_REVIEWS
    assert listed["unreviewed"] == NO_REVIEWS


@pytest.mark.parametrize("sort", ["newest", "oldest", "highest", "lowest", "helpful"])
def test_an_article_without_reviews_has_an_empty_list(shelf: Api, sort: str) -> None:
    answer = shelf.get(f"{UNREVIEWED}/reviews?sort={sort}")

    assert (answer.status, answer.body) == (200, {"items": [], "next_cursor": None})


def test_a_review_is_shown_with_its_public_fields(shelf: Api) -> None:
    for item in shelf.get(f"{ARTICLE}/reviews").body["items"]:
        shown = builders.without(item, "id", "rating", "submitted_at")
        assert shown == {
            "name": "Grace",
            "message": "Clear and kind.",
            "edited_at": None,
            "reply": None,
            "helpful": 0,
        }
        assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", item["id"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["", "/reviews", "/tally", "/reviews?sort=lowest"])
@pytest.mark.parametrize("slug", ["missing", "first-light%20", "x" * 5000])
def test_what_is_no_article_is_not_found(shelf: Api, method: str, path: str, slug: str) -> None:
    answer = shelf.request(method, f"/articles/{slug}{path}")

    assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")
    assert method == "HEAD" or answer.code == "article_not_found"


@pytest.mark.parametrize("path", [*CACHED, *BY_SORT])
def test_what_anyone_may_read_may_be_cached_and_asked_for_again(shelf: Api, path: str) -> None:
    answer = shelf.get(path)

    assert re.fullmatch(r'"[0-9a-f-]+"', answer.headers["etag"])
    assert answer.headers["cache-control"] == (
        "public, max-age=0, s-maxage=30, stale-while-revalidate=60"
    )
    assert shelf.get(path) == answer


@pytest.mark.parametrize("path", PRIVATE)
@pytest.mark.parametrize("if_none_match", [None, "*"])
def test_what_is_private_is_never_kept(shelf: Api, path: str, if_none_match: str | None) -> None:
    headers: dict[str, Any] = {} if if_none_match is None else {"If_None_Match": if_none_match}

    answer = shelf.get(path, editor=True, **headers)

    assert (answer.status, answer.headers["cache-control"]) == (
        404 if UNKNOWN in path else 200,
        "no-store",
    )
    assert "etag" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "spelling"),
    [
        *((method, path, "{}") for method in ("GET", "HEAD") for path in (*CACHED, *BY_SORT)),
        *(
            ("GET", ARTICLE, one)
            for one in ("W/{}", '"x", {}', '{}, "x"', 'W/"x",W/{}', "*", " * ")
        ),
    ],
)
def test_a_copy_that_is_current_is_not_sent_again(
    shelf: Api, method: str, path: str, spelling: str
) -> None:
    fresh = shelf.get(path)

    answer = shelf.request(method, path, If_None_Match=spelling.format(fresh.headers["etag"]))

    assert (answer.status, answer.text) == (304, "")
    assert answer.headers == builders.without(fresh.headers, "content-type")


@pytest.mark.parametrize("spelling", ['"x"', "", '""', "{bare}", '"{bare}x"', '"x{bare}"', '"*"'])
def test_a_copy_that_is_not_current_is_sent_again(shelf: Api, spelling: str) -> None:
    fresh = shelf.get(ARTICLE)
    bare = fresh.headers["etag"].strip('"')

    answer = shelf.get(ARTICLE, If_None_Match=spelling.format(bare=bare))

    assert answer == fresh


@pytest.mark.parametrize(
    "path",
    [
        *(path for path, _ in EVERY_GET),
        *BY_SORT,
        "/articles/missing",
        "/articles?limit=0",
        f"{ARTICLE}/reviews?cursor=x",
    ],
)
@pytest.mark.parametrize("editor", [True, False])
def test_head_tells_what_get_would(shelf: Api, path: str, *, editor: bool) -> None:
    get = shelf.get(path, editor=editor)

    head = shelf.request("HEAD", path, editor=editor)

    assert (head.status, head.headers, head.text) == (get.status, get.headers, "")


def test_the_etag_of_an_article_begins_with_its_revision(shelf: Api) -> None:
    assert shelf.get(ARTICLE).headers["etag"].startswith('"1-')
