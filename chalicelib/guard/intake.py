"""
Takes in what a reader submits, so that sending it twice is harmless.

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

from dataclasses import replace
from typing import NamedTuple

from chalicelib import logs, settings
from chalicelib.guard import secrets
from chalicelib.model import CLOSED, Review, ReviewHandle, ReviewStatus, now
from chalicelib.rules import moderation
from chalicelib.store import keys, reviews


class Submission(NamedTuple):
    """
    What a reader sent, checked and normalised.

    Attributes:
        is_spam: Whether the honeypot was filled.
        idempotency_key: Of the request; empty without one.
    """

    slug: str
    email: str
    name: str
    message: str
    rating: int
    is_spam: bool
    idempotency_key: str


class Receipt(NamedTuple):
    """
    What became of a submission.

    Attributes:
        review: As it was submitted, whatever it has become since.
        is_owner: Whether the manage token may be shown: the submission is new,
            or a repetition with the same `Idempotency-Key`.
    """

    review: Review
    is_owner: bool


def submit(submission: Submission) -> Receipt:
    """
    Store a submission, or find it stored.

    Raises:
        ArticleNotFoundError: The article is missing, a draft or retracted.
        UnavailableError: It may be stored; the same submission again is safe.
    """
    review, holder = _put(_new_review(submission))
    if holder is not None and holder.fingerprint != review.fingerprint:
        review, holder = _put(_proposal(review, holder))
    if holder is None:
        logs.review(review.slug, review.status)
        return Receipt(review, is_owner=True)
    return Receipt(_as_answered(review, holder), is_owner=_is_owner(review, holder))


def _put(review: Review) -> tuple[Review, Review | None]:
    """
    Store a review or proposal where its key is free, or its reader ended what holds it.

    Returns:
        The review as it was stored, and None; or the review and its key's holder.
    """
    replaces = None
    while (holder := reviews.add(review, replaces)) is not None:
        if holder.status not in CLOSED or _is_late_copy(review, holder):
            return review, holder
        review, replaces = replace(review, revision=holder.revision + 1), holder.revision
    return review, None


def _is_late_copy(review: Review, holder: Review) -> bool:
    """
    Tell an old request that comes late from a new one that says the same.

    Who withdraws a review and writes the same once more means it.
    """
    return holder.fingerprint == review.fingerprint and _is_owner(review, holder)


def _is_owner(review: Review, holder: Review) -> bool:
    # The SDK repeats a write whose answer was lost; then the holder is ours.
    if holder.id == review.id:
        return True
    return review.idempotency != "" and review.idempotency == holder.idempotency


def _proposal(review: Review, holder: Review) -> Review:
    return replace(
        review,
        key=keys.proposal_key(review.fingerprint),
        status=ReviewStatus.SPAM if review.status is ReviewStatus.SPAM else ReviewStatus.PENDING,
        proposed_for=ReviewHandle(holder.key, holder.id),
    )


def _as_answered(review: Review, holder: Review) -> Review:
    """Answer as the first time, from what was sent and what was stored then."""
    return replace(
        review,
        key=holder.key,
        id=holder.id,
        submitted_at=holder.submitted_at,
        answered_status=holder.answered_status,
    )


def _new_review(submission: Submission) -> Review:
    secret = secrets.current().reader_secret
    told = moderation.on_submission(settings.current().moderation)
    at = now()
    email = keys.canonical_email(submission.email)
    words = (submission.name, submission.message, str(submission.rating))
    fingerprint = keys.keyed_hash(secret, "submission", submission.slug, email, *words)
    idempotency = keys.keyed_hash(secret, "idempotency", submission.idempotency_key)
    return Review(
        slug=submission.slug,
        key=keys.review_key(secret, submission.slug, submission.email),
        id=keys.new_id(),
        revision=1,
        status=ReviewStatus.SPAM if submission.is_spam else told,
        answered_status=told,
        name=submission.name,
        message=submission.message,
        rating=submission.rating,
        submitted_at=at,
        edited_at=None,
        changed_at=at,
        reply=None,
        reader=keys.reader(secret, submission.email),
        fingerprint=keys.encode_digest(fingerprint),
        idempotency=keys.encode_digest(idempotency) if submission.idempotency_key else "",
        proposed_for=None,
    )
