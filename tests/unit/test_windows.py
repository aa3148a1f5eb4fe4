"""Sliding windows: any span of the window's length holds at most the limit."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model import Bucket, Counter
from chalicelib.rules import windows

WINDOW = 600
START = int(datetime(2026, 3, 14, tzinfo=UTC).timestamp())


def counter(most: int, *buckets: Bucket) -> Counter:
    return Counter("site", most, WINDOW, buckets=buckets)


def taken(most: int, arrivals: list[int]) -> tuple[list[int], Counter]:
    """Let in who fits; gives when, and the counter afterwards."""
    kept, counted = [], counter(most)
    for at in arrivals:
        if windows.wait(counted, at) == 0:
            counted = windows.add(counted, at)
            kept.append(at)
    return kept, counted


@given(
    most=st.integers(1, 5),
    gaps=st.lists(st.integers(0, 400), min_size=1, max_size=60),
)
@settings(max_examples=300, deadline=None)
def test_no_span_of_the_window_holds_more_than_the_limit(most: int, gaps: list[int]) -> None:
    arrivals, at = [], START
    for gap in gaps:
        at += gap
        arrivals.append(at)

    kept, _ = taken(most, arrivals)

    for end in kept:
        assert sum(end - WINDOW < one <= end for one in kept) <= most


@given(most=st.integers(1, 5), gaps=st.lists(st.integers(0, 90), min_size=5, max_size=30))
@settings(max_examples=200, deadline=None)
def test_after_the_wait_one_more_fits_and_a_second_before_none_does(
    most: int, gaps: list[int]
) -> None:
    at, counted = START, counter(most)
    for gap in gaps:
        at += gap
        wait = windows.wait(counted, at)
        if wait:
            assert windows.wait(counted, at + wait) == 0
            assert windows.wait(counted, at + wait - 1) == 1
            assert wait <= windows.reach(WINDOW)
        else:
            counted = windows.add(counted, at)


def test_a_tenth_of_the_window_is_counted_together() -> None:
    counted = windows.add(windows.add(counter(9), START), START + 59)

    assert [bucket.n for bucket in counted.buckets] == [2]


def test_what_left_the_window_is_dropped() -> None:
    counted = windows.add(counter(9), START)

    later = windows.add(counted, START + windows.reach(WINDOW))

    assert [bucket.number for bucket in later.buckets] == [(START + 660) // 60]
    assert windows.used(counted, START + windows.reach(WINDOW) - 1) == 1
    assert windows.used(counted, START + windows.reach(WINDOW)) == 0


def test_a_clock_that_is_behind_counts_into_the_newest_bucket() -> None:
    counted = windows.add(counter(9), START + 300)

    behind = windows.add(counted, START)

    assert [bucket.n for bucket in behind.buckets] == [2]
    assert windows.used(behind, START) == 2


def test_stars_are_counted_where_they_are_given() -> None:
    counted = windows.add(windows.add(counter(9), START, rating=1), START + 60, rating=5)

    assert windows.by_stars(windows.add(counted, START + 60), START + 60) == (1, 0, 0, 0, 1)


def test_a_limit_that_was_lowered_waits_until_enough_have_left() -> None:
    first, second = START // 60, START // 60 + 1
    counted = counter(2, Bucket(first, 3), Bucket(second, 3))

    assert windows.wait(counted, START + 60) == (second + 11) * 60 - (START + 60)


def test_the_reset_is_when_the_oldest_leaves() -> None:
    assert windows.reset(counter(1), START) == 0
    assert windows.reset(windows.add(counter(1), START), START) == windows.reach(WINDOW)


def test_a_row_outlives_what_it_counts() -> None:
    assert windows.expires_at(windows.add(counter(1), START)) == START + windows.reach(WINDOW)
