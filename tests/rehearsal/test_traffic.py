"""200 reviews by eight clients at once are counted as they were answered."""

import pytest

from tests.client import Api
from tests.oracle import Oracle
from tests.rehearsal import books, crowd
from tests.rehearsal.stacks import Stack


@pytest.mark.parametrize("slug", crowd.SLUGS)
def test_the_public_sees_the_reviews_that_the_clients_left(
    slug: str, visitor: Api, crowd_that_left: list[Oracle]
) -> None:
    seen: dict[str, int] = {}
    path = first = f"/articles/{slug}/reviews?limit=30"
    while path:
        page = visitor.get(path).body
        seen |= {one["id"]: one["rating"] for one in page["items"]}
        path = page["next_cursor"] and f"{first}&cursor={page['next_cursor']}"

    assert seen == crowd.counted(crowd_that_left, slug)


@pytest.mark.parametrize("slug", crowd.SLUGS)
def test_tally_and_ledger_equal_a_recount_of_content(
    slug: str, dev: Stack, crowd_that_left: list[Oracle]
) -> None:
    recount = books.of_content(dev, slug)

    assert recount == books.count([*crowd.counted(crowd_that_left, slug).values()])
    assert books.of_ledger(dev, slug) == recount
    assert books.of_tally(dev, slug) == recount


def test_the_best_article_comes_first(visitor: Api, crowd_that_left: list[Oracle]) -> None:
    page = visitor.get("/articles?sort=top").body

    prior, tallies = page["prior"], [one["tally"] for one in page["items"]]
    stars = prior["count"] * prior["average"]
    scores = [(stars + one["total"]) / (prior["count"] + one["count"]) for one in tallies]
    assert {one["slug"] for one in page["items"]} >= {*crowd.SLUGS}
    assert scores == sorted(scores, reverse=True)
