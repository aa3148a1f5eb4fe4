"""
The tally's algorithm.

It compares and sets each review's ledger entry in the same transaction that
adds the difference to the tally.

A change whose revision is not newer than the ledger's does nothing, so order,
repetition, other workers and a crash at any point make no difference. The
record's old image is only a first guess at the ledger: when it is wrong, the
refused transaction tells the truth and the difference is taken from that.

Checked exhaustively in tests/model.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from chalicelib.errors import UnavailableError
from chalicelib.model import Tally, now
from chalicelib.rules.ratings import score
from chalicelib.store import tallies
from chalicelib.store.tallies import CommitRefusedError, EntryChange

_ATTEMPTS: Final = 8
_MOST_ENTRIES: Final = 99
"""TransactWriteItems takes 100 actions; one is the tally's."""


def apply(slug: str, changes: Sequence[EntryChange], seen: Tally | None = None) -> int:
    """
    Bring an article's ledger and tally to what the changes say.

    Args:
        changes: Of different reviews, any number.
        seen: The article's tally, if it was read already.

    Returns:
        How many changes were newer than the ledger.

    Raises:
        UnavailableError: DynamoDB is throttled, or others kept changing the
            same rows. Some changes may be applied; repeat them all.
    """
    applied = 0
    for start in range(0, len(changes), _MOST_ENTRIES):
        part = changes[start : start + _MOST_ENTRIES]
        applied += _apply(slug, {change.digest: change for change in part}, seen)
        seen = None
    return applied


def _apply(slug: str, pending: dict[bytes, EntryChange], seen: Tally | None) -> int:
    for _ in range(_ATTEMPTS):
        if not pending:
            return 0
        tally = seen or tallies.read_many([slug])[slug]
        after = add(tally, pending.values())
        try:
            tallies.commit(
                slug, tally, list(pending.values()), after, score(after.count, after.total)
            )
        except CommitRefusedError as refused:
            seen = refused.tally or tally
            for digest, entry in refused.entries.items():
                change = pending.pop(digest)
                if change.over is None and entry.revision < change.new.revision:
                    pending[digest] = replace(change, guess=entry.contribution)
        else:
            return len(pending)
    raise UnavailableError


def add(tally: Tally, changes: Iterable[EntryChange]) -> Tally:
    """
    Say what a tally is after the changes, if every guess is right.

    Returns:
        The same tally when the changes cancel each other out.
    """
    stars = [0, *tally.stars]
    for change in changes:
        stars[change.guess] -= 1
        stars[change.new.contribution] += 1
    _, one, two, three, four, five = stars
    after = (one, two, three, four, five)
    if after == tally.stars:
        return tally
    return Tally(
        count=sum(after),
        total=sum(number * reviews for number, reviews in enumerate(after, start=1)),
        stars=after,
        revision=tally.revision + 1,
        as_of=now(),
    )
