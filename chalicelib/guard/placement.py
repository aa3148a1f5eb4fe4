"""
Where a submission goes, by what holds its keys.

The key of the row is made of the article and the reader, so the table itself
keeps one review for each. What happens to a submission:

    the key is free                          stored as the review
    the same submission holds it             nothing; the same answer
                                             (stored again once it was withdrawn)
    a review that its reader ended holds it  stored as the review
    another submission holds it              stored as a proposed change of it

The last looks like the first from outside: whether somebody reviewed an
article is nobody else's business.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from chalicelib.model import CLOSED, Review, ReviewHandle, ReviewKey, ReviewStatus
from chalicelib.rules import ratings
from chalicelib.store import keys


class Place(NamedTuple):
    """
    Where a submission goes.

    Attributes:
        review: What is stored: the review, or a proposal.
        replaces: Revision of the review that gives way, if one does.
        holder: What the submission repeats; then nothing is stored.
    """

    review: Review
    replaces: int | None = None
    holder: Review | None = None


def find(review: Review, rows: Mapping[ReviewKey, Review]) -> Place:
    """
    Say where a submission goes.

    Args:
        review: As it would be the first of its reader.
        rows: What holds its key, and the key of the proposal that it may become.
    """
    holder = rows.get(review.key)
    if holder and holder.status not in CLOSED and holder.fingerprint != review.fingerprint:
        review = _proposal(review, holder)
        holder = rows.get(review.key)
    if holder is None:
        return Place(review)
    if holder.status not in CLOSED or _is_late_copy(review, holder):
        return Place(review, holder=holder)
    # Only a first revision may forget itself: see store.reviews.
    successor = replace(
        review,
        revision=holder.revision + 1,
        expires_at=None,
        earlier=ratings.outcomes(holder),
    )
    return Place(successor, replaces=holder.revision)


def is_owner(review: Review, holder: Review) -> bool:
    """Tell whether a submission comes from whom its holder came from."""
    # The SDK repeats a write whose answer was lost; then the holder is ours.
    if holder.id == review.id:
        return True
    return review.idempotency != "" and review.idempotency == holder.idempotency


def as_answered(review: Review, holder: Review) -> Review:
    """Answer as the first time, from what was sent and what was stored then."""
    return replace(
        review,
        key=holder.key,
        id=holder.id,
        submitted_at=holder.submitted_at,
        answered_status=holder.answered_status,
    )


def _is_late_copy(review: Review, holder: Review) -> bool:
    """
    Tell an old request that comes late from a new one that says the same.

    Who withdraws a review and writes the same once more means it.
    """
    return holder.fingerprint == review.fingerprint and is_owner(review, holder)


def _proposal(review: Review, holder: Review) -> Review:
    return replace(
        review,
        key=keys.proposal_key(review.fingerprint),
        status=ReviewStatus.SPAM if review.status is ReviewStatus.SPAM else ReviewStatus.PENDING,
        proposed_for=ReviewHandle(holder.key, holder.id),
    )
