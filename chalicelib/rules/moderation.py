"""Which status a review has after it was written, edited or decided on."""

from typing import Final

from chalicelib.model import Review, ReviewKey, ReviewStatus

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


def on_edit(moderation: str, key: ReviewKey) -> dict[ReviewStatus, ReviewStatus]:
    """
    Say which statuses an edit moves, from what to what.

    Under `approve_first` a published review waits again, or its text could be
    swapped after the approval. A proposal that was accepted is a proposal
    again once it says something else.
    """
    after = on_submission(moderation) if key.kind == "R" else ReviewStatus.PENDING
    return {ReviewStatus.PUBLISHED: after}


def told(review: Review) -> ReviewStatus:
    """
    Say which status the reader is told.

    What was taken for spam, and a proposed change, look as they did when they
    were submitted: neither the filter nor the first review shows through.
    """
    is_hidden = review.status is ReviewStatus.SPAM or review.key.kind == "P"
    return review.answered_status if is_hidden else review.status
