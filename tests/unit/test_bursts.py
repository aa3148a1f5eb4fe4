"""Review bombs are held after a few, honest crowds are not: docs/moderation.md has the numbers."""

import math
import random
from collections import deque
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model import Tally
from chalicelib.rules import bursts

LOVED: Final = (2, 3, 7, 28, 60)
MIXED: Final = (20, 10, 15, 20, 35)
DISLIKED: Final = (55, 20, 10, 10, 5)
"""Of a hundred reviews, how many have 1, 2, 3, 4 and 5 stars."""
PROFILES: Final = {"loved": LOVED, "mixed": MIXED, "disliked": DISLIKED}
HISTORIES: Final = (0, 10, 100, 1000)
CROWDS: Final = (20, 100, 300)
"""Honest reviews in an hour: a good day, and the day that everybody links to the article."""
STEADY: Final = (200, 10)
"""Honest reviews, and how many of them come in each hour."""
FLOOD: Final = 200
ROUNDS: Final = 50

unhurried = settings(deadline=None, derandomize=True, database=None)
some = st.tuples(*[st.integers(0, 2000)] * 5)


def tally(stars: tuple[int, ...]) -> Tally:
    one, two, three, four, five = stars
    total = sum(star * number for star, number in enumerate(stars, 1))
    return Tally(sum(stars), total, (one, two, three, four, five))


def usual(profile: tuple[int, ...], reviews: int) -> tuple[int, ...]:
    return tuple(round(share * reviews / 100) for share in profile)


def drawn(profile: tuple[int, ...], reviews: int, chance: random.Random) -> list[int]:
    return chance.choices((1, 2, 3, 4, 5), profile, k=reviews)


def counted(ratings: list[int]) -> tuple[int, ...]:
    return tuple(ratings.count(star) for star in (1, 2, 3, 4, 5))


def held(past: tuple[int, ...], crowd: list[int], hourly: int) -> list[int]:
    """
    Let a crowd in; gives the places of those who were held.

    Args:
        hourly: How many of them come within an hour.
    """
    lately: deque[int] = deque(maxlen=hourly)
    recent, published, places = [0] * 5, list(past), []
    for place, rating in enumerate(crowd):
        if bursts.find(rating, tuple(recent), tally(tuple(published))) is None:
            published[rating - 1] += 1
        else:
            places.append(place)
        if len(lately) == hourly:
            recent[lately[0] - 1] -= 1
        lately.append(rating)
        recent[rating - 1] += 1
    return places


def honest(profile: tuple[int, ...], past: int, crowd: int, hourly: int) -> str:
    """Give the share of honest crowds that is held, where the history too is one of chance."""
    chance = random.Random(4711)
    lost = 0
    for _ in range(ROUNDS):
        before = counted(drawn(profile, past, chance))
        lost += len(held(before, drawn(profile, crowd, chance), hourly))
    return f"{100 * lost / (ROUNDS * crowd):.1f} %"


def flood(profile: tuple[int, ...], past: int, rating: int) -> str:
    """Give how many of a flood of the same stars are published before one is held."""
    places = held(usual(profile, past), [rating] * FLOOD, FLOOD)
    return str(places[0]) if places else f"all {FLOOD}"


def rows() -> list[str]:
    """Give the rows of the table in docs/moderation.md."""
    return [
        f"| {name} | {past} | "
        + " | ".join(
            [
                *(honest(profile, past, crowd, crowd) for crowd in CROWDS),
                honest(profile, past, *STEADY),
                *(flood(profile, past, rating) for rating in (1, 5)),
            ]
        )
        + " |"
        for name, profile in PROFILES.items()
        for past in HISTORIES
    ]


@pytest.mark.slow
def test_the_numbers_are_those_of_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "moderation.md").read_text().splitlines()

    assert [row for row in rows() if row not in manual] == []


@pytest.mark.parametrize(("past", "through"), [(0, 15), (10, 7), (100, 7), (1000, 7)])
def test_a_flood_of_single_stars_is_held_soon(past: int, through: int) -> None:
    places = held(usual(LOVED, past), [1] * FLOOD, FLOOD)

    assert places == list(range(through, FLOOD))


@pytest.mark.parametrize("past", [10, 100, 1000])
def test_a_flood_among_honest_reviews_is_held(past: int) -> None:
    chance = random.Random(1)
    crowd = [rating for honest in drawn(LOVED, 50, chance) for rating in (honest, 1)]

    waiting = held(usual(LOVED, past), crowd, len(crowd))

    assert len([place for place in waiting if place % 2]) >= 37
    assert {crowd[place] for place in waiting} == {1, 2}


@pytest.mark.parametrize("past", HISTORIES)
@pytest.mark.parametrize("name", PROFILES)
def test_honest_crowds_are_let_in(name: str, past: int) -> None:
    chance = random.Random(1)
    before = counted(drawn(PROFILES[name], past, chance))

    assert held(before, drawn(PROFILES[name], 100, chance), 100) == []


@pytest.mark.parametrize("profile", [(0, 0, 0, 0, 100), LOVED, (0, 0, 0, 50, 50)])
def test_the_launch_of_a_loved_article_is_no_burst(profile: tuple[int, ...]) -> None:
    crowd = drawn(profile, FLOOD, random.Random(1))

    assert held((0, 0, 0, 0, 0), crowd, FLOOD) == []


def test_only_the_side_that_comes_in_masses_waits() -> None:
    calm = tally(usual(LOVED, 100))
    recent = (20, 0, 0, 0, 0)

    assert bursts.find(1, recent, calm) == bursts.find(2, recent, calm) == "low"
    assert [bursts.find(rating, recent, calm) for rating in (0, 3, 4, 5)] == [None] * 4


def test_praise_that_was_called_for_is_held_too() -> None:
    hated = tally(usual(DISLIKED, 100))

    assert bursts.find(5, (0, 0, 0, 0, 12), hated) == "high"


def test_what_came_lately_is_no_history() -> None:
    """The first of a flood are published; they must not make the rest look usual."""
    recent = (8, 0, 0, 0, 0)

    assert bursts.find(1, recent, tally((10, 3, 7, 28, 60))) == "low"


def test_a_tally_that_is_behind_counts_nothing_below_zero() -> None:
    assert bursts.find(1, (9, 0, 0, 0, 0), tally((1, 0, 0, 0, 20))) == "low"


@pytest.mark.parametrize(
    ("recent", "side"),
    [((0, 0, 0, 0, 10**7), None), ((10**7, 0, 0, 0, 0), "low"), ((10**6, 0, 0, 0, 10**7), None)],
)
def test_a_crowd_may_be_as_large_as_it_likes(recent: tuple[int, ...], side: str | None) -> None:
    """The third is what the history lets expect, ten million times."""
    past = tuple(now + new for now, new in zip((9, 0, 0, 0, 91), recent, strict=True))

    assert bursts.find(1, recent, tally(past)) == side


@unhurried
@given(st.integers(0, 5), some, some)
def test_whatever_came_there_is_an_answer_for_its_side(
    rating: int, recent: tuple[int, ...], stars: tuple[int, ...]
) -> None:
    side = bursts.find(rating, recent, tally(stars))

    assert side in {None, "low" if rating < 3 else "high"}
    assert side is None or rating in bursts.SIDES[side]


@unhurried
@given(st.tuples(*[st.integers(0, 200)] * 5), st.tuples(*[st.integers(0, 300)] * 5))
def test_one_more_of_a_flood_ends_none(recent: tuple[int, ...], stars: tuple[int, ...]) -> None:
    one, *others = recent
    more = (one + 1, *others)
    before = tally(tuple(now + new for now, new in zip(stars, recent, strict=True)))
    after = tally(tuple(now + new for now, new in zip(stars, more, strict=True)))

    if bursts.find(1, recent, before) is not None:
        assert bursts.find(1, more, after) == "low"


@unhurried
@given(st.integers(1, 60), st.data())
def test_the_likelihood_is_the_sum_over_all_that_are_as_many(of: int, data: st.DataObject) -> None:
    """Against the definition, with shares that make it a sum of fractions: beta(1, 1)."""
    least = data.draw(st.integers(0, of))

    found = bursts._likelihood(least, of, 1, 1)

    assert math.isclose(found, (of - least + 1) / (of + 1))
