"""Review bombs are held after a few; honest crowds are not. docs/moderation.md has the numbers."""

import random
from pathlib import Path
from typing import Final

import pytest

from chalicelib.model import Tally
from chalicelib.rules import bursts

LOVED: Final = (2, 3, 7, 28, 60)
MIXED: Final = (20, 10, 15, 20, 35)
DISLIKED: Final = (55, 20, 10, 10, 5)
"""Of a hundred reviews, how many have 1, 2, 3, 4 and 5 stars."""
HISTORIES: Final = (0, 10, 100, 1000)
CROWDS: Final = (20, 100)
"""Honest reviews in an hour: a good day, and the day that everybody links to the article."""
ROUNDS: Final = 200


def tally(stars: tuple[int, ...]) -> Tally:
    one, two, three, four, five = stars
    total = sum(star * number for star, number in enumerate(stars, 1))
    return Tally(sum(stars), total, (one, two, three, four, five))


def history(profile: tuple[int, ...], reviews: int) -> tuple[int, ...]:
    return tuple(round(share * reviews / 100) for share in profile)


def held(profile: tuple[int, ...], past: tuple[int, ...], crowd: list[int]) -> list[int]:
    """Let a crowd in within an hour; gives the places of those who were held."""
    recent, published, places = [0] * 5, list(past), []
    for place, rating in enumerate(crowd):
        if bursts.find(rating, tuple(recent), tally(tuple(published))) is None:
            published[rating - 1] += 1
        else:
            places.append(place)
        recent[rating - 1] += 1
    return places


def honest(profile: tuple[int, ...], past: int, crowd: int) -> float:
    """Give the share of an honest crowd that is held, in percent."""
    chance = random.Random(4711)
    lost = 0
    for _ in range(ROUNDS):
        ratings = chance.choices((1, 2, 3, 4, 5), profile, k=crowd)
        lost += len(held(profile, history(profile, past), ratings))
    return round(100 * lost / (ROUNDS * crowd), 1)


def bomb(profile: tuple[int, ...], past: int, rating: int) -> int:
    """Give how many of a flood of the same stars are published before one is held."""
    places = held(profile, history(profile, past), [rating] * 200)
    return places[0] if places else 200


def rows() -> list[str]:
    """Give the rows of the table in docs/moderation.md."""
    table = []
    for name, profile in (("loved", LOVED), ("mixed", MIXED), ("disliked", DISLIKED)):
        for past in HISTORIES:
            lost = [f"{honest(profile, past, crowd)} %" for crowd in CROWDS]
            through = [str(bomb(profile, past, rating)) for rating in (1, 5)]
            table.append(f"| {name} | {past} | " + " | ".join([*lost, *through]) + " |")
    return table


@pytest.mark.slow
def test_the_numbers_are_those_of_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "moderation.md").read_text().splitlines()

    assert [row for row in rows() if row not in manual] == []


@pytest.mark.parametrize("past", HISTORIES)
def test_a_flood_of_single_stars_is_held_after_a_dozen(past: int) -> None:
    assert 7 <= bomb(LOVED, past, 1) <= 12


@pytest.mark.parametrize("past", [10, 100, 1000])
def test_honest_crowds_are_let_in(past: int) -> None:
    for profile in (LOVED, MIXED, DISLIKED):
        chance = random.Random(1)
        crowd = chance.choices((1, 2, 3, 4, 5), profile, k=50)
        assert len(held(profile, history(profile, past), crowd)) <= 1


def test_the_launch_of_a_loved_article_is_no_burst() -> None:
    crowd = random.Random(1).choices((1, 2, 3, 4, 5), LOVED, k=200)

    assert held(LOVED, (0, 0, 0, 0, 0), crowd) == []


def test_only_the_side_that_comes_in_masses_waits() -> None:
    calm = tally(history(LOVED, 100))
    flood = (20, 0, 0, 0, 0)

    assert bursts.find(1, flood, calm) == bursts.find(2, flood, calm) == "low"
    assert [bursts.find(rating, flood, calm) for rating in (3, 4, 5)] == [None] * 3


def test_praise_that_was_called_for_is_held_too() -> None:
    hated = tally(history(DISLIKED, 100))

    assert bursts.find(5, (0, 0, 0, 0, 12), hated) == "high"


def test_what_came_lately_is_no_history() -> None:
    """The first of a flood are published; they must not make the rest look usual."""
    recent = (8, 0, 0, 0, 0)

    assert bursts.find(1, recent, tally((10, 3, 7, 28, 60))) == "low"


def test_a_tally_that_is_behind_counts_nothing_below_zero() -> None:
    assert bursts.find(1, (9, 0, 0, 0, 0), tally((1, 0, 0, 0, 20))) == "low"
