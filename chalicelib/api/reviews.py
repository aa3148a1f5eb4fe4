"""Reviews: reading and submitting for anyone, editing and withdrawing for their reader."""

import re
from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib import settings
from chalicelib.api import bodies, cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    ArticleNotFoundError,
    ArticleRetractedError,
    ForbiddenError,
    InvalidCursorError,
    InvalidFieldsError,
    InvalidRequestError,
    ReviewNotFoundError,
    ReviewsFrozenError,
    UnauthorizedError,
)
from chalicelib.guard import decisions, forms, tokens
from chalicelib.model import Edit, Submission, now, rfc3339
from chalicelib.store import review_lists

MOST_BODY_BYTES: Final = 65_536
"""Room for 5000 characters that a client has escaped, each in up to 12 bytes."""

LONGEST_REVISION: Final = 40
"""Characters, of the name of a text that readers agree to."""

_IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/articles/{slug}/reviews",
    Contract(
        answer="ReviewPage",
        query=("limit", "cursor", "sort"),
        errors=(
            InvalidRequestError,
            InvalidCursorError,
            ArticleNotFoundError,
            ArticleRetractedError,
        ),
    ),
)
def list_reviews(request: Request, slug: str) -> Response:
    """List an article's published reviews, in one of five orders."""
    size = http.limit(request)
    sort = http.choice(request, "sort", ("newest", "oldest", "highest", "lowest", "helpful"))
    scope = ("reviews", slug, sort)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    page = review_lists.list_public(http.known_slug(slug), sort, position, size)
    following = cursors.issue(page.position, *scope)
    return http.public(request, shapes.page([shapes.review(one) for one in page.items], following))


@http.route(
    routes,
    "POST",
    "/articles/{slug}/reviews",
    Contract(
        status=201,
        answer="SubmittedReview",
        body="SubmissionIn",
        errors=(*bodies.ERRORS, ArticleNotFoundError, ArticleRetractedError, ReviewsFrozenError),
        is_limited=True,
    ),
)
def submit_review(request: Request, slug: str) -> Response:
    """
    Submit a review.

    The same submission again gives the same answer and changes nothing; with
    the same `Idempotency-Key` it shows the `manage_token` again.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic
    from chalicelib.guard import captcha, intake, limits  # noqa: PLC0415 - nor the intake

    body = bodies.read_object(request, MOST_BODY_BYTES)
    idempotency_key = _idempotency_key(request)
    faults = [_consent_fault(body.get("consent_revision"))]
    if captcha.is_required() and not body.get("captcha_token"):
        faults.append(("captcha_token", "captcha_required"))
    missing = [schemas.field_problem(*fault) for fault in faults if fault]
    sent = schemas.parse(schemas.SubmissionIn, body, *missing)
    submission = Submission(
        slug=http.known_slug(slug),
        email=sent.email,
        name=sent.name,
        message=sent.message,
        rating=sent.rating,
        idempotency_key=idempotency_key,
        captcha_token=sent.captcha_token or "",
        form_token=sent.form_token or "",
        is_trapped=bool(sent.website),
        address=http.source_address(request),
        user_agent=http.header(request, "User-Agent") or "",
        notify=sent.notify,
        form_slug=http.named(request, "slug"),
    )
    try:
        receipt = intake.submit(submission)
    except captcha.CaptchaFailedError:
        failed = schemas.field_problem("captcha_token", "captcha_failed")
        raise InvalidFieldsError(problems=(failed,)) from None
    token = tokens.issue(receipt.review) if receipt.is_owner else None
    headers = limits.headers(receipt.quota)
    headers["Location"] = http.path_below(request, receipt.review.id)
    return http.private(shapes.submitted(receipt.review, token), 201, headers)


@http.route(
    routes,
    "GET",
    "/articles/{slug}/form",
    Contract(answer="Form", errors=(ArticleNotFoundError,)),
)
def get_form(request: Request, slug: str) -> Response:
    """
    Get a token that says when the form was shown, to be sent with the review.

    A front end need not use it. Nothing is read for it: whether the article takes
    reviews is said when one is submitted.
    """
    del request
    at = now()
    known = http.known_slug(slug)
    return http.private({"form_token": forms.issue(known, at), "issued_at": rfc3339(at)})


@http.route(
    routes,
    "PATCH",
    "/articles/{slug}/reviews/{id}",
    Contract(
        answer="EditedReview",
        body="ReviewPatchIn",
        errors=(
            *bodies.ERRORS,
            UnauthorizedError,
            ForbiddenError,
            ReviewNotFoundError,
        ),
        security="reader",
    ),
)
def edit_review(request: Request, slug: str, id: str) -> Response:  # noqa: A002 - the path's name
    """
    Edit a review with its `manage_token`.

    It waits again under `approve_first`, and when its new words look like spam.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic
    from chalicelib.guard import intake  # noqa: PLC0415 - nor the intake

    key = tokens.open_for(http.bearer(request), slug, id)
    body = schemas.parse_some(schemas.ReviewPatchIn, bodies.read_object(request, MOST_BODY_BYTES))
    fields = body.model_dump(exclude_unset=True)
    review = intake.edit(Edit(slug, key, id, fields, http.source_address(request)))
    return http.private(shapes.edited(review))


@http.route(
    routes,
    "DELETE",
    "/articles/{slug}/reviews/{id}",
    Contract(
        status=204,
        errors=(UnauthorizedError, ForbiddenError, ReviewNotFoundError),
        security="reader",
    ),
)
def withdraw_review(request: Request, slug: str, id: str) -> Response:  # noqa: A002
    """Withdraw a review with its `manage_token`. Its words are forgotten."""
    key = tokens.open_for(http.bearer(request), slug, id)
    decisions.withdraw(slug, key, id, now())
    return http.private(None)


@http.route(routes, "GET", "/consent", Contract(answer="ConsentAsked"))
def get_consent(request: Request) -> Response:
    """Tell what readers are asked to agree to when they review, if anything."""
    asked = settings.current().consent
    revision, text = asked or (None, None)
    return http.public(request, {"required": asked is not None, "revision": revision, "text": text})


def _consent_fault(revision: object) -> tuple[str, str] | None:
    """Say what is wrong with what a reader agreed to, where anything is asked: field and code."""
    asked = settings.current().consent
    if asked is None or revision == asked.revision:
        return None
    if revision is None or revision == "":
        return "consent_revision", "consent_required"
    # What is no revision at all, the form says.
    is_one = isinstance(revision, str) and len(revision) <= LONGEST_REVISION
    return ("consent_revision", "consent_outdated") if is_one else None


def _idempotency_key(request: Request) -> str:
    value = http.header(request, "Idempotency-Key") or ""
    if value and _IDEMPOTENCY_KEY.fullmatch(value) is None:
        raise InvalidRequestError("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return value
