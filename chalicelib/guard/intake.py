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

from chalicelib import settings
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
    review = _new_review(submission)
    replaces = None
    while (holder := reviews.add(review, replaces)) is not None:
        if _is_repetition(review, holder):
            return _repeated(review, holder)
        if holder.status not in CLOSED:
            return _propose(review, holder)
        review, replaces = replace(review, revision=holder.revision + 1), holder.revision
    return Receipt(review, is_owner=True)


def _is_repetition(review: Review, holder: Review) -> bool:
    """
    Tell a submission sent again from a new one.

    Who withdrew a review and writes the same once more means it; only a
    request with the same `Idempotency-Key` is then the late copy of the old.
    """
    if holder.fingerprint != review.fingerprint:
        return False
    return holder.status not in CLOSED or _is_owner(review, holder)


def _is_owner(review: Review, holder: Review) -> bool:
    # The SDK repeats a write whose answer was lost; then the holder is ours.
    if holder.id == review.id:
        return True
    return review.idempotency != "" and review.idempotency == holder.idempotency


def _propose(review: Review, holder: Review) -> Receipt:
    proposal = replace(
        review,
        key=keys.proposal_key(review.fingerprint),
        status=ReviewStatus.SPAM if review.status is ReviewStatus.SPAM else ReviewStatus.PENDING,
        proposed_for=ReviewHandle(holder.key, holder.id),
    )
    earlier = reviews.add(proposal)
    return Receipt(proposal, is_owner=True) if earlier is None else _repeated(proposal, earlier)


def _repeated(review: Review, holder: Review) -> Receipt:
    """Answer as the first time, from what was sent and what was stored then."""
    answered = replace(
        review,
        key=holder.key,
        id=holder.id,
        submitted_at=holder.submitted_at,
        answered_status=holder.answered_status,
    )
    return Receipt(answered, is_owner=_is_owner(review, holder))


def _new_review(submission: Submission) -> Review:
    secret = settings.current().reader_secret
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
