"""
Arithmetic of stars: what a review contributes, the average, the order of the best.

Integers throughout; a division happens once, where a number is shown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from chalicelib.model import (
    HIDDEN,
    STARS,
    Outcome,
    Outcomes,
    PerStar,
    Review,
    ReviewStatus,
    Tally,
)

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


def outcome(review: Review) -> Outcome | None:
    """
    Say what became of a review or a proposal.

    What a filter alone took for spam waits for an editor like any other: nobody is to learn by the
    counts what the filter makes of their words. A proposal looks as a first review does, too.

    Returns:
        None for a proposal that was taken into its review, and is counted with it.
    """
    match review.status:
        case ReviewStatus.PENDING:
            return Outcome.HELD
        case ReviewStatus.REJECTED:
            return Outcome.REMOVED
        case ReviewStatus.SPAM:
            return review.outcome or Outcome.HELD
        case ReviewStatus.PUBLISHED:
            return Outcome.PUBLISHED if review.key.kind == "R" else None
    ended = review.outcome or Outcome.WITHDRAWN
    return None if ended is Outcome.PUBLISHED else ended


def outcomes(review: Review | None) -> Outcomes:
    """
    Say what a review or a proposal adds to the counts of what the public cannot read.

    What gave way to it stays counted. Else a number that falls would tell whoever writes in
    a stranger's name that the stranger had written before.
    """
    if review is None:
        return ()
    counts = Counter(dict(review.earlier))
    if (became := outcome(review)) in HIDDEN:
        counts[f"{became}_{review.rating}"] += 1
    return tuple(sorted(counts.items()))


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


def recount(contributions: Sequence[int], hidden: Iterable[Outcomes] = ()) -> Tally:
    """
    Sum what reviews add to their tally.

    Args:
        contributions: Of 0 to 5 stars; a 0 is not counted.
        hidden: Outcomes of those that the public cannot read.
    """
    counts = Counter(f"{Outcome.PUBLISHED}_{stars}" for stars in contributions)
    for each in hidden:
        counts.update(dict(each))
    return of_counts(counts)


def counts_of(tally: Tally) -> dict[str, int]:
    """Give a tally's numbers by outcome and stars, `published_5` and the like."""
    return {
        f"{became}_{stars}": n
        for became in Outcome
        for stars, n in zip(STARS, tally.of(became), strict=True)
    }


def of_counts(counts: Mapping[str, int]) -> Tally:
    """Make a tally of such numbers; what is absent is 0."""
    published = _per_star(counts, Outcome.PUBLISHED)
    return Tally(
        count=sum(published),
        total=sum(stars * n for stars, n in zip(STARS, published, strict=True)),
        stars=published,
        held=_per_star(counts, Outcome.HELD),
        removed=_per_star(counts, Outcome.REMOVED),
        withdrawn=_per_star(counts, Outcome.WITHDRAWN),
    )


def _per_star(counts: Mapping[str, int], became: Outcome) -> PerStar:
    one, two, three, four, five = (counts.get(f"{became}_{stars}", 0) for stars in STARS)
    return one, two, three, four, five
