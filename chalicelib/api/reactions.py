"""Reactions to a review: that it was helpful."""

from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, http
from chalicelib.api.http import Contract
from chalicelib.errors import ReviewNotFoundError
from chalicelib.model import Reaction
from chalicelib.rules import text

MOST_BODY_BYTES: Final = 65_536

routes = Blueprint(__name__)


@http.route(
    routes,
    "POST",
    "/articles/{slug}/reviews/{id}/votes",
    Contract(answer="Votes", body="VoteIn", errors=(*bodies.ERRORS, ReviewNotFoundError)),
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


def _reaction(request: Request, slug: str, review_id: str) -> Reaction:
    if not text.SLUG.fullmatch(slug) or not text.ULID.fullmatch(review_id):
        raise ReviewNotFoundError
    return Reaction(slug, review_id, http.source_address(request))
