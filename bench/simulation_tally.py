"""
How the tally keeps up with what was accepted: a discrete-event simulation.

It plays what `chalicelib.workers` does with a batch, call by call: read, then
one transaction for 99 reviews and the tally, on condition that the tally is
still as it was read; eight refusals or six conflicts, then one review at a
time; then the rest of the batch comes again. What is simplified: a batch comes
again without end (the event source gives up after ten retries and the
reconciler takes over), and every record is a new published review.
"""

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from bench.simulation_intake import ATTEMPTS, PARTITION_WRITES, Settings

INVOKE: Final = 0.010
"""Seconds from the end of one batch to the start of the next one's handler. Assumed."""
READ: Final = 0.010
"""Seconds of a BatchGetItem of up to 100 rows. Assumed."""
PREPARE: Final = 0.025
"""Seconds of CPU for 99 reviews, at 512 MB; proportional for fewer. Assumed."""
TRANSACT: Final = 0.010
"""Seconds of a transaction of no action at all. Assumed."""
ACTION: Final = 0.0003
"""Seconds more for each action. Assumed."""
WINDOW: Final = 1.0
"""Seconds that the event source waits for a full batch."""
MOST_ENTRIES: Final = 99
REFUSALS: Final = 8
BY_RANK: Final = 2
"""Write units for a tally that moves in `by_rank`."""
_MOST_ROWS: Final = 100
_TICK: Final = 0.05
"""Seconds between two looks at the stream."""
_PATIENCE: Final = 86_400
"""Seconds; a stream forgets after them."""

Steps: TypeAlias = Generator[float, None, bool]
"""Yields the seconds until the next step; returns whether it came to its end."""


@dataclass
class _Row:
    """A tally's row, or one of its shards."""

    count: int = 0
    revision: int = 0
    held: bool = False


@dataclass
class _Lane:
    """What is delivered in order. `waiting`: accepted at, how many."""

    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    records: int = 0
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of the accepted reviews.

    Attributes:
        counted: Sum of the tally's rows.
        refused: Transactions that found the row held or changed.
        peak_backlog: Most reviews that were accepted and not yet counted.
        iterator_age: Highest age of an uncounted review, seconds.
        lags: Reviews by their seconds from acceptance to the tally, in steps of 10 ms.
        drained: Seconds from the last acceptance until all was counted.
        units: Write units, refused transactions and `by_rank` included.
        read_units: Of rows read before they are written; a refusal brings its rows along.
    """

    accepted: int
    counted: int
    refused: int
    peak_backlog: int
    iterator_age: float
    lags: Counter[float]
    drained: float
    units: int
    read_units: int

    def lag(self, share: float) -> float:
        """Give the lag, in seconds, that `share` of the reviews do not exceed."""
        left = share * self.counted
        for lag in sorted(self.lags):
            left -= self.lags[lag]
            if left <= 0:
                return lag
        return 0.0


class TallySimulation:
    """One run. Steps of lanes are generators that yield the seconds until their next step."""

    def __init__(self, settings: Settings, accepted_rate: float, seed: int) -> None:
        self._settings = settings
        self._rate = accepted_rate
        self._random = random.Random(seed)  # noqa: S311 - a simulation
        self._rows = [_Row() for _ in range(settings.tally_shards)]
        self._lanes = [_Lane() for _ in range(settings.shards * settings.parallelization)]
        self._workers = settings.workers or len(self._lanes)
        self._busy = 0
        self._events: list[tuple[float, int, _Lane, Steps]] = []
        self._number = 0
        self._now = 0.0
        self._ledger_free = 0.0
        self._accepted = self._counted = self._refused = self._peak = 0
        self._units = self._read_units = 0
        self._age = self._finished = 0.0
        self._lags: Counter[float] = Counter()

    def run(self) -> Outcome:
        """Play the load and what is left after it."""
        end = self._settings.minutes * 60
        tick = 0
        while tick * _TICK < end or self._counted < self._accepted:
            if tick * _TICK > end + _PATIENCE:
                break
            self._advance(tick * _TICK)
            if tick * _TICK < end:
                self._accept(round(self._rate * (tick + 1) * _TICK))
            self._observe()
            tick += 1
        return Outcome(
            self._accepted,
            sum(row.count for row in self._rows),
            self._refused,
            self._peak,
            self._age,
            self._lags,
            max(0.0, self._finished - end),
            self._units,
            self._read_units,
        )

    def _accept(self, until_now: int) -> None:
        fresh, self._accepted = until_now - self._accepted, until_now
        each, rest = divmod(fresh, len(self._lanes))
        lucky = set(self._random.sample(range(len(self._lanes)), rest))
        for position, lane in enumerate(self._lanes):
            if records := each + (position in lucky):
                lane.waiting.append((self._now, records))
                lane.records += records

    def _observe(self) -> None:
        self._peak = max(self._peak, self._accepted - self._counted)
        for lane in self._lanes:
            if lane.waiting:
                self._age = max(self._age, self._now - lane.waiting[0][0])
                self._start(lane)

    def _start(self, lane: _Lane) -> None:
        if lane.is_busy or not lane.waiting or self._busy >= self._workers:
            return
        if lane.records >= self._settings.batch or self._is_due(lane):
            lane.is_busy = True
            self._busy += 1
            self._schedule(lane, self._deliver(lane, min(lane.records, self._settings.batch)))

    def _longest_waiting(self) -> _Lane:
        idle = [lane for lane in self._lanes if lane.waiting and not lane.is_busy]
        return min(idle, key=lambda lane: lane.waiting[0][0], default=self._lanes[0])

    def _is_due(self, lane: _Lane) -> bool:
        return self._now - lane.waiting[0][0] >= WINDOW - 1e-9

    def _schedule(self, lane: _Lane, steps: Steps) -> None:
        self._number += 1
        pause = next(steps, None)
        if pause is not None:
            heapq.heappush(self._events, (self._now + pause, self._number, lane, steps))
            return
        lane.is_busy = False
        self._busy -= 1
        self._start(self._longest_waiting() if self._workers < len(self._lanes) else lane)

    def _advance(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self._now, _, lane, steps = heapq.heappop(self._events)
            self._schedule(lane, steps)
        self._now = until

    def _deliver(self, lane: _Lane, records: int) -> Steps:
        """One invocation. Whatever it leaves uncounted is at the head of its lane again."""
        yield self._about(INVOKE)
        yield self._read(records)
        left = records
        while left:
            part = min(left, MOST_ENTRIES)
            if left < records:
                yield self._read(part)
            if not (yield from self._apply(lane, part)):
                break
            left -= part
        for _ in range(left):
            yield self._read(1)
            if not (yield from self._apply(lane, 1)):
                return False
        return True

    def _read(self, reviews: int) -> float:
        """Read the tally and these entries, strongly consistent."""
        self._read_units += reviews + 1
        return self._about(READ * math.ceil((reviews + 1) / _MOST_ROWS))

    def _apply(self, lane: _Lane, reviews: int) -> Steps:
        """Count reviews that were read just now; says whether they are counted."""
        row = self._random.choice(self._rows)
        seen = row.revision
        for _ in range(REFUSALS):
            yield self._about(PREPARE * reviews / MOST_ENTRIES)
            if not (yield from self._until_free(row, reviews)):
                return False
            if row.revision != seen:
                seen = row.revision
                self._refused += 1
                yield self._about(TRANSACT)
                continue
            row.held = True
            yield self._about(TRANSACT + ACTION * (reviews + 1))
            row.held = False
            row.revision += 1
            row.count += reviews
            self._units += BY_RANK
            self._count(lane, reviews)
            return True
        return False

    def _until_free(self, row: _Row, reviews: int) -> Steps:
        """Send the transaction, again while another holds the row: `client.call`."""
        for attempt in range(ATTEMPTS):
            yield self._throttle(reviews)
            self._units += 2 * reviews + 2
            if not row.held:
                return True
            self._refused += 1
            yield self._about(TRANSACT) + self._random.uniform(0, 0.01 * 2**attempt)
        return False

    def _throttle(self, reviews: int) -> float:
        """Wait for the ledger's partitions, which take turns evenly."""
        begin = max(self._now, self._ledger_free)
        self._ledger_free = begin + 2 * reviews / (PARTITION_WRITES * self._settings.shards)
        return begin - self._now

    def _count(self, lane: _Lane, reviews: int) -> None:
        lane.records -= reviews
        self._counted += reviews
        self._finished = self._now
        while reviews:
            accepted_at, records = lane.waiting[0]
            taken = min(records, reviews)
            self._lags[round(self._now - accepted_at, 2)] += taken
            reviews -= taken
            if taken == records:
                lane.waiting.popleft()
            else:
                lane.waiting[0] = (accepted_at, records - taken)

    def _about(self, seconds: float) -> float:
        return seconds * self._random.uniform(0.75, 1.25)


def limits(settings: Settings) -> dict[str, float]:
    """Say how many reviews per second each part of the tally counts, if nothing else bound."""
    first = min(settings.batch, MOST_ENTRIES)
    second = settings.batch - first
    alone = INVOKE + READ * math.ceil((settings.batch + 1) / _MOST_ROWS) + _work(first)
    if second:
        alone += READ + _work(second)
    lanes = settings.shards * settings.parallelization
    return {
        "tally workers": min(lanes, settings.workers or lanes) * settings.batch / alone,
        "ledger's partition": PARTITION_WRITES * settings.shards / 2,
        # No two transactions at once; what is lost to refusals comes on top.
        "tally row": settings.tally_shards * first / (TRANSACT + ACTION * (first + 1)),
    }


def _work(reviews: int) -> float:
    return PREPARE * reviews / MOST_ENTRIES + TRANSACT + ACTION * (reviews + 1)
