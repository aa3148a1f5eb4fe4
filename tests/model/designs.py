"""
Ways to tally reviews from a stream of records, as machines of atomic DynamoDB calls.

| design                           | calls for a record                  | verdict                 |
| -------------------------------- | ----------------------------------- | ----------------------- |
| `Calls` add                      | ADD new - old                       | wrong: counts again     |
| `Calls` mark, add                | mark the record; ADD                | wrong: loses in a crash |
| `Calls` look for mark, add, mark | look; ADD; mark the record          | wrong: repeats in one   |
| `Calls` add above watermark      | ADD if newer than the last counted  | wrong: drops the late   |
| `Calls` add with newer entry     | entry if newer, ADD new - old       | wrong: trusts images    |
| `Ledger`, ours                   | read rows; entry and tally together | right                   |
| - not `asks_age`                 | whatever the entry's revision       | wrong: the old returns  |
| - not `asks_row`                 | without comparing the entry         | wrong: counts again     |
| - not `asks_sum`                 | without comparing the tally         | numbers right, score no |
| `Coalescing`                     | as `Ledger`, two records at once    | right, in fewer calls   |
| `Vanishing`, ours                | as `Ledger`, by id what may vanish  | right                   |
| - not `goes_by_id`               | one entry for a key that begins new | wrong: the new is late  |
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple, TypeAlias, TypeVar

from tests.model.checker import Message, Outcome, Promise

History: TypeAlias = tuple[tuple[int, ...], ...]
"""Per review of one article, its contribution (stars, 0 = none) at revision 1, 2, ...

Below 0 it is counted as one that the public cannot read.
"""
Numbers: TypeAlias = tuple[int, int]
"""Count and total."""
Row = TypeVar("Row")

UNREAD: Final = -1
"""As a revision: the row is not read yet."""


class Record(NamedTuple):
    """One write to a review."""

    review: int
    revision: int
    old: int
    new: int

    def __str__(self) -> str:
        return f"review {self.review} revision {self.revision} ({self.old} -> {self.new})"


class Tally(NamedTuple):
    """
    What is known of an article.

    Attributes:
        revision: Raised by every change of a published review.
        scored: The numbers that the score was computed from.
        hidden: How many the public cannot read.
        counts: Raised by every change, of a hidden one too.
    """

    revision: int = 0
    numbers: Numbers = (0, 0)
    scored: Numbers = (0, 0)
    hidden: int = 0
    counts: int = 0


class Entry(NamedTuple):
    """A review's ledger entry; the default stands for an absent one."""

    revision: int = 0
    contribution: int = 0


class Memory(NamedTuple):
    """`marks`: records marked as counted; `met`: each review's newest revision met by anybody."""

    ledger: tuple[Entry, ...]
    tally: Tally = Tally()
    marks: frozenset[Record] = frozenset()
    met: tuple[int, ...] = ()


def records_of(history: History) -> list[Record]:
    return [
        Record(review, revision, old, new)
        for review, stars in enumerate(history)
        for revision, (old, new) in enumerate(zip((0, *stars), stars, strict=False), start=1)
    ]


def put(rows: tuple[Row, ...], at: int, row: Row) -> tuple[Row, ...]:
    return (*rows[:at], row, *rows[at + 1 :])


def moved(numbers: Numbers, moves: Iterable[tuple[int, int]]) -> Numbers:
    count, total = numbers
    for old, new in moves:
        count += (new > 0) - (old > 0)
        total += max(new, 0) - max(old, 0)
    return count, total


def hidden_in(contributions: Iterable[int]) -> int:
    return sum(contribution < 0 for contribution in contributions)


def recount(entries: Iterable[Entry]) -> Numbers:
    return moved((0, 0), ((0, entry.contribution) for entry in entries))


class Work(NamedTuple):
    """`place` of the record in the stream, from 1; `calls` made for it so far."""

    record: Record
    place: int
    calls: int = 0


def add(memory: Memory, work: Work) -> Memory:
    """Let the tally's revision be the place of the last record counted."""
    numbers = moved(memory.tally.numbers, [(work.record.old, work.record.new)])
    return memory._replace(tally=Tally(work.place, numbers))


def look_for_mark(memory: Memory, work: Work) -> Memory | None:
    return None if work.record in memory.marks else memory


def mark(memory: Memory, work: Work) -> Memory | None:
    marks = memory.marks | {work.record}
    return None if work.record in memory.marks else memory._replace(marks=marks)


def add_above_watermark(memory: Memory, work: Work) -> Memory | None:
    return None if memory.tally.revision >= work.place else add(memory, work)


def add_with_newer_entry(memory: Memory, work: Work) -> Memory | None:
    review, revision, _, new = work.record
    if memory.ledger[review].revision >= revision:
        return None
    return add(memory, work)._replace(ledger=put(memory.ledger, review, Entry(revision, new)))


@dataclass(frozen=True)
class Calls:
    """Make these calls for a record, one after the other; one that gives None was the last."""

    calls: tuple[Callable[[Memory, Work], Memory | None], ...]

    def start(self, history: History) -> Memory:
        return Memory(ledger=(Entry(),) * len(history))

    def messages(self, history: History) -> list[Message[Work]]:
        return [
            Message(str(record), Work(record, place), settles=1 << place)
            for place, record in enumerate(records_of(history), start=1)
        ]

    def step(self, memory: Memory, work: Work) -> Iterator[Outcome[Memory, Work]]:
        call, made = self.calls[work.calls], work.calls + 1
        name, after = call.__name__.replace("_", " "), call(memory, work)
        onward = work._replace(calls=made) if after and made < len(self.calls) else None
        yield name if after else f"{name}: no", after or memory, onward

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        if at_rest:
            truth = moved((0, 0), ((0, stars[-1]) for stars in history))
            yield Promise("tally is the reviews'", truth, memory.tally.numbers)


class Change(NamedTuple):
    """`over`: an entry to replace whatever its revision; `seen`: the review's, once it is read."""

    review: int
    new: Entry
    over: Entry | None = None
    seen: Entry = Entry(UNREAD)


class Attempt(NamedTuple):
    """Changes of different reviews, the tally once it is read, and changes to make afterwards."""

    changes: tuple[Change, ...]
    seen: Tally = Tally(UNREAD)
    then: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """
    Replace older entries and add what that changes; False leaves a condition out.

    BatchGetItem reads each row at a moment of its own, so here each is a call, in any order.
    """

    asks_age: bool = True
    asks_row: bool = True
    asks_sum: bool = True

    def start(self, history: History) -> Memory:
        return Memory(ledger=(Entry(),) * len(history))

    def messages(self, history: History) -> list[Message[Attempt]]:
        # A record that changes no contribution makes no call, so it is no message at all.
        return [
            Message(
                str(record),
                Attempt((Change(record.review, Entry(record.revision, record.new)),)),
                settles=1 << place,
            )
            for place, record in enumerate(records_of(history))
            if record.old != record.new
        ]

    def step(self, memory: Memory, attempt: Attempt) -> Sequence[Outcome[Memory, Attempt]]:
        return [*self.reads(memory, attempt)] or [self.commit(memory, attempt)]

    def reads(self, memory: Memory, attempt: Attempt) -> Iterator[Outcome[Memory, Attempt]]:
        changes, seen, _ = attempt
        if seen.revision == UNREAD:
            yield "read tally", memory, attempt._replace(seen=memory.tally)
        for at, change in enumerate(changes):
            if change.seen.revision == UNREAD:
                read = change._replace(seen=memory.ledger[change.review])
                onward = self.onward(attempt._replace(changes=put(changes, at, read)))
                yield f"read entry {change.review}", memory, onward

    def commit(self, memory: Memory, attempt: Attempt) -> Outcome[Memory, Attempt]:
        (ledger, tally, *_), (changes, seen, _) = memory, attempt
        moves = [(change.seen.contribution, change.new.contribution) for change in changes]
        counts = self.counts(moves)
        scores = self.counts((max(old, 0), max(new, 0)) for old, new in moves)
        if self.asks_row:
            changes = tuple(change._replace(seen=ledger[change.review]) for change in changes)
        if self.asks_sum and scores and seen.revision != tally.revision:
            seen = tally
        # A refusal shows the rows that did not fit; those that fit are as they were seen.
        present = attempt._replace(changes=changes, seen=seen)
        if present != attempt:
            return "refused", memory, self.onward(present)
        for change in changes:
            ledger = put(ledger, change.review, change.new)
        if counts:
            old, new = zip(*moves, strict=True)
            hidden = tally.hidden + hidden_in(new) - hidden_in(old)
            tally = tally._replace(hidden=hidden, counts=tally.counts + 1)
        if scores:
            numbers, scored = moved(tally.numbers, moves), moved(seen.numbers, moves)
            tally = tally._replace(revision=tally.revision + 1, numbers=numbers, scored=scored)
        after = memory._replace(ledger=ledger, tally=tally)
        return "commit", after, self.onward(attempt._replace(changes=()))

    def counts(self, moves: Iterable[tuple[int, int]]) -> bool:
        """Say whether the tally is written; moves that cancel each other out raise its revision."""
        return any(old != new for old, new in moves)

    def onward(self, attempt: Attempt) -> Attempt | None:
        due = tuple(change for change in attempt.changes if self.is_due(change))
        if due:
            return attempt._replace(changes=due)
        return Attempt(attempt.then) if attempt.then else None

    def is_due(self, change: Change) -> bool:
        _, new, over, seen = change
        return seen.revision < new.revision or seen == over or not self.asks_age

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        yield from promises(history, memory, at_rest=at_rest)
        counted = tuple(entry.contribution for entry in memory.ledger)
        was = tuple((0, *stars)[at] for (at, _), stars in zip(memory.ledger, history, strict=True))
        yield Promise("ledger was the reviews'", was, counted)


def promises(history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
    yield Promise("tally is the ledger's", recount(memory.ledger), memory.tally.numbers)
    yield Promise("score is the tally's", memory.tally.numbers, memory.tally.scored)
    hidden = hidden_in(entry.contribution for entry in memory.ledger)
    yield Promise("hidden ones are the ledger's", hidden, memory.tally.hidden)
    if at_rest:
        counted = tuple(entry.contribution for entry in memory.ledger)
        yield Promise("ledger is the reviews'", tuple(stars[-1] for stars in history), counted)


class Coalescing(Ledger):
    """Also take any two records in one transaction; of one review, the newer stands for both."""

    def messages(self, history: History) -> list[Message[Attempt]]:
        alone, pairs = super().messages(history), []
        for one, two in combinations(alone, 2):
            newest = {each.review: each for each in (*one.start.changes, *two.start.changes)}
            attempt, settles = Attempt(tuple(newest.values())), one.settles | two.settles
            pairs.append(Message(f"{one.name} and {two.name}", attempt, settles))
        return alone + pairs


@dataclass(frozen=True)
class Vanishing(Ledger):
    """
    Count what a filter hid, which then vanishes by itself or is published; its key begins anew.

    A history is that of two entries: by the `id` of the first review, which never comes again, and
    by the key of both. Without `goes_by_id` the first one stands under the key as well.
    """

    goes_by_id: bool = True

    def messages(self, history: History) -> list[Message[Attempt]]:
        by_id, by_key = history
        # One record ends the first entry and may begin the second: a decision. Where the second
        # begins at revision 1, the row has vanished and another reader's review has come.
        writes = [[(0, revision, stars)] for revision, stars in enumerate(by_id, start=1)]
        later = [(1, revision, stars) for revision, stars in enumerate(by_key, start=1) if stars]
        if later and later[0][1] == len(by_id):
            writes[-1].append(later.pop(0))
        writes += [[write] for write in later]
        return [
            Message(
                f"write {place}",
                Attempt(
                    tuple(
                        Change(entry if self.goes_by_id else 1, Entry(revision, stars))
                        for entry, revision, stars in write
                    )
                ),
                settles=1 << place,
            )
            for place, write in enumerate(writes, start=1)
        ]

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        yield from promises(history, memory, at_rest=at_rest)
