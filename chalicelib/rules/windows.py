"""
Sliding windows: how much was counted lately, and when the next one fits.

A window is counted in ten buckets. It reaches over the current one and the
ten before, the oldest as a whole, so that no span of the window's length ever
holds more than the limit; the price is that room returns up to a tenth late.
"""

from dataclasses import replace
from itertools import accumulate
from typing import Final

from chalicelib.model import STARS, Bucket, Counter

BUCKETS: Final = 10


def used(counter: Counter, at: int) -> int:
    """
    Count what the window holds.

    Args:
        at: Epoch seconds.
    """
    return sum(bucket.n for bucket in _live(counter, at))


def room(counter: Counter, at: int) -> int:
    """Say how much the newest bucket may hold in all; the earlier ones no longer change."""
    return counter.most - sum(bucket.n for bucket in _live(counter, at)[:-1])


def wait(counter: Counter, at: int) -> int:
    """
    Say how long it is until one more fits.

    Returns:
        Seconds; 0 for now.
    """
    live, total = _live(counter, at), used(counter, at)
    if total < counter.most:
        return 0
    gone = accumulate(bucket.n for bucket in live)
    return next(
        _leaves(counter, bucket) - at
        for bucket, left in zip(live, gone, strict=True)
        if total - left < counter.most
    )


def reset(counter: Counter, at: int) -> int:
    """Say in how many seconds the oldest of what was counted leaves the window; 0 when empty."""
    return next((_leaves(counter, bucket) - at for bucket in _live(counter, at) if bucket.n), 0)


def by_stars(counter: Counter, at: int) -> tuple[int, int, int, int, int]:
    """Count what the window holds with 1, 2, 3, 4 and 5 stars."""
    live = _live(counter, at)
    one, two, three, four, five = (sum(bucket.stars[star - 1] for bucket in live) for star in STARS)
    return one, two, three, four, five


def add(counter: Counter, at: int, rating: int | None = None) -> Counter:
    """
    Count one more, with its stars if they are counted.

    Returns:
        What the counter is afterwards, without the buckets that have left.
    """
    *past, current = _live(counter, at)
    stars = tuple(n + (star == rating) for star, n in zip(STARS, current.stars, strict=True))
    return replace(counter, buckets=(*past, Bucket(current.number, current.n + 1, stars)))


def reach(window: int) -> int:
    """Say how many seconds a window looks back at the most."""
    return window + window // BUCKETS


def expires_at(counter: Counter) -> int:
    """Say when nothing of a counter is in the window any more, in epoch seconds."""
    return _leaves(counter, counter.buckets[-1])


def _live(counter: Counter, at: int) -> tuple[Bucket, ...]:
    """
    Give the buckets of the window, the current one last.

    A clock that is behind another's counts into the newest bucket: an earlier one no
    longer changes.
    """
    newest = counter.buckets[-1:]
    current = max(at // _length(counter), *(bucket.number for bucket in newest), 0)
    live = tuple(bucket for bucket in counter.buckets if bucket.number >= current - BUCKETS)
    if live and live[-1].number == current:
        return live
    return (*live, Bucket(current, 0))


def _leaves(counter: Counter, bucket: Bucket) -> int:
    return (bucket.number + BUCKETS + 1) * _length(counter)


def _length(counter: Counter) -> int:
    return counter.window // BUCKETS
