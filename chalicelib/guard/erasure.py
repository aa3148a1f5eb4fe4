"""
Erases what is held of a reader, and counts it.

One transaction for each review or proposal: the tombstone, the reports that others wrote
about it, the notes of the decisions on it, the ledger's entry of the erasure, the receipt, and
what the outbox is to tell of it.
The addresses go first, those of requests for a link with what was still to be told of
them. Whatever fails leaves the rest to a repetition, which finds by the
index what is still there.

Votes stay: they are by networks, and name nobody.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from chalicelib import logs
from chalicelib.errors import ReviewNotFoundError, StaleRevisionError, UnavailableError
from chalicelib.model import (
    DecisionAction,
    Erasure,
    EventKind,
    Outcome,
    Reports,
    Review,
    ReviewStatus,
)
from chalicelib.store import (
    client,
    contacts,
    decisions,
    erasures,
    keys,
    outbox,
    reactions,
    review_lists,
    reviews,
)
from chalicelib.store.client import Action

MOST: Final = 50
"""Reviews and proposals in one request."""
_MOST_BESIDE: Final = 90
"""Writes about what is erased in one transaction, which has at most 100."""
_ATTEMPTS: Final = 6
READER: Final = "reader"
RETENTION: Final = "retention"
"""Who erases, beside editors, where their names stand: a reader by a link; what is over."""


def erase(reader: str, at: datetime, by: str, erasure_id: str | None = None) -> Erasure:
    """
    Erase all that is held of a reader, up to `MOST` reviews and proposals.

    What is submitted meanwhile may stay, for a repetition.

    Args:
        reader: As `Review.reader`.
        by: Name of the editor's key, or `READER`.
        erasure_id: Of the receipt that this is added to; None for a new one.

    Raises:
        UnavailableError: Some may be erased; a repetition erases the rest.
    """
    erasure_id = erasure_id or keys.new_id()
    asked = [one for event in contacts.list_asked(reader) for one in outbox.unask(reader, event)]
    _write_all(asked, most_left=0)
    contacts.forget(reader, [erasures.counted(erasure_id, at, "contact")])
    page = review_lists.list_of_reader(reader, None, MOST)
    for held in page.items:
        _end(held.review, erasure_id, at, by)
    erasure = erasures.finish(erasure_id, at, is_complete=page.position is None)
    logs.write(
        "erasure",
        id=erasure.id,
        reviews=erasure.reviews,
        proposals=erasure.proposals,
        contact=int(erasure.contact),
        complete=int(erasure.is_complete),
    )
    return erasure


def by_link(reader: str, erasure_id: str, at: datetime) -> tuple[Erasure, bool]:
    """
    Erase what is held of a reader, by a link; again it gives the same receipt.

    Args:
        erasure_id: The link's ULID.

    Returns:
        The receipt of all that this link erased, and whether anything was erased now.

    Raises:
        UnavailableError: Some may be erased; a repetition erases the rest.
    """
    before = erasures.find(erasure_id)
    if before is not None and before.is_complete and not contacts.is_known(reader):
        return before, False
    after = erase(reader, at, READER, erasure_id)
    counted = (0, 0, False) if before is None else _counts(before)
    return after, _counts(after) != counted


def _counts(one: Erasure) -> tuple[int, int, bool]:
    return one.reviews, one.proposals, one.contact


def expire(review: Review, at: datetime) -> bool:
    """
    Leave an anonymous tombstone of what is kept no longer, and the ledger without notes on it.

    Returns:
        Whether anything changed; False for what was erased before.

    Raises:
        ReviewNotFoundError: There is no such review.
        StaleRevisionError: It was changed since it was seen, so it is kept.
        UnavailableError: It may have been erased; a repetition is harmless.
    """
    about = _write_all(decisions.without_notes(review.id), most_left=_MOST_BESIDE)
    return _bury(review, Outcome.REMOVED, at, RETENTION, about)


def _end(review: Review, erasure_id: str, at: datetime, by: str) -> None:
    """Erase a review as it is by then, whoever decides, edits or reports meanwhile."""
    reader = review.reader
    for _ in range(_ATTEMPTS):
        try:
            return _attempt(review, erasure_id, at, by)
        except (ReviewNotFoundError, StaleRevisionError):
            found = reviews.find(review.slug, review.key)
            if found is None or found.reader != reader:
                return None
            review = found
    raise UnavailableError


def _attempt(review: Review, erasure_id: str, at: datetime, by: str) -> None:
    about = reactions.without(reactions.find_reports(review.id))
    about += decisions.without_notes(review.id)
    about = _write_all(about, most_left=_MOST_BESIDE)
    what = "reviews" if review.key.kind == "R" else "proposals"
    beside = [erasures.counted(erasure_id, at, what), *about, *_told(review, at)]
    _bury(review, Outcome.WITHDRAWN, at, by, beside)


def _bury(
    review: Review, outcome: Outcome, at: datetime, by: str, beside: Sequence[Action]
) -> bool:
    status, revision = ReviewStatus.ERASED, review.revision
    after = replace(review, status=status, revision=revision + 1, reports=Reports())
    entry = decisions.of_review(DecisionAction.ERASE, review, after, by, at)
    slug, key, seen = review.slug, review.key, review.reports
    return reviews.erase(slug, key, review.id, revision, outcome, at, [*beside, entry], seen)


def _write_all(actions: list[Action], most_left: int) -> list[Action]:
    """Carry out actions until no more than so many are left; gives those."""
    while len(actions) > most_left:
        client.write(*actions[:_MOST_BESIDE])
        actions = actions[_MOST_BESIDE:]
    return actions


def _told(review: Review, at: datetime) -> list[Action]:
    # Who shows it elsewhere has been told of a withdrawal already.
    if review.status is ReviewStatus.WITHDRAWN:
        return []
    return outbox.actions(outbox.of_review(EventKind.REVIEW_WITHDRAWN, review, at))
