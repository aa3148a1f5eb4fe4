"""Reactions to a review: that it was helpful, or that an editor should look at it."""

from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, http, shapes
from chalicelib.api.editor import known_review
from chalicelib.api.http import Contract
from chalicelib.errors import ReviewNotFoundError
from chalicelib.model import Editor, Reaction
from chalicelib.rules import text
from chalicelib.store import reactions as stored

MOST_BODY_BYTES: Final = 65_536

routes = Blueprint(__name__)


@http.route(
    routes,
    "POST",
    "/articles/{slug}/reviews/{id}/votes",
    Contract(
        answer="Votes",
        body="VoteIn",
        errors=(*bodies.ERRORS, ReviewNotFoundError),
        is_limited=True,
    ),
)
def vote_for_review(request: Request, slug: str, id: str) -> Response:  # noqa: A002 - the path's name
    """
    Say that a review was helpful.

    A network has one vote on a review, for ever; the same again is answered alike
    and changes nothing.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic
    from chalicelib.guard import limits, reactions  # noqa: PLC0415 - nor the intake

    schemas.parse(schemas.VoteIn, bodies.read_object(request, MOST_BODY_BYTES))
    receipt = reactions.vote(_reaction(request, slug, id))
    body = {"id": id, "helpful": receipt.helpful}
    return http.private(body, headers=limits.headers(receipt.quota))


@http.route(
    routes,
    "POST",
    "/articles/{slug}/reviews/{id}/reports",
    Contract(
        status=204,
        body="ReportIn",
        errors=(*bodies.ERRORS, ReviewNotFoundError),
        is_limited=True,
    ),
)
def report_review(request: Request, slug: str, id: str) -> Response:  # noqa: A002
    """
    Ask the editors to look at a review. It stays public meanwhile.

    A network is heard once in 90 days on each review; the same again is answered alike
    and changes nothing.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic
    from chalicelib.guard import limits, reactions  # noqa: PLC0415 - nor the intake

    sent = schemas.parse(schemas.ReportIn, bodies.read_object(request, MOST_BODY_BYTES))
    quota = reactions.report(_reaction(request, slug, id), sent.reason, sent.message)
    return http.private(None, headers=limits.headers(quota))


@http.route(
    routes,
    "GET",
    "/editor/articles/{slug}/reviews/{id}/reports",
    Contract(
        answer="ReportList",
        errors=(ReviewNotFoundError,),
        security="editor",
        scope="moderate",
    ),
)
def list_reports(request: Request, editor: Editor, slug: str, id: str) -> Response:  # noqa: A002
    """List up to a hundred reports of a review, newest first, decided on or not."""
    del request, editor
    known_review(slug, id)
    reports = [shapes.report(one) for one in stored.list_reports(id)]
    return http.private({"items": reports})


def _reaction(request: Request, slug: str, review_id: str) -> Reaction:
    if not text.SLUG.fullmatch(slug) or not text.ULID.fullmatch(review_id):
        raise ReviewNotFoundError
    return Reaction(slug, review_id, http.source_address(request))
