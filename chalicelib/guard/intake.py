"""
Takes in what a reader submits, so that sending it twice is harmless.

What was sent was checked before. Then, in this order:

    1  the article, and the limit of the network        404, 429
    2  a repetition of what is stored                   201, the same answer; nothing is written
    3  the limits of reader, article and site           429
    4  the captcha                                      422, 503
    5  what speaks against it                           published, held or spam
    6  the write, and with it, or not at all, the counters, the spent token
       and what the outbox is to tell of it

A repetition comes before the captcha, because its token was spent the first time; what
costs little comes before what costs more. One read answers 1 to 3, so that there are three
round trips, whoever sends it.

What a repetition is, and where a submission goes that is none, is in `placement`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from chalicelib import logs, settings
from chalicelib.errors import UnavailableError
from chalicelib.guard import captcha, limits, placement, scorer, secrets
from chalicelib.guard.limits import Quota
from chalicelib.guard.placement import Place
from chalicelib.model import (
    Block,
    Consent,
    Counter,
    Edit,
    Effect,
    Event,
    EventKind,
    Finding,
    Review,
    ReviewKey,
    ReviewStatus,
    Submission,
    now,
)
from chalicelib.rules import moderation, spam
from chalicelib.store import consents, contacts, gates, keys, outbox, reviews, submissions
from chalicelib.store.client import Action, ConditionFailedError

_ATTEMPTS: Final = 6
_TEXT_LIFETIME: Final = timedelta(days=30)


class Receipt(NamedTuple):
    """
    What became of a submission.

    Attributes:
        review: As it was submitted, whatever it has become since.
        is_owner: Whether the manage token may be shown: the submission is new,
            or a repetition with the same `Idempotency-Key`.
        quota: What is left for its network, where that is limited.
    """

    review: Review
    is_owner: bool
    quota: Quota | None = None


class _Beside(NamedTuple):
    """
    What goes with a review.

    Attributes:
        counted: Where it is counted.
        notes: What else is written with it.
        quota: What its answer says of its network.
    """

    counted: Sequence[Counter] = ()
    notes: Sequence[Action] = ()
    quota: Quota | None = None


def submit(submission: Submission) -> Receipt:
    """
    Store a submission, or find it stored.

    Raises:
        ArticleNotFoundError: The article is missing, a draft or retracted.
        TooManyRequestsError: A limit is reached.
        CaptchaFailedError: The captcha was not solved for this submission.
        SettingsError: The text that readers agree to was changed without its revision.
        UnavailableError: It may be stored; the same submission again is safe.
    """
    review = _new_review(submission)
    if (asked := settings.current().consent) is not None:
        consents.keep(asked)
        review = replace(review, consent=Consent(asked.revision, review.submitted_at))
    if settings.current().limits or captcha.is_required():
        return _guarded(submission, review)
    found = scorer.of_submission(submission, review, None)
    review = moderation.judged(review, found, settings.current().retention.spam)
    return _store(review, {}, _Beside(notes=_asked_for_mail(submission, review)))


def _guarded(submission: Submission, review: Review) -> Receipt:
    at = review.submitted_at
    networks = limits.of_network(submission.address, at)
    asked = (*networks, *limits.of_submission(review.reader, review.slug))
    token, text = captcha.noted(submission.captcha_token), _text(submission)
    held_by = (review.key, keys.proposal_key(review.fingerprint))
    known = submissions.read(review.slug, held_by, asked, token, text)
    gates.expect_open(known.gate, at)
    counted = known.counters[len(networks) :]
    quota = limits.quota(limits.count(known.counters[: len(networks)], at), at)
    place = placement.find(review, known.rows)
    if place.holder is not None:
        return _repeated(place, place.holder, quota)
    limits.check(counted, at, quota)
    found = (
        *_captcha(submission.captcha_token, is_spent=known.is_spent),
        *scorer.of_submission(submission, review, known),
    )
    review = moderation.judged(review, found, settings.current().retention.spam)
    notes = [
        *captcha.spend(token, at),
        *([_remembered(text, known.articles, review)] if text else []),
        *_asked_for_mail(submission, review),
    ]
    return _store(review, known.rows, _Beside(counted, notes, quota))


def edit(edited: Edit) -> Review:
    """
    Change what a reader wrote, as far as nothing speaks against the new words.

    Raises:
        ReviewNotFoundError: There is no such review, or it is closed.
        TooManyRequestsError: The limit of the network is reached.
        UnavailableError: The change may have taken place.
    """
    at = now()
    blocks = _attempted(edited, at) if settings.current().limits else ()
    reasons = moderation.reasons(scorer.of_edit(edited, blocks))
    moves = moderation.on_edit(settings.current().moderation, edited.key, is_held=bool(reasons))
    return reviews.edit(edited.slug, edited.key, edited.id, edited.fields, moves, at, reasons)


def _attempted(edited: Edit, at: datetime) -> tuple[Block, ...]:
    """Count an edit as an attempt of its network; gives the block list, which comes with it."""
    networks = limits.of_network(edited.address, at)
    known = submissions.read(edited.slug, (), networks, None, None)
    limits.count(known.counters, at)
    return known.blocks


def _captcha(token: str, *, is_spent: bool) -> tuple[Finding, ...]:
    if not captcha.is_required():
        return ()
    try:
        is_solved = not is_spent and captcha.is_solved(token)
    except UnavailableError:
        if settings.current().captcha_down == "refuse":
            raise
        return (Finding("captcha_unavailable", Effect.HOLD),)
    if not is_solved:
        raise captcha.CaptchaFailedError
    return ()


def _store(review: Review, rows: Mapping[ReviewKey, Review], beside: _Beside) -> Receipt:
    """
    Store a review or proposal where its key is free, or its reader ended what holds it.

    Args:
        rows: What is known to hold the keys; a refusal tells what holds them now.
    """
    for _ in range(_ATTEMPTS):
        place = placement.find(review, rows)
        if place.holder is not None:
            return _repeated(place, place.holder, beside.quota)
        writes = limits.actions(beside.counted, review.submitted_at, review.rating)
        told = outbox.actions(*_received(place.review))
        try:
            holder = reviews.add(place.review, place.replaces, (*writes, *beside.notes, *told))
        except ConditionFailedError as failed:
            beside = _after(failed, beside, review.submitted_at)
            continue
        if holder is None:
            logs.review(place.review.slug, place.review.status)
            return Receipt(place.review, is_owner=True, quota=beside.quota)
        rows = {**rows, place.review.key: holder}
    raise UnavailableError


def _asked_for_mail(submission: Submission, review: Review) -> list[Action]:
    """
    Keep the address, if its reader asked for mail and there is any.

    Not with what is taken for spam: that would send mail to whomever a machine names.
    """
    known = settings.current()
    is_written_to = known.mail_from is not None and known.manage_url is not None
    if not (submission.notify and is_written_to) or review.status is ReviewStatus.SPAM:
        return []
    return [contacts.keep(review.reader, submission.email, review.submitted_at)]


def _received(review: Review) -> tuple[Event, ...]:
    """Say whom a submission concerns. What is taken for spam concerns nobody."""
    if review.status is ReviewStatus.SPAM:
        return ()
    return (outbox.of_review(EventKind.REVIEW_RECEIVED, review, review.submitted_at),)


def _after(failed: ConditionFailedError, beside: _Beside, at: datetime) -> _Beside:
    """
    See why nothing was stored.

    Raises:
        CaptchaFailedError: The token brought another review meanwhile.
        TooManyRequestsError: Others took the last place.
    """
    if any(index >= len(beside.counted) for index in failed.found):
        raise captcha.CaptchaFailedError
    counted = limits.refreshed(beside.counted, failed)
    limits.check(counted, at, beside.quota)
    return beside._replace(counted=counted)


def _repeated(place: Place, holder: Review, quota: Quota | None) -> Receipt:
    answered = placement.as_answered(place.review, holder)
    return Receipt(answered, placement.is_owner(place.review, holder), quota)


def _text(submission: Submission) -> str | None:
    """Give the hash by which the message is known on other articles; None for a common one."""
    words = spam.repeat_key(submission.message)
    return words and keys.message(secrets.current().reader_secret, words)


def _remembered(text: str, articles: Sequence[str], review: Review) -> Action:
    others = [slug for slug in articles if slug != review.slug]
    expires_at = _epoch(review.submitted_at + _TEXT_LIFETIME)
    return submissions.remember(text, [*others, review.slug], expires_at)


def _epoch(at: datetime) -> int:
    return int(at.timestamp())


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
        status=told,
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
