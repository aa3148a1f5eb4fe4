"""
Review bombs: many low or many high stars at once on an article that is not used to them.

Of what came lately it is asked: how likely are so many low (1, 2) or high (4, 5) stars,
if readers are as they were? Below once in a thousand, new reviews on that side wait for an
editor; those on the other do not.

    lately    submissions of the last hour, published or not, and the one that is judged
    history   the tally without what came lately. It weighs 100 reviews at the most, for taste
              changes; and 5 that every article is given: of those are low 1.5, high 4.5.
              So an article without history may be disliked by nearly half of its readers,
              or loved by all of them, without anybody having called for it
    held      at least 8 on the side, and as many or more are less likely than 1 : 1000

The likelihood is beta-binomial: what share of readers is on a side is only known as well as the
history is long. A binomial of the mere share, or standard deviations, would hold honest
readers of every article that has few reviews.

What cannot be seen: a mixture of honest reviews and a flood on an article without history, and
a flood so slow that each hour looks like an honest one.

tests/unit/test_bursts.py measures both errors; docs/moderation.md has the table.

Source:
    en.wikipedia.org/wiki/Beta-binomial_distribution
"""

from math import exp, lgamma
from typing import Final

from chalicelib.model import Tally

WINDOW: Final = 3600
"""Seconds that are lately."""
LEAST: Final = 8
LIKELIHOOD: Final = 0.001
PRIOR: Final = {"low": (1.5, 3.5), "high": (4.5, 0.5)}
"""Reviews on a side and off it that an article is given."""
MOST_HISTORY: Final = 100
SIDES: Final = {"low": (1, 2), "high": (4, 5)}
_MOST_LATELY: Final = 500
"""More is scaled down to it: what it takes to judge is bounded, and a larger crowd says no more."""


def find(rating: int, recent: tuple[int, ...], tally: Tally) -> str | None:
    """
    Say whether a new review is part of a burst.

    Args:
        rating: Of the review, 1 to 5; another is on no side.
        recent: What came lately with 1, 2, 3, 4 and 5 stars, without it.
        tally: The article's.

    Returns:
        `low` or `high`; None for no burst.
    """
    side = next((name for name, stars in SIDES.items() if rating in stars), None)
    if side is None:
        return None
    came, on_side = 1 + sum(recent), 1 + _of(side, recent)
    if came > _MOST_LATELY:
        came, on_side = _MOST_LATELY, on_side * _MOST_LATELY // came
    past = [max(0, now - new) for now, new in zip(tally.stars, recent, strict=True)]
    for_it, against = _known(side, past)
    is_usual = on_side < LEAST or on_side * (for_it + against) <= came * for_it
    is_burst = not is_usual and _likelihood(on_side, came, for_it, against) < LIKELIHOOD
    return side if is_burst else None


def _known(side: str, past: list[int]) -> tuple[float, float]:
    """Give how many reviews of the history are on a side and off it, in its weight."""
    on_side, count = _of(side, past), sum(past)
    weight = min(1, MOST_HISTORY / max(1, count))
    for_it, against = PRIOR[side]
    return for_it + weight * on_side, against + weight * (count - on_side)


def _likelihood(least: int, of: int, for_it: float, against: float) -> float:
    """Give how likely at least so many of some are on a side, if so many were and were not."""
    term = exp(
        lgamma(of + 1) - lgamma(least + 1) - lgamma(of - least + 1)
        + lgamma(least + for_it) + lgamma(of - least + against) - lgamma(of + for_it + against)
        + lgamma(for_it + against) - lgamma(for_it) - lgamma(against)
    )  # fmt: skip
    total = term
    for n in range(least, of):
        term *= (of - n) * (n + for_it) / ((n + 1) * (of - n - 1 + against))
        total += term
    return total


def _of(side: str, stars: tuple[int, ...] | list[int]) -> int:
    return sum(stars[star - 1] for star in SIDES[side])
