"""
What editors and readers do to a review that is there, and whom it concerns.

Each change and the event that tells of it are one write: both, or neither. What changes
nothing is told to nobody.
"""

from datetime import datetime
from typing import Final

from chalicelib import logs
from chalicelib.model import EventKind, Reply, Review, ReviewHandle, ReviewKey
from chalicelib.rules import moderation
from chalicelib.store import outbox, reviews
from chalicelib.store.client import Action

_TOLD: Final = {
    "publish": EventKind.REVIEW_PUBLISHED,
    "reject": EventKind.REVIEW_REJECTED,
    "spam": EventKind.REVIEW_REJECTED,
}


def decide(  # noqa: PLR0913 - what, how and when
    slug: str,
    handle: ReviewHandle,
    decision: str,
    at: datetime,
    *,
    note: str = "",
    revision: int | None = None,
) -> bool:
    """
    Decide on a review or a proposal; to publish a proposal is to accept it.

    Args:
        decision: `publish`, `reject` or `spam`.
        revision: Of what the editor saw; None for any.

    Returns:
        Whether anything changed.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        StaleRevisionError: It was changed since the editor saw it.
        UnavailableError: It may have been decided; a repetition is harmless.
    """
    key, review_id = handle
    beside = _events(_TOLD[decision], slug, handle, at)
    status = moderation.DECISIONS[decision]
    if key.kind == "P" and decision == "publish":
        is_changed = reviews.accept_proposal(slug, key, review_id, note, at, revision, beside)
    else:
        is_changed = reviews.decide(slug, key, review_id, status, note, at, revision, beside)
    if is_changed:
        logs.review(slug, status)
    return is_changed


def reply(slug: str, handle: ReviewHandle, message: str, at: datetime) -> Review:
    """
    Put an editor's public answer under a review.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        UnavailableError: The reply may have been stored; a repetition is harmless.
    """
    beside = _events(EventKind.REVIEW_REPLIED, slug, handle, at)
    return reviews.set_reply(slug, handle.key, handle.id, Reply(message, at), at, beside)


def withdraw(slug: str, key: ReviewKey, review_id: str, at: datetime) -> None:
    """
    End a review at its reader's wish and forget its words.

    Raises:
        ReviewNotFoundError: There is no such review, or it was erased.
        UnavailableError: It may have been withdrawn; a repetition is harmless.
    """
    beside = _events(EventKind.REVIEW_WITHDRAWN, slug, ReviewHandle(key, review_id), at)
    reviews.withdraw(slug, key, review_id, at, beside)


def _events(kind: EventKind, slug: str, handle: ReviewHandle, at: datetime) -> list[Action]:
    return outbox.actions(outbox.of_handle(kind, slug, handle, at))
