"""
Review bombs: many low or many high stars at once on an article that is not used to them.

The share of low (1, 2) and of high (4, 5) stars among what came lately is compared with
their share in the article's history. Where that is by chance once in a million times, new
reviews on the same side wait for an editor; the others do not.

    lately    submissions of the last hour, published or not, and the one that is judged
    history   the tally without what came lately, and ten reviews that every article is given:
              three low and nine high (they overlap in nothing but doubt: an article that nobody
              knows may be loved, and it may be disliked, without anybody having called for it)
    held      at least 8 on one side lately, and more than 5 standard deviations above what the
              history lets expect (binomial)

tests/unit/test_bursts.py measures both errors; docs/moderation.md has the table.
"""

import math
from typing import Final

from chalicelib.model import Tally

LEAST: Final = 8
DEVIATIONS: Final = 5
PRIOR_COUNT: Final = 10
PRIOR: Final = {"low": 3, "high": 9}
"""Of ten reviews, how many may be on a side before anything is known."""
SIDES: Final = {"low": (1, 2), "high": (4, 5)}


def find(rating: int, recent: tuple[int, ...], tally: Tally) -> str | None:
    """
    Say whether a new review is part of a burst.

    Args:
        rating: Of the review, 1 to 5.
        recent: What came lately with 1, 2, 3, 4 and 5 stars, without it.
        tally: The article's.

    Returns:
        `low` or `high`; None for no burst.
    """
    past = [max(0, now - new) for now, new in zip(tally.stars, recent, strict=True)]
    side = next((name for name, stars in SIDES.items() if rating in stars), None)
    if side is None:
        return None
    came = 1 + sum(recent)
    on_side = 1 + _of(side, recent)
    share = (_of(side, past) + PRIOR[side]) / (sum(past) + PRIOR_COUNT)
    deviation = math.sqrt(came * share * (1 - share))
    is_burst = on_side >= LEAST and on_side - came * share > DEVIATIONS * deviation
    return side if is_burst else None


def _of(side: str, stars: tuple[int, ...] | list[int]) -> int:
    return sum(stars[star - 1] for star in SIDES[side])
