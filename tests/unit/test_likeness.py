"""Which articles are most like another one."""

from datetime import timedelta
from typing import Any

from chalicelib.model import Summary
from chalicelib.rules import likeness
from tests import rows


def summary(slug: str, *tags: str, days: int = 0, **changes: Any) -> Summary:
    at = rows.AT + timedelta(days=days)
    return rows.article(slug=slug, tags=tags, published_at=at, **changes).summary


def most_alike(article: Summary, *candidates: Summary) -> list[str]:
    return [one.slug for one in likeness.most_alike(article, candidates)]


LAMP = summary("lamp", "ink", "light", "optics")


def test_more_tags_in_common_come_first() -> None:
    near = summary("near", "ink")
    alike = summary("alike", "optics", "ink", days=99)

    assert most_alike(LAMP, near, alike) == ["alike", "near"]


def test_tags_that_only_one_has_count_nothing() -> None:
    much = summary("much", "ink", "a", "b", "c", "d", days=2)
    little = summary("little", "ink", days=1)

    assert most_alike(LAMP, much, little) == ["little", "much"]


def test_of_as_many_tags_the_nearest_in_time_comes_first_on_either_side() -> None:
    candidates = [summary(f"d{days}", "ink", days=days) for days in (-3, 1, 2)]

    assert most_alike(LAMP, *candidates) == ["d1", "d2", "d-3"]


def test_of_as_near_ones_the_slug_decides() -> None:
    candidates = [summary("b", "ink", days=-1), summary("c", "ink", days=1)]

    assert most_alike(LAMP, *candidates, summary("a", "ink", days=1)) == ["a", "b", "c"]


def test_four_are_shown_and_never_itself() -> None:
    candidates = [summary(f"d{days}", "ink", days=days) for days in range(1, 7)]

    assert most_alike(LAMP, LAMP, *candidates) == ["d1", "d2", "d3", "d4"]


def test_a_moved_article_is_itself_under_its_new_slug() -> None:
    moved = summary("lantern", "ink", moved_from="lamp")

    assert most_alike(LAMP, moved) == []


def test_neighbours_are_looked_for_by_the_first_five_tags() -> None:
    article = summary("tags", *"abcdefg")

    assert likeness.compared_tags(article) == ("a", "b", "c", "d", "e")
