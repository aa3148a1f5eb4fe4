"""Lists give each item once and in order, page by page, and take no cursor but their own."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import pytest

from chalicelib.store import client
from tests import builders, library
from tests.client import Answer, Api
from tests.library import paged, walk

REVIEWS = "/articles/b/reviews"
INVALID = {
    "type": "urn:plaudit:problem:invalid_cursor",
    "title": "The cursor is not valid",
    "status": 400,
    "detail": "Start again without a cursor.",
    "code": "invalid_cursor",
}


class Entry(NamedTuple):
    """An article of the library; several share a time, an author or a score."""

    slug: str
    day: int
    tags: list[str]
    author: str | None
    ratings: list[int]

    @property
    def score(self) -> Fraction:
        return Fraction(15 + sum(self.ratings), 5 + len(self.ratings))


ENTRIES = [
    Entry("a", 11, ["x", "y"], "Ada", [5]),
    Entry("b", 12, ["x"], "Ada", [5, 1, 3, 3, 5, 2, 3]),
    Entry("c", 12, ["x"], "Bob", []),
    Entry("d", 12, ["x", "z"], "Ada", []),
    Entry("e", 13, [], None, [5]),
    Entry("f", 10, ["y", "x"], "Ada", [4, 4]),
    Entry("g", 14, ["y"], "Ada", [1]),
]
DRAFTS = ["draft-a", "draft-b", "draft-c", "draft-d"]


class List(NamedTuple):
    """A list, what names its items, and the names in their order."""

    path: str
    name: Callable[[Any], Any]
    expected: Callable[[list[Any]], list[Any]]
    editor: bool = False


def articles(query: str, keep: Callable[[Entry], bool]) -> Iterator[List]:
    kept = [entry for entry in ENTRIES if keep(entry)]
    orders: dict[str, Callable[[Entry], Any]] = {
        "newest": lambda entry: (entry.day, entry.slug),
        "top": lambda entry: (entry.score, entry.slug),
    }
    for sort, order in orders.items():
        slugs = [entry.slug for entry in sorted(kept, key=order, reverse=True)]
        path = f"/articles?sort={sort}{query}"
        yield List(path, itemgetter("slug"), partial(_always, slugs))


def _always(expected: list[Any], _: list[Any]) -> list[Any]:
    return expected


def reviews(sort: str, *, backwards: bool, by: str | None = None) -> List:
    def name(item: dict[str, Any]) -> Any:
        return by and item[by], item["id"]

    return List(f"{REVIEWS}?sort={sort}", name, lambda all_: sorted(all_, reverse=backwards))


LISTS = [
    *articles("", lambda _: True),
    *articles("&tag=x", lambda one: "x" in one.tags),
    *articles("&author=Ada", lambda one: one.author == "Ada"),
    *articles("&tag=x&author=Ada", lambda one: "x" in one.tags and one.author == "Ada"),
    reviews("newest", backwards=True),
    reviews("oldest", backwards=False),
    reviews("highest", backwards=True, by="rating"),
    reviews("lowest", backwards=False, by="rating"),
    reviews("helpful", backwards=True, by="helpful"),
    List("/editor/articles", itemgetter("slug"), lambda _: DRAFTS[::-1], editor=True),
    List("/editor/reviews", itemgetter("id"), sorted, editor=True),
]

STRANGERS = [*LISTS, LISTS[8]._replace(path="/articles/f/reviews?sort=newest")]

each_list = pytest.mark.parametrize("one", LISTS, ids=lambda one: one.path)


@pytest.fixture(scope="module")
def _last_keys() -> Iterator[None]:
    """Tell where a query stopped as DynamoDB does, even if nothing follows; moto does not."""
    asked: list[dict[str, Any]] = []

    def remember(params: dict[str, Any], **_: object) -> None:
        asked.append(params)

    def tell(parsed: dict[str, Any], **_: object) -> None:
        rows = parsed["Items"]
        if len(rows) == asked[-1].get("Limit"):
            parsed["LastEvaluatedKey"] = rows[-1]

    events = client.dynamodb().meta.events
    events.register("before-parameter-build.dynamodb.Query", remember)
    events.register("after-call.dynamodb.Query", tell)
    yield
    events.unregister("before-parameter-build.dynamodb.Query", remember)
    events.unregister("after-call.dynamodb.Query", tell)


@pytest.fixture(scope="module")
def shelf(_last_keys: None) -> Iterator[Api]:
    """A client of an app with the library, drafts and a queue."""
    with library.opened() as api:
        for number, entry in enumerate(ENTRIES):
            published_at = f"2026-03-{entry.day}T08:00:00Z"
            body = builders.article(tags=entry.tags, author=entry.author, published_at=published_at)
            api.put(f"/articles/{entry.slug}", body)
            for reader, rating in enumerate(entry.ratings):
                email = f"reader-{number}-{reader}@example.com"
                submit(api, entry.slug, email=email, rating=rating)
        for slug in DRAFTS:
            api.put(f"/articles/{slug}", builders.without(builders.article(), "status"))
        for reader in range(4):
            submit(api, "b", email=f"reader-1-{reader}@example.com", message="Or rather so.")
        library.count()
        yield api


def submit(api: Api, slug: str, **changes: Any) -> None:
    api.post(f"/articles/{slug}/reviews", builders.submission(**changes))


def names(one: List, pages: list[Answer]) -> list[Any]:
    return [one.name(item) for page in pages for item in page.body["items"]]


@pytest.fixture(scope="module")
def wholes(shelf: Api) -> dict[str, list[Any]]:
    """The names in every list, by its path."""
    pages = {one.path: walk(shelf, one.path, 100, editor=one.editor) for one in LISTS}
    return {one.path: names(one, pages[one.path]) for one in LISTS}


@pytest.fixture(scope="module")
def cursors(shelf: Api) -> dict[str, str]:
    """A cursor of every list, by its path."""
    first = {one.path: shelf.get(paged(one.path, 1), editor=one.editor) for one in STRANGERS}
    return {path: page.body["next_cursor"] for path, page in first.items()}


@each_list
def test_one_page_holds_the_list_in_order(shelf: Api, one: List) -> None:
    (page,) = walk(shelf, one.path, 100, editor=one.editor)

    found = names(one, [page])
    assert len(found) > 1
    assert found == one.expected(found)


@each_list
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_give_each_item_once_and_in_order(
    shelf: Api, wholes: dict[str, list[Any]], one: List, limit: int
) -> None:
    pages = walk(shelf, one.path, limit, editor=one.editor)

    assert names(one, pages) == wholes[one.path]
    assert max(len(page.body["items"]) for page in pages) == limit


@each_list
def test_a_page_that_ends_with_the_list_has_no_cursor(
    shelf: Api, wholes: dict[str, list[Any]], one: List
) -> None:
    length = len(wholes[one.path])

    page = shelf.get(paged(one.path, length), editor=one.editor)

    assert (len(page.body["items"]), page.body["next_cursor"]) == (length, None)


@each_list
def test_a_page_that_ends_before_the_list_has_a_cursor(
    shelf: Api, wholes: dict[str, list[Any]], one: List
) -> None:
    length = len(wholes[one.path])
    first = shelf.get(paged(one.path, length - 1), editor=one.editor).body

    rest = shelf.get(paged(one.path, 100, first["next_cursor"]), editor=one.editor).body

    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)


@each_list
def test_no_list_takes_half_a_cursor(shelf: Api, cursors: dict[str, str], one: List) -> None:
    answer = shelf.get(paged(one.path, 1, cursors[one.path][:-1]), editor=one.editor)

    assert builders.without(answer.body, "request_id") == INVALID


@pytest.mark.parametrize(
    "respell",
    [
        lambda _: "",
        lambda _: "nonsense",
        lambda _: "%00",
        lambda cursor: cursor[1:],
        lambda cursor: cursor + "A",
        lambda cursor: cursor + "%3D",
        lambda cursor: cursor * 40,
        lambda cursor: cursor.swapcase(),
        lambda cursor: f"{cursor}&cursor=x",
    ],
)
def test_no_cursor_can_be_altered(
    shelf: Api, cursors: dict[str, str], respell: Callable[[str], str]
) -> None:
    (path, cursor) = next(iter(cursors.items()))

    answer = shelf.get(paged(path, 1, respell(cursor)))

    assert builders.without(answer.body, "request_id") == INVALID


@each_list
def test_no_list_takes_the_cursor_of_another(
    shelf: Api, cursors: dict[str, str], one: List
) -> None:
    foreign = [cursor for path, cursor in cursors.items() if path != one.path]

    answers = [shelf.get(paged(one.path, 1, cursor), editor=one.editor) for cursor in foreign]

    refusals = [builders.without(answer.body, "request_id") for answer in answers]
    assert refusals == [INVALID] * len(LISTS)


@pytest.mark.parametrize("query", ["?tag=unused", "?author=Nobody", "?sort=top&tag=unused"])
def test_a_list_of_nothing_is_an_empty_page(shelf: Api, query: str) -> None:
    body = shelf.get(f"/articles{query}").body

    assert (body["items"], body["next_cursor"]) == ([], None)


@pytest.mark.parametrize("sort", ["newest", "top"])
def test_a_list_shows_what_the_article_shows(shelf: Api, sort: str) -> None:
    for item in shelf.get(f"/articles?sort={sort}").body["items"]:
        article = shelf.get(f"/articles/{item['slug']}").body
        assert builders.without(item, "score") == builders.without(
            article, "body_markdown", "body_html", "reviews_frozen_at", "related"
        )


def test_the_best_come_with_their_score_and_its_prior(shelf: Api) -> None:
    body = shelf.get("/articles?sort=top").body

    assert body["prior"] == {"count": 5, "average": 3.0}
    expected = {one.slug: float(one.score) for one in ENTRIES}
    assert {item["slug"]: item["score"] for item in body["items"]} == pytest.approx(
        expected, abs=1e-4
    )
