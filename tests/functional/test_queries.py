"""Query parameters that no list takes, refused before any list is read."""

from collections.abc import Iterator

import pytest

from app import app
from chalicelib.api import openapi
from tests import library
from tests.client import Api

PAGED = [
    (path.format(slug="b", id="0" * 26), contract.security == "editor")
    for path, method, _, contract in openapi.routes_of(app)
    if "limit" in contract.query and method == "GET"
]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A client of an app that knows an editor, and nothing else."""
    with library.opened() as api:
        yield api


@pytest.mark.parametrize(("path", "editor"), PAGED)
@pytest.mark.parametrize(
    "limit",
    [
        *("0", "101", "-1", "", "+1", "1.0", "1e1", "%201", "01", "%D9%A3", "ten", "9" * 600),
        "100&limit=0",
    ],
)
def test_a_limit_is_a_number_from_1_to_100(
    api: Api, path: str, limit: str, *, editor: bool
) -> None:
    answer = api.get(f"{path}?limit={limit}", editor=editor)

    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    "query",
    [
        *("sort=oldest", "sort=", "sort=Newest", "author=", f"author={'x' * 81}"),
        *("tag=X", "tag=", "tag=a,b", f"tag={'x' * 41}"),
    ],
)
def test_a_list_of_articles_refuses_what_it_does_not_know(api: Api, query: str) -> None:
    answer = api.get(f"/articles?{query}")

    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("sort", ["best", "", "top", "NEWEST"])
def test_a_list_of_reviews_refuses_what_it_does_not_know(api: Api, sort: str) -> None:
    answer = api.get(f"/articles/b/reviews?sort={sort}")

    assert (answer.status, answer.code) == (400, "invalid_request")
