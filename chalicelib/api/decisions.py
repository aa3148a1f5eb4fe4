"""The ledger of decisions, for editors: of an article with its reviews, or of one review."""

from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import cursors, http, shapes
from chalicelib.api.editor import known_review
from chalicelib.api.http import Contract
from chalicelib.errors import (
    ArticleNotFoundError,
    InvalidCursorError,
    InvalidRequestError,
    ReviewNotFoundError,
)
from chalicelib.model import Decision, Editor, Page
from chalicelib.store import articles, decisions

_REFUSALS: Final = (InvalidRequestError, InvalidCursorError)

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/editor/articles/{slug}/decisions",
    Contract(
        answer="DecisionPage",
        query=("limit", "cursor"),
        errors=(*_REFUSALS, ArticleNotFoundError),
        security="editor",
        scope="moderate",
    ),
)
def list_decisions_of_article(request: Request, editor: Editor, slug: str) -> Response:
    """List what was decided about an article and its reviews, newest first."""
    del editor
    size, scope = http.limit(request), ("decisions", http.known_slug(slug))
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    page = decisions.list_of_article(slug, position, size)
    if not page.items and position is None:
        articles.get(slug)
    return _answer(page, *scope)


@http.route(
    routes,
    "GET",
    "/editor/articles/{slug}/reviews/{id}/decisions",
    Contract(
        answer="DecisionPage",
        query=("limit", "cursor"),
        errors=(*_REFUSALS, ReviewNotFoundError),
        security="editor",
        scope="moderate",
    ),
)
def list_decisions_of_review(request: Request, editor: Editor, slug: str, id: str) -> Response:  # noqa: A002
    """List what was decided about a review or a proposed change, newest first."""
    del editor
    size, scope = http.limit(request), ("decisions", slug, id)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    known_review(slug, id)
    return _answer(decisions.list_of_review(id, position, size), *scope)


def _answer(page: Page[Decision], *scope: str) -> Response:
    following = cursors.issue(page.position, *scope)
    return http.private(shapes.page([shapes.decision(one) for one in page.items], following))
