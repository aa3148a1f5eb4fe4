"""What is read after a write: new copies, new pages, nothing twice."""

import pytest

from tests import builders, seeding
from tests.client import Api
from tests.conftest import Deliver
from tests.library import paged

ARTICLE = f"/articles/{builders.SLUG}"


@pytest.mark.parametrize("path", ["/articles", "/articles?sort=top", ARTICLE, f"{ARTICLE}/tally"])
def test_a_new_tally_makes_copies_outdated(
    api: Api, published: str, deliver: Deliver, path: str
) -> None:
    deliver()
    etag = api.get(path).headers["etag"]
    api.post(f"{ARTICLE}/reviews", builders.submission())
    deliver()

    answer = api.get(path, If_None_Match=etag)

    assert (answer.status, answer.headers["etag"] == etag) == (200, False)


def test_a_new_review_makes_copies_of_the_list_outdated(api: Api, published: str) -> None:
    etag = api.get(f"{ARTICLE}/reviews").headers["etag"]
    api.post(f"{ARTICLE}/reviews", builders.submission())

    answer = api.get(f"{ARTICLE}/reviews", If_None_Match=etag)

    assert (answer.status, len(answer.body["items"])) == (200, 1)


def test_a_page_has_20_items_unless_told(api: Api, published: str) -> None:
    seeding.copy_article(published, 20)

    body = api.get("/articles").body

    assert (len(body["items"]), body["next_cursor"] is None) == (20, False)


def test_what_is_published_meanwhile_repeats_nothing(api: Api, published: str) -> None:
    api.put("/articles/older", builders.article(published_at="2026-03-01T08:00:00Z"))
    first = api.get("/articles?limit=1").body
    api.put("/articles/newer", builders.article(published_at="2026-03-20T08:00:00Z"))

    second = api.get(paged("/articles", 1, first["next_cursor"])).body

    assert [item["slug"] for item in second["items"]] == ["older"]
