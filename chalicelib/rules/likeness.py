"""
Which articles are most like another one, of those that stand near it in the lists of its tags.

Only so many neighbours are looked at, on either side and of so many tags, so that neither an
article's own row nor those that hang on it cost more the more articles there are.
"""

from collections.abc import Iterable
from typing import Final

from chalicelib.model import Summary

MOST: Final = 4
"""Related articles that are shown."""
NEIGHBOURS: Final = 3
"""Looked at on either side in the list of a tag."""
_TAGS: Final = 5


def compared_tags(article: Summary) -> tuple[str, ...]:
    """Give the tags in whose lists an article's neighbours are looked at: its first five."""
    return article.tags[:_TAGS]


def most_alike(article: Summary, candidates: Iterable[Summary]) -> tuple[Summary, ...]:
    """
    Give the candidates that are most like an article, best first.

    Most tags in common come first, then the nearest in time, then the slug decides.

    Args:
        candidates: Different published articles. Itself is none of its own.
    """
    others = (one for one in candidates if one.home != article.home)
    return tuple(sorted(others, key=lambda one: _distance(article, one))[:MOST])


def _distance(article: Summary, other: Summary) -> tuple[int, float, str]:
    shared = len(set(article.tags) & set(other.tags))
    return -shared, abs(_published_at(article) - _published_at(other)), other.home


def _published_at(article: Summary) -> float:
    return (article.published_at or article.updated_at).timestamp()
