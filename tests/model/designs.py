"""
Ways to tally reviews from a stream of records, as machines of atomic DynamoDB calls.

| design               | calls for a record                   | verdict                            |
| -------------------- | ------------------------------------ | ---------------------------------- |
| `PlainAdd`           | ADD new - old                        | wrong: a redelivery counts again   |
| `MarkThenAdd`        | mark the record; ADD                 | wrong: a crash between loses it    |
| `AddThenMark`        | look for the mark; ADD; mark         | wrong: a crash between repeats it  |
| `Watermark`          | ADD if newer than the last counted   | wrong: drops what arrives late     |
| `Ledger`, ours       | read tally; entry and tally together | right: replaces what it counted    |
| - not `asks_counted` | without comparing contributions      | wrong: takes back what never was   |
| - not `asks_newer`   | without comparing revisions          | wrong: a late 0 -> 4 fits again    |
| - not `asks_unmoved` | without comparing the tally read     | numbers right: ADD; score wrong    |
| `Coalescing`         | as `Ledger`, two records at once     | right, with fewer calls            |
| `Reconciling`        | as `Ledger`, a review as it is now   | right even if every record is lost |
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

from tests.model.checker import Message, Promise

History: TypeAlias = tuple[tuple[int, ...], ...]
"""Per review of one article, its contribution (stars, 0 = none) at revision 1, 2, ..."""


class Record(NamedTuple):
    """One write to a review; `old` is the first guess at its ledger entry's contribution."""

    review: int
    revision: int
    old: int
    new: int

    def __str__(self) -> str:
        return f"review {self.review} revision {self.revision} ({self.old} -> {self.new})"


class Tally(NamedTuple):
    """Count and total as `numbers`; `scored` are those that the score was computed from."""

    revision: int = 0
    numbers: tuple[int, int] = (0, 0)
    scored: tuple[int, int] = (0, 0)


class Entry(NamedTuple):
    """A review's ledger entry; the default stands for an absent one, so 0 -> n fits it."""

    revision: int = 0
    contribution: int = 0


class Memory(NamedTuple):
    """The derived table; `marks` are the records that were marked as counted."""

    ledger: tuple[Entry, ...]
    tally: Tally = Tally()
    marks: frozenset[Record] = frozenset()


def records_of(history: History) -> list[Record]:
    return [
        Record(review, revision, old, new)
        for review, stars in enumerate(history)
        for revision, (old, new) in enumerate(zip((0, *stars), stars, strict=False), start=1)
    ]


def add(numbers: tuple[int, int], *changes: Record) -> tuple[int, int]:
    count, total = numbers
    for change in changes:
        count += (change.new > 0) - (change.old > 0)
        total += change.new - change.old
    return count, total


def recount(*contributions: int) -> tuple[int, int]:
    return sum(each > 0 for each in contributions), sum(contributions)


class Work(NamedTuple):
    """`place` of the record in the stream, from 1; `calls` made for it so far."""

    record: Record
    place: int
    calls: int = 0


class PlainAdd:
    """Add the difference that the record shows."""

    def start(self, history: History) -> Memory:
        return Memory(ledger=(Entry(),) * len(history))

    def messages(self, history: History) -> list[Message[Work]]:
        return [
            Message(str(record), Work(record, place), settles=1 << place)
            for place, record in enumerate(records_of(history), start=1)
        ]

    def step(self, memory: Memory, work: Work) -> tuple[str, Memory, Work | None]:
        tally = memory.tally._replace(numbers=add(memory.tally.numbers, work.record))
        return "add", memory._replace(tally=tally), None

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        if at_rest:
            truth = recount(*(stars[-1] for stars in history))
            yield Promise("tally is the reviews'", truth, memory.tally.numbers)


class MarkThenAdd(PlainAdd):
    """Claim the record first, as idempotency wrappers do around their function."""

    def step(self, memory: Memory, work: Work) -> tuple[str, Memory, Work | None]:
        if work.calls == 1:
            return super().step(memory, work)
        if work.record in memory.marks:
            return "is marked", memory, None
        return "mark", memory._replace(marks=memory.marks | {work.record}), work._replace(calls=1)


class AddThenMark(PlainAdd):
    """Remember the record once it is counted."""

    def step(self, memory: Memory, work: Work) -> tuple[str, Memory, Work | None]:
        if work.calls == 2:
            return "mark", memory._replace(marks=memory.marks | {work.record}), None
        if work.calls == 1:
            return *super().step(memory, work)[:2], work._replace(calls=2)
        if work.record in memory.marks:
            return "is marked", memory, None
        return "is not marked", memory, work._replace(calls=1)


class Watermark(PlainAdd):
    """Let the tally's revision be the place of the last record counted."""

    def step(self, memory: Memory, work: Work) -> tuple[str, Memory, Work | None]:
        if memory.tally.revision >= work.place:
            return "is below the watermark", memory, None
        tally = Tally(work.place, add(memory.tally.numbers, work.record))
        return "add", memory._replace(tally=tally), None


class Attempt(NamedTuple):
    """Changes of different reviews, and the tally that they start from once it is read."""

    changes: tuple[Record, ...]
    seen: Tally | None = None


@dataclass(frozen=True)
class Ledger:
    """Replace the review's entry and add what that changes; False leaves a condition out."""

    asks_newer: bool = True
    asks_counted: bool = True
    asks_unmoved: bool = True

    def start(self, history: History) -> Memory:
        return Memory(ledger=(Entry(),) * len(history))

    def messages(self, history: History) -> list[Message[Attempt]]:
        # A record that changes no contribution makes no call, so it is no message at all.
        return [
            Message(str(record), Attempt((record,)), settles=1 << place)
            for place, record in enumerate(records_of(history))
            if record.old != record.new
        ]

    def fits(self, entry: Entry, change: Record) -> bool:
        newer = entry.revision < change.revision or not self.asks_newer
        return newer and (entry.contribution == change.old or not self.asks_counted)

    def step(self, memory: Memory, attempt: Attempt) -> tuple[str, Memory, Attempt | None]:
        (ledger, tally, _), (changes, seen) = memory, attempt
        if seen is None:
            return "read tally", memory, Attempt(changes, tally)
        corrected = tuple(self.corrected(ledger, changes))
        if not corrected:
            return "is stale", memory, None
        # Changes that cancel each other out leave the tally alone, whatever became of it.
        scored = add(seen.numbers, *changes)
        counts = scored != seen.numbers
        if counts and self.asks_unmoved and seen.revision != tally.revision:
            return "tally has moved", memory, Attempt(corrected)
        if corrected != changes:
            return "entry differs", memory, Attempt(corrected, seen)
        entries = dict(enumerate(ledger))
        entries |= {each.review: Entry(each.revision, each.new) for each in changes}
        if counts:
            tally = Tally(tally.revision + 1, add(tally.numbers, *changes), scored)
        return "commit", Memory(tuple(entries.values()), tally), None

    def corrected(self, ledger: Sequence[Entry], changes: Sequence[Record]) -> Iterator[Record]:
        for change in changes:
            entry = ledger[change.review]
            # A cancelled transaction shows only the entries that did not fit.
            if self.fits(entry, change):
                yield change
            elif entry.revision < change.revision:
                yield change._replace(old=entry.contribution)

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        counted = tuple(entry.contribution for entry in memory.ledger)
        yield Promise("tally is the ledger's", recount(*counted), memory.tally.numbers)
        was = tuple((0, *stars)[at] for (at, _), stars in zip(memory.ledger, history, strict=True))
        yield Promise("ledger was the reviews'", was, counted)
        if at_rest:
            truth = tuple(stars[-1] for stars in history)
            yield Promise("ledger is the reviews'", truth, counted)
        yield Promise("score is the tally's", memory.tally.numbers, memory.tally.scored)


class Coalescing(Ledger):
    """Also take any two records in one transaction; of one review, the newer stands for both."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        alone = super().messages(history)
        return alone + [
            Message(
                f"{one.name} and {two.name}",
                Attempt(self.coalesced(*one.start.changes, *two.start.changes)),
                one.settles | two.settles,
            )
            for one, two in combinations(alone, 2)
        ]

    def coalesced(self, older: Record, newer: Record) -> tuple[Record, ...]:
        same = older.review == newer.review
        return (newer._replace(old=older.old),) if same else (older, newer)


class Reconciling(Ledger):
    """Lose any record; read every review again, at the latest after its last write."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        stream = [Message(each.name, each.start, settles=0) for each in super().messages(history)]
        # A reading has no old image. Any guess will do, but it is none to skip a record for.
        return stream + [
            Message(
                f"reading of {record}",
                Attempt((record._replace(old=0),)),
                settles=(record.revision == len(history[record.review])) << record.review,
            )
            for record in records_of(history)
        ]
