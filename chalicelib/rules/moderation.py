"""Which status a review has after it was written, edited or decided on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from chalicelib.model import Effect, Finding, Review, ReviewKey, ReviewStatus

DECISIONS: Final = {
    "publish": ReviewStatus.PUBLISHED,
    "reject": ReviewStatus.REJECTED,
    "spam": ReviewStatus.SPAM,
}


def on_submission(moderation: str) -> ReviewStatus:
    """
    Say what a new review is told, and is unless it is spam.

    Args:
        moderation: `publish_first` or `approve_first`.
    """
    if moderation == "publish_first":
        return ReviewStatus.PUBLISHED
    return ReviewStatus.PENDING


def judged(review: Review, findings: Sequence[Finding], lifetime: timedelta | None) -> Review:
    """
    Give a new review the status that what was found asks for, with the reasons.

    What is held is told, for its reader wonders where it is. What is taken for spam is
    not: it looks as if nothing had been found, and forgets itself. Only what the block list
    alone made spam does not: an editor wanted it so, and that stays counted.

    Args:
        lifetime: How long spam waits for an editor to see that it is none; None for without end.
    """
    if not findings:
        return review
    review = replace(review, reasons=reasons(findings))
    if against := [finding for finding in findings if finding.effect is Effect.SPAM]:
        is_wanted = all(finding.is_of_an_editor for finding in against)
        ends = review.submitted_at + lifetime if lifetime and not is_wanted else None
        expires_at = int(ends.timestamp()) if ends else None
        return replace(review, status=ReviewStatus.SPAM, expires_at=expires_at)
    pending = ReviewStatus.PENDING
    return replace(review, status=pending, answered_status=pending)


def reasons(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Give the reasons of what was found, each once."""
    return tuple(dict.fromkeys(finding.reason for finding in findings))


def on_edit(moderation: str, key: ReviewKey, *, is_held: bool) -> dict[ReviewStatus, ReviewStatus]:
    """
    Say which statuses an edit moves, from what to what.

    Under `approve_first` a published review waits again, or its text could be
    swapped after the approval. A proposal that was accepted is a proposal
    again once it says something else.

    Args:
        is_held: Whether something speaks against the new words.
    """
    waits = is_held or key.kind == "P"
    after = ReviewStatus.PENDING if waits else on_submission(moderation)
    return {ReviewStatus.PUBLISHED: after}


def told(review: Review) -> ReviewStatus:
    """
    Say which status the reader is told.

    What was taken for spam, and a proposed change, look as they did when they
    were submitted: neither the filter nor the first review shows through.
    """
    is_hidden = review.status is ReviewStatus.SPAM or review.key.kind == "P"
    return review.answered_status if is_hidden else review.status
