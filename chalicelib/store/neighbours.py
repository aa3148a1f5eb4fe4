"""
Who stands next to an article in the list of a tag.

    around               Query a tag's listing twice, consistent       2 round trips, or 0

Neighbours of one article are asked for theirs, so what was read is kept as long as the object is.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import Any, NamedTuple

from chalicelib import settings
from chalicelib.model import Summary
from chalicelib.store import attributes, client, keys, listings


class _Stretch(NamedTuple):
    """
    A part of a list without a gap.

    Attributes:
        positions: Sort keys of `articles`, ascending.
        is_open: Whether there may be more before it, and after it.
    """

    positions: list[str]
    articles: list[Summary]
    is_open: tuple[bool, bool]

    def has_around(self, position: str, most: int) -> bool:
        """Tell whether so many stand on either side, or all that there are."""
        before, after = self._sides(position)
        is_short = before < most, len(self.positions) - after < most
        return not any(
            short and is_open for short, is_open in zip(is_short, self.is_open, strict=True)
        )

    def around(self, position: str, most: int) -> list[Summary]:
        """Give the nearest on either side."""
        before, after = self._sides(position)
        return self.articles[max(0, before - most) : before] + self.articles[after : after + most]

    def _sides(self, position: str) -> tuple[int, int]:
        return bisect_left(self.positions, position), bisect_right(self.positions, position)


class Neighbours:
    """
    Lists of tags as they are read first, each part of them once.

    Args:
        most: Neighbours on either side that are asked for.
        beyond: How many more are read, for whoever asks for the neighbours of those.
    """

    def __init__(self, most: int, beyond: int = 0) -> None:
        self._most = most
        self._read = most + beyond
        self._known: defaultdict[str, list[_Stretch]] = defaultdict(list)

    def around(self, tag: str, article: Summary) -> list[Summary]:
        """
        Give an article's neighbours in the list of a tag, oldest first.

        Args:
            article: Need not stand there itself.

        Returns:
            Published articles. A row that cannot be read is left out.

        Raises:
            UnavailableError: The table could not be read.
        """
        _, position = listings.main_place(article)
        for stretch in self._known[tag]:
            if stretch.has_around(position, self._most):
                return stretch.around(position, self._most)
        stretch = self._stretch(tag, position)
        self._known[tag].append(stretch)
        # Fewer, where some of what was just read cannot be read.
        return stretch.around(position, self._most)

    def _stretch(self, tag: str, position: str) -> _Stretch:
        values = attributes.pack({":list": keys.listing_pk(tag=tag), ":position": position})
        request: dict[str, Any] = {
            "TableName": settings.current().derived_table,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }
        earlier = client.call(
            "query",
            KeyConditionExpression="pk = :list AND sk <= :position",
            ScanIndexForward=False,
            Limit=self._read + 1,
            **request,
        )
        later = client.call(
            "query",
            KeyConditionExpression="pk = :list AND sk > :position",
            Limit=self._read,
            **request,
        )
        articles = list(listings.readable([*reversed(earlier["Items"]), *later["Items"]]))
        return _Stretch(
            [listings.main_place(one)[1] for one in articles],
            articles,
            ("LastEvaluatedKey" in earlier, "LastEvaluatedKey" in later),
        )
