"""
What editors and readers do to a review that is there, and whom it concerns.

Each change, its entry in the ledger of decisions and the event that tells of it are one write:
all, or none. What changes nothing is told to nobody and is no decision. Two editors who decide
at once come one after the other: the later one finds what the earlier one left.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chalicelib import logs
from chalicelib.model import (
    DecisionAction,
    EventKind,
    Reply,
    Review,
    ReviewHandle,
    ReviewKey,
)
from chalicelib.rules import moderation
from chalicelib.store import decisions, outbox, reviews
from chalicelib.store.client import Action
from chalicelib.store.reviews import Move

MAIL: Final = "mail"
"""Who decides by a link in a letter, where editors' names stand."""

_TOLD: Final = {
    "publish": EventKind.REVIEW_PUBLISHED,
    "reject": EventKind.REVIEW_REJECTED,
    "spam": EventKind.REVIEW_REJECTED,
}


def decide(  # noqa: PLR0913 - what, by whom and when
    slug: str,
    handle: ReviewHandle,
    decision: str,
    at: datetime,
    *,
    by: str,
    note: str = "",
    revision: int | None = None,
) -> bool:
    """
    Decide on a review or a proposal; to publish a proposal is to accept it.

    Args:
        decision: `publish`, `reject` or `spam`.
        by: Name of the editor's key, or `MAIL`.
        revision: Of what the editor saw; None for any.

    Returns:
        Whether anything changed.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        StaleRevisionError: It was changed since the editor saw it.
        UnavailableError: It may have been decided; a repetition is harmless.
    """
    key, review_id = handle
    status = moderation.DECISIONS[decision]

    def beside(moves: Sequence[Move]) -> list[Action]:
        decided, *others = moves
        # What is public already and only has its reports put away is no news.
        is_news = decided.before.status is not decided.after.status
        told = _events(_TOLD[decision], slug, handle, at) if is_news else []
        entries = [_entry(DecisionAction(decision), decided, by, at, note)]
        entries += [_entry(DecisionAction.CHANGE, one, by, at, note) for one in others]
        return [*told, *entries]

    if key.kind == "P" and decision == "publish":
        is_changed = reviews.accept_proposal(slug, key, review_id, note, at, revision, beside)
    else:
        is_changed = reviews.decide(slug, key, review_id, status, note, at, revision, beside)
    if is_changed:
        logs.review(slug, status)
    return is_changed


def reply(slug: str, handle: ReviewHandle, message: str, at: datetime, *, by: str) -> Review:
    """
    Put an editor's public answer under a review; the same again changes nothing.

    Raises:
        ReviewNotFoundError: There is no such review, or its reader ended it.
        UnavailableError: The reply may have been stored; a repetition is harmless.
    """

    def beside(moves: Sequence[Move]) -> list[Action]:
        told = _events(EventKind.REVIEW_REPLIED, slug, handle, at)
        return [*told, *(_entry(DecisionAction.REPLY, move, by, at) for move in moves)]

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


def _entry(action: DecisionAction, move: Move, by: str, at: datetime, note: str = "") -> Action:
    return decisions.of_review(action, move.before, move.after, by, at, note)
