"""
Arithmetic of stars: what a review contributes, the average, the order of the best.

Integers throughout; a division happens once, where a number is shown.
"""

from typing import Final

from chalicelib.model import Review, ReviewStatus, Tally

PRIOR_COUNT: Final = 5
"""Reviews that every article is given beforehand in the order of the best."""
PRIOR_TOTAL: Final = 15
"""Stars of those reviews together: an average of 3, the middle of the scale."""
SCORE_UNIT: Final = 1_000_000
"""A score is a Bayesian average in millionths of a star."""


def contribution(review: Review | None) -> int:
    """
    Say what a review adds to its article's tally.

    Returns:
        Stars from 1 to 5; 0 when it does not count: absent, not published, or
        a proposal.
    """
    if review is None or review.key.kind != "R" or review.status is not ReviewStatus.PUBLISHED:
        return 0
    return review.rating


def average(tally: Tally) -> float | None:
    """
    Divide stars by reviews.

    Returns:
        Stars with 2 decimals, halves rounded up; None without reviews.
    """
    if tally.count == 0:
        return None
    return (200 * tally.total + tally.count) // (2 * tally.count) / 100


def score(count: int, total: int) -> int:
    """
    Weigh an article's stars against a prior, so that one 5 does not beat a hundred 4.9.

    The prior is a constant: an article's score depends on its own tally alone,
    and no review of one article can make another's score stale.

    Args:
        count: Reviews, 0 or more.
        total: Their stars.

    Returns:
        `(PRIOR_TOTAL + total) / (PRIOR_COUNT + count)` in millionths of a
        star, rounded down; 1 000 000 to 5 000 000.

    Source:
        Bayesian average: en.wikipedia.org/wiki/Bayesian_average
    """
    return (PRIOR_TOTAL + total) * SCORE_UNIT // (PRIOR_COUNT + count)


def recount(contributions: list[int]) -> Tally:
    """Sum contributions of 0 to 5 stars; a 0 is not counted."""
    stars = tuple(contributions.count(number) for number in range(1, 6))
    one, two, three, four, five = stars
    return Tally(
        count=sum(stars),
        total=sum(contributions),
        stars=(one, two, three, four, five),
    )
