"""Changes of articles that are refused, all against one article, which none of them may touch."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests import builders, library
from tests.client import Answer, Api

ARTICLE, MISSING = "/articles/first-light", "/articles/missing"
BODIES: dict[str, Any] = {
    "PUT": builders.article(title="Second light"),
    "PATCH": {"title": "Second light"},
    "DELETE": None,
}
STALE = ['"2"', '"0"', '"01"', '"1', "1", "", '""', "W/1", '"x-1"', '"٣"', '"-1"', f'"{"9" * 40}"']

each_change = pytest.mark.parametrize("method", BODIES)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """A client of an app with one article."""
    with library.opened() as api:
        api.put(ARTICLE, builders.article())
        yield api


def change(api: Api, method: str, path: str = ARTICLE, **headers: Any) -> Answer:
    return api.request(method, path, BODIES[method], editor=True, **headers)


def revision(api: Api) -> int:
    return int(api.get(ARTICLE).body["revision"])


@each_change
def test_a_change_needs_if_match(api: Api, method: str) -> None:
    answer = change(api, method)

    assert (answer.status, answer.code) == (428, "revision_required")
    assert revision(api) == 1


def test_another_article_under_the_same_slug_is_told_the_revision(api: Api) -> None:
    assert change(api, "PUT").headers["etag"] == '"1"'


@each_change
@pytest.mark.parametrize("if_match", STALE)
def test_what_is_not_the_present_revision_is_stale(api: Api, method: str, if_match: str) -> None:
    answer = change(api, method, If_Match=if_match)

    assert (answer.status, answer.code) == (412, "stale_revision")
    assert revision(api) == 1


def test_create_only_refuses_a_slug_that_is_taken(api: Api) -> None:
    answer = change(api, "PUT", If_None_Match="*")

    assert (answer.status, answer.code) == (409, "slug_taken")
    assert revision(api) == 1


@pytest.mark.parametrize("if_none_match", ['"1"', '"x"', "", "**"])
def test_only_a_star_means_create_only(api: Api, if_none_match: str) -> None:
    assert change(api, "PUT", If_None_Match=if_none_match).code == "revision_required"


@each_change
@pytest.mark.parametrize("if_match", ["*", '"1"', 'W/"1-x"'])
def test_a_missing_article_cannot_be_changed(api: Api, method: str, if_match: str) -> None:
    answer = change(api, method, MISSING, If_Match=if_match)

    assert (answer.status, answer.code) == (404, "article_not_found")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
@pytest.mark.parametrize("slug", ["First-Light", "first%252Dlight", "a%2Fb", "%00", "x" * 81])
def test_what_is_no_slug_is_no_article(api: Api, method: str, slug: str) -> None:
    answer = change(api, method, f"/articles/{slug}", If_Match="*")

    assert (answer.status, answer.code) == (404, "article_not_found")
