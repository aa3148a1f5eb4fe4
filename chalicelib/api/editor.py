"""The editors' desk: what is not public yet, the queue, decisions and replies."""

from typing import TYPE_CHECKING, Final

from chalice.app import Blueprint, Request, Response

from chalicelib import logs
from chalicelib.api import bodies, cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    InvalidCursorError,
    InvalidRequestError,
    ReviewNotFoundError,
)
from chalicelib.model import Reply, now
from chalicelib.rules import moderation, text
from chalicelib.store import listings, review_lists, reviews

if TYPE_CHECKING:
    from chalicelib.api.schemas import DecisionIn

MOST_BODY_BYTES: Final = 131_072

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/editor/articles",
    Contract(
        answer="EditorsArticlePage",
        query=("limit", "cursor"),
        errors=(InvalidRequestError, InvalidCursorError),
        security="editor",
    ),
)
def list_unlisted_articles(request: Request) -> Response:
    """List drafts, scheduled and retracted articles, latest change first."""
    position = cursors.open_for(http.parameter(request, "cursor"), "editor/articles")
    page = listings.list_unlisted(position, http.limit(request))
    following = cursors.issue(page.position, "editor/articles")
    return http.private(shapes.page([shapes.editors_summary(one) for one in page.items], following))


@http.route(
    routes,
    "GET",
    "/editor/reviews",
    Contract(
        answer="QueuePage",
        query=("limit", "cursor", "status"),
        errors=(InvalidRequestError, InvalidCursorError),
        security="editor",
    ),
)
def list_queue(request: Request) -> Response:
    """List the reviews and proposed changes that wait for a decision, oldest first."""
    scope = ("editor/reviews", http.choice(request, "status", ("pending",)))
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    page = review_lists.list_pending(position, http.limit(request))
    following = cursors.issue(page.position, *scope)
    return http.private(shapes.page([shapes.queued(one) for one in page.items], following))


@http.route(
    routes,
    "POST",
    "/editor/reviews/decisions",
    Contract(
        answer="DecisionResults",
        body="DecisionsIn",
        errors=bodies.ERRORS,
        security="editor",
    ),
)
def decide_reviews(request: Request) -> Response:
    """
    Decide on up to 25 reviews, each with a result of its own.

    To publish a proposed change is to put it into the review that it is for.
    The same decisions again change nothing, so after a 503 repeat them all.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.DecisionsIn, bodies.read_object(request, MOST_BODY_BYTES))
    results = [{"slug": one.slug, "id": one.id, "result": _decide(one)} for one in body.decisions]
    return http.private({"results": results})


@http.route(
    routes,
    "PUT",
    "/editor/articles/{slug}/reviews/{id}/reply",
    Contract(
        answer="Review",
        body="ReplyIn",
        errors=(*bodies.ERRORS, ReviewNotFoundError),
        security="editor",
    ),
)
def put_reply(request: Request, slug: str, id: str) -> Response:  # noqa: A002 - the path's name
    """Put a public answer under a review, in place of an earlier one."""
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.ReplyIn, bodies.read_object(request, MOST_BODY_BYTES))
    key = reviews.find_key(slug, id) if text.ULID.fullmatch(id) else None
    if key is None:
        raise ReviewNotFoundError
    at = now()
    review = reviews.set_reply(slug, key, id, Reply(body.message, at), at)
    return http.private(shapes.review(review))


def _decide(decision: "DecisionIn") -> str:
    slug, review_id, note = decision.slug, decision.id, decision.note
    status = moderation.DECISIONS[decision.decision]
    key = reviews.find_key(slug, review_id)
    if key is None:
        return ReviewNotFoundError.code
    try:
        if key.kind == "P" and decision.decision == "publish":
            is_changed = reviews.accept_proposal(slug, key, review_id, note, now())
        else:
            is_changed = reviews.decide(slug, key, review_id, status, note, now())
    except ReviewNotFoundError:
        return ReviewNotFoundError.code
    if is_changed:
        logs.review(slug, status)
    return "changed" if is_changed else "unchanged"
