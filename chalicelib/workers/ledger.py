"""
The tally's algorithm.

It compares and sets each review's ledger entry in the same transaction that
adds the difference to the tally.

A change whose revision is not newer than the ledger's does nothing, so order,
repetition, other workers and a crash at any point make no difference. The
difference is taken from the ledger and never from a record's own images; the
transaction is refused if the ledger has moved on, and says what is there now.

Checked exhaustively in tests/model.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

from chalicelib.errors import UnavailableError
from chalicelib.model import Tally, now
from chalicelib.rules import ratings
from chalicelib.rules.ratings import score
from chalicelib.store import tallies
from chalicelib.store.tallies import CommitRefusedError, Entry, EntryChange, Seen

_ATTEMPTS: Final = 8
_MOST_ENTRIES: Final = 99
"""TransactWriteItems takes 100 actions; one is the tally's."""


def apply(
    slug: str,
    wanted: Mapping[bytes, Entry],
    seen: Seen | None = None,
    over: Mapping[bytes, Entry] | None = None,
) -> int:
    """
    Bring an article's ledger and tally to what its reviews say.

    Args:
        wanted: What each review contributes, by digest, and the revision that
            says so. It replaces an older revision only.
        seen: The tally and those entries, if they were read already.
        over: For the reconciler, which has seen the reviews themselves: the
            very entries to replace too, whatever their revision.

    Returns:
        How many entries were changed.

    Raises:
        UnavailableError: DynamoDB is throttled, or others kept changing the
            same rows. Some entries may be changed; repeat them all.
    """
    applied = 0
    remaining = iter(wanted.items())
    while part := dict(islice(remaining, _MOST_ENTRIES)):
        applied += _apply(slug, part, seen, over)
        seen = None
    return applied


def _apply(
    slug: str, wanted: dict[bytes, Entry], seen: Seen | None, over: Mapping[bytes, Entry] | None
) -> int:
    for _ in range(_ATTEMPTS):
        if seen is None:
            seen = tallies.read({slug: wanted})[slug]
        changes = [
            EntryChange(digest, seen.entries[digest], new)
            for digest, new in wanted.items()
            if _is_due(seen.entries[digest], new, None if over is None else over[digest])
        ]
        if not changes:
            return 0
        after = add(seen.tally, changes)
        try:
            tallies.commit(slug, seen, changes, after, score(after.count, after.total))
        except CommitRefusedError as refused:
            seen = refused.present
        else:
            return len(changes)
    raise UnavailableError


def _is_due(present: Entry, new: Entry, over: Entry | None) -> bool:
    return present.revision < new.revision or present == over


def add(tally: Tally, changes: Iterable[EntryChange]) -> Tally:
    """
    Say what a tally is after the changes.

    Returns:
        The same tally when no entry's numbers change. Changes that
        cancel each other out raise a revision too: who reads a ledger between
        two equal ones has read it as it was at one moment. What the public
        cannot read has a revision of its own, so that it moves no score, and what moves
        from one entry to another one that nobody is shown: only spam does.
    """
    changes = [change for change in changes if change.seen.counts != change.new.counts]
    if not changes:
        return tally
    counts = Counter(ratings.counts_of(tally))
    for change in changes:
        counts.subtract(change.seen.counts)
        counts.update(change.new.counts)
    at = now()
    after = replace(
        ratings.of_counts(counts),
        revision=tally.revision,
        as_of=tally.as_of,
        counts_revision=tally.counts_revision + 1,
        counts_as_of=at,
        moves=tally.moves,
    )
    if any(change.seen.contribution != change.new.contribution for change in changes):
        return replace(after, revision=tally.revision + 1, as_of=at)
    if after.numbers == tally.numbers:
        return replace(tally, moves=tally.moves + 1)
    return after
