"""
Ways to put a tally right beside the stream, as machines of atomic DynamoDB calls.

| design                     | calls                                 | verdict                     |
| -------------------------- | ------------------------------------- | --------------------------- |
| `Reconciling`, ours        | ledger; reviews; then as `Ledger`     | right, if records are lost  |
| - not `raises_equal`       | none if the contribution is right     | wrong: a late record fits   |
| - not `reads_ledger_first` | reviews; ledger; then as `Ledger`     | wrong: undoes what is newer |
| `Recounting`, ours         | tally; ledger; tally; overwrite tally | right, if none had moved    |
| - not `asks_counts`        | the same, by one revision of the two  | wrong: misses the hidden    |

Each runs beside others of its kind and beside workers of the stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple, TypeAlias

from tests.model.checker import Message, Outcome, Promise
from tests.model.designs import (
    UNREAD,
    Attempt,
    Change,
    Entry,
    History,
    Ledger,
    Memory,
    Tally,
    hidden_in,
    promises,
    put,
    records_of,
    recount,
)

OURS: Final = Ledger()
ABSENT: Final = Entry()
EMPTY: Final = Tally()


class Reading(NamedTuple):
    """Reviews as they will be found, 0 for one to leave alone; what is read already."""

    finds: tuple[Entry, ...]
    entries: tuple[Entry, ...] = ()
    reviews: tuple[Entry, ...] = ()


Reconciler: TypeAlias = Attempt | Reading


@dataclass(frozen=True)
class Reconciling:
    """
    Compare the ledger with the reviews and replace entries that are behind, ahead or altered.

    Any record may be lost; one reading that finds the last writes must come through. The first
    entry is `altered` to begin with if content was set back or somebody wrote into the ledger.
    """

    altered: Entry = ABSENT
    raises_equal: bool = True
    reads_ledger_first: bool = True
    worker: Ledger = OURS

    def start(self, history: History) -> Memory:
        ledger = put(self.worker.start(history).ledger, 0, self.altered)
        hidden = hidden_in(entry.contribution for entry in ledger)
        tally = Tally(0, recount(ledger), recount(ledger), hidden)
        return Memory(ledger, tally, met=(0,) * len(history))

    def messages(self, history: History) -> list[Message[Reconciler]]:
        states = [[Entry(*each) for each in enumerate((0, *stars))] for stars in history]
        last = tuple(each[-1] for each in states)
        readings: list[Message[Reconciler]] = [
            Message(
                f"reconcile at {' and '.join(str(review.revision) for review in finds)}",
                Reading(finds),
                settles=int(finds == last),
            )
            for finds in product(*states)
        ]
        stream = self.worker.messages(history)
        return readings + [Message(record.name, record.start, settles=0) for record in stream]

    def step(self, memory: Memory, local: Reconciler) -> Iterator[Outcome[Memory, Reconciler]]:
        if isinstance(local, Attempt):
            for change in local.changes:
                memory = meet(memory, change.review, change.new.revision)
            yield from self.worker.step(memory, local)
            return
        finds, entries, reviews = local
        entry, review = len(entries), len(reviews)
        if entry < len(finds) and (self.reads_ledger_first or review == len(finds)):
            read = local._replace(entries=(*entries, memory.ledger[entry]))
            yield f"read entry {entry}", memory, self.onward(read)
        # What a review says now is what anybody has met, or a later write that nobody has met yet.
        elif not 0 < finds[review].revision < memory.met[review]:
            read = local._replace(reviews=(*reviews, finds[review]))
            memory = meet(memory, review, finds[review].revision)
            yield f"read review {review}", memory, self.onward(read)

    def onward(self, reading: Reading) -> Reconciler | None:
        finds, entries, reviews = reading
        if len(entries) + len(reviews) < 2 * len(finds):
            return reading
        pairs = [*zip(range(len(finds)), entries, reviews, strict=True)]
        behind = [Change(at, new) for at, entry, new in pairs if self.is_behind(entry, new)]
        wrong = [Change(at, new, entry) for at, entry, new in pairs if self.is_wrong(entry, new)]
        return self.worker.onward(Attempt(tuple(behind), then=tuple(wrong)))

    def is_behind(self, entry: Entry, review: Entry) -> bool:
        differs = entry.contribution != review.contribution
        raises = self.raises_equal and review.revision > 1
        return entry.revision < review.revision and (differs or raises)

    def is_wrong(self, entry: Entry, review: Entry) -> bool:
        return entry != review and 0 < review.revision <= entry.revision

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        return promises(history, memory, at_rest=at_rest)


def meet(memory: Memory, review: int, revision: int) -> Memory:
    met = max(memory.met[review], revision)
    return memory._replace(met=put(memory.met, review, met))


class Summing(NamedTuple):
    """`are_steady`: the tally had the same revisions after the entries as `before` them."""

    before: Tally = Tally(UNREAD)
    entries: tuple[Entry, ...] = ()
    are_steady: bool = False


Recounter: TypeAlias = Attempt | Summing


@dataclass(frozen=True)
class Recounting:
    """Put right a tally that is not its ledger's sum; `altered` is the one to begin with."""

    worker: Ledger
    altered: Tally = EMPTY
    asks_counts: bool = True

    def start(self, history: History) -> Memory:
        return self.worker.start(history)._replace(tally=self.altered)

    def messages(self, history: History) -> list[Message[Recounter]]:
        stream: list[Message[Recounter]] = [
            Message(record.name, record.start, record.settles)
            for record in self.worker.messages(history)
        ]
        return [Message("recount", Summing(), settles=1 << len(records_of(history))), *stream]

    def step(self, memory: Memory, local: Recounter) -> Iterator[Outcome[Memory, Recounter]]:
        if isinstance(local, Attempt):
            yield from self.worker.step(memory, local)
            return
        (before, entries, are_steady), tally, at = local, memory.tally, len(local.entries)
        right = recount(entries)
        hidden = hidden_in(entry.contribution for entry in entries)
        revisions = self.revisions(tally), self.revisions(before)
        if before.revision == UNREAD:
            yield "read tally", memory, Summing(tally)
        elif at < len(memory.ledger):
            entry = memory.ledger[at]
            yield f"read entry {at}", memory, Summing(before, (*entries, entry))
        elif are_steady and revisions[0] == revisions[1]:
            after = Tally(tally.revision + 1, right, right, hidden, tally.counts + 1)
            yield "overwrite", memory._replace(tally=after), None
        elif are_steady:
            yield "refused", memory, Summing()
        elif revisions[0] != revisions[1]:
            yield "read moved tally", memory, Summing(tally)
        else:
            is_right = tally.numbers == tally.scored == right and tally.hidden == hidden
            onward = None if is_right else Summing(before, entries, are_steady=True)
            yield "read tally again", memory, onward

    def revisions(self, tally: Tally) -> tuple[int, int]:
        """Give what tells whether a tally has moved."""
        return tally.revision, tally.counts if self.asks_counts else 0

    def promises(self, history: History, memory: Memory, *, at_rest: bool) -> Iterator[Promise]:
        if at_rest or self.altered == EMPTY:
            yield from promises(history, memory, at_rest=at_rest)
