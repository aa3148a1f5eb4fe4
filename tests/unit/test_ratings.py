"""Stars in integers: what counts, the average that is shown, the order of the best."""

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.model import HIDDEN, Outcome, ReviewKey, ReviewStatus, Tally
from chalicelib.rules import ratings
from tests import rows

# The same examples in every run; no deadline, because a busy machine is no bug.
unhurried = settings(deadline=None, derandomize=True, database=None)
stars = st.tuples(*[st.integers(0, 10**30) for _ in range(5)])
some_stars = stars.filter(any)


def tally(numbers: tuple[int, ...]) -> Tally:
    one, two, three, four, five = numbers
    total = sum(number * reviews for number, reviews in enumerate(numbers, start=1))
    return Tally(count=sum(numbers), total=total, stars=(one, two, three, four, five))


def score(numbers: tuple[int, ...]) -> int:
    made = tally(numbers)
    return ratings.score(made.count, made.total)


def with_one_more(numbers: tuple[int, ...], rating: int) -> tuple[int, ...]:
    return tuple(reviews + (number == rating) for number, reviews in enumerate(numbers, start=1))


def test_no_review_has_no_average() -> None:
    assert ratings.average(Tally()) is None


@unhurried
@given(some_stars)
def test_the_average_is_the_fraction_rounded_half_up(numbers: tuple[int, ...]) -> None:
    made = tally(numbers)
    hundredths = Fraction(100 * made.total, made.count)
    rounded = hundredths.__floor__() + (hundredths % 1 >= Fraction(1, 2))

    assert ratings.average(made) == float(Decimal(rounded) / 100)


@pytest.mark.parametrize(
    ("count", "total", "average"),
    [
        (1, 5, 5.0),
        (3, 11, 3.67),
        (3, 10, 3.33),
        (8, 33, 4.13),
        (8, 35, 4.38),
        (200, 201, 1.01),
        (400, 401, 1.0),
        (400, 403, 1.01),
    ],
)
def test_an_average_has_two_decimals(count: int, total: int, average: float) -> None:
    assert ratings.average(Tally(count=count, total=total)) == average


@unhurried
@given(st.integers(1, 3000), st.data())
def test_halves_go_up_as_people_round(count: int, data: st.DataObject) -> None:
    total = data.draw(st.integers(count, 5 * count))
    people = (Decimal(total) / count).quantize(Decimal("0.01"), ROUND_HALF_UP)

    assert ratings.average(Tally(count=count, total=total)) == float(people)


@unhurried
@given(some_stars)
def test_the_average_lies_between_its_stars(numbers: tuple[int, ...]) -> None:
    given_stars = [number for number, reviews in enumerate(numbers, start=1) if reviews]

    average = ratings.average(tally(numbers))

    assert average is not None
    assert min(given_stars) <= average <= max(given_stars)


@unhurried
@given(stars)
def test_a_score_is_the_bayesian_average_in_whole_millionths(numbers: tuple[int, ...]) -> None:
    made = tally(numbers)
    exact = Fraction(ratings.PRIOR_TOTAL + made.total, ratings.PRIOR_COUNT + made.count)

    assert ratings.score(made.count, made.total) == (exact * ratings.SCORE_UNIT).__floor__()


@unhurried
@given(stars)
def test_a_score_stays_between_one_star_and_five(numbers: tuple[int, ...]) -> None:
    assert 1_000_000 <= score(numbers) <= 5_000_000


@unhurried
@given(stars)
def test_five_stars_never_lower_a_score_and_one_star_never_raises_it(
    numbers: tuple[int, ...],
) -> None:
    assert score(with_one_more(numbers, 1)) <= score(numbers) <= score(with_one_more(numbers, 5))


@unhurried
@given(some_stars)
def test_a_better_rating_never_lowers_a_score(numbers: tuple[int, ...]) -> None:
    worse = next(number for number, reviews in enumerate(numbers, start=1) if reviews)
    assume(worse < 5)
    taken = tuple(reviews - (number == worse) for number, reviews in enumerate(numbers, start=1))

    assert score(with_one_more(taken, worse + 1)) >= score(numbers)


def test_a_hundred_good_reviews_beat_one_perfect_review() -> None:
    assert score((0, 0, 0, 10, 90)) > score((0, 0, 0, 0, 1))


def test_no_review_scores_the_prior() -> None:
    assert ratings.score(0, 0) == 3_000_000


@unhurried
@given(st.lists(st.integers(0, 5)))
def test_a_recount_adds_up(contributions: list[int]) -> None:
    counted = [rating for rating in contributions if rating]

    recounted = ratings.recount(contributions)

    assert recounted == tally(recounted.stars)
    assert (recounted.count, recounted.total) == (len(counted), sum(counted))


@unhurried
@given(stars)
def test_no_float_before_the_edge(numbers: tuple[int, ...]) -> None:
    recounted = ratings.recount([1, 3, 5])

    kinds = {type(one) for one in (score(numbers), recounted.total, *recounted.stars)}

    assert kinds == {int}


@pytest.mark.parametrize("status", ReviewStatus)
@pytest.mark.parametrize("rating", [1, 5])
def test_only_a_published_review_counts(status: ReviewStatus, rating: int) -> None:
    counts = status is ReviewStatus.PUBLISHED

    assert ratings.contribution(rows.review(rating=rating, status=status)) == rating * counts


def test_a_proposed_change_never_counts() -> None:
    proposal = rows.review(key=ReviewKey("P", rows.digest(1)), status=ReviewStatus.PUBLISHED)

    assert ratings.contribution(proposal) == 0


def test_an_absent_review_counts_nothing() -> None:
    assert ratings.contribution(None) == 0
    assert ratings.outcomes(None) == ()


@pytest.mark.parametrize(
    ("status", "ended", "of_a_review", "of_a_proposal"),
    [
        ("published", None, "published", None),
        ("published", "published", "published", None),
        ("pending", None, "held", "held"),
        ("rejected", None, "removed", "removed"),
        ("rejected", "removed", "removed", "removed"),
        # A filter alone may not be seen to have taken it for spam.
        ("spam", None, "held", "held"),
        ("spam", "removed", "removed", "removed"),
        ("withdrawn", None, "withdrawn", "withdrawn"),
        ("withdrawn", "removed", "removed", "removed"),
        ("withdrawn", "published", None, None),
        ("erased", None, "withdrawn", "withdrawn"),
        ("erased", "withdrawn", "withdrawn", "withdrawn"),
        ("erased", "removed", "removed", "removed"),
    ],
)
def test_each_status_has_an_outcome(
    status: str, ended: str | None, of_a_review: str | None, of_a_proposal: str | None
) -> None:
    one = rows.review(
        rating=2, status=ReviewStatus(status), outcome=Outcome(ended) if ended else None
    )
    proposal = replace(one, key=ReviewKey("P", rows.digest(1)))

    assert (ratings.outcome(one), ratings.outcome(proposal)) == (of_a_review, of_a_proposal)
    hidden = ((f"{of_a_review}_2", 1),) if of_a_review not in {"published", None} else ()
    assert ratings.outcomes(one) == hidden


def test_what_gave_way_is_counted_with_what_came_after() -> None:
    one = rows.review(
        rating=2, status=ReviewStatus.WITHDRAWN, earlier=(("removed_1", 1), ("withdrawn_2", 3))
    )

    assert ratings.outcomes(one) == (("removed_1", 1), ("withdrawn_2", 4))


@unhurried
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(HIDDEN), st.integers(1, 5))))
def test_a_recount_counts_every_outcome(reviews: list[tuple[int, Outcome, int]]) -> None:
    hidden = [((f"{outcome}_{stars}", 1),) for _, outcome, stars in reviews]

    recounted = ratings.recount([contribution for contribution, *_ in reviews], hidden)

    for outcome in HIDDEN:
        expected = [sum(one[1:] == (outcome, stars) for one in reviews) for stars in range(1, 6)]
        assert list(recounted.of(outcome)) == expected
    assert ratings.of_counts(ratings.counts_of(recounted)) == recounted
