"""What an article was: every revision, compared and restored."""

import difflib
import re
from typing import Any, Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import cursors, editor_articles, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    ArticleNotFoundError,
    InvalidCursorError,
    InvalidRequestError,
    RevisionNotFoundError,
    RevisionRequiredError,
    StaleRevisionError,
)
from chalicelib.model import Article, Editor
from chalicelib.store import articles, revisions

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_RESTORED: Final = ("title", "description", "image", "author", "tags")

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/editor/articles/{slug}/revisions",
    Contract(
        answer="RevisionPage",
        query=("limit", "cursor"),
        errors=(InvalidRequestError, InvalidCursorError, ArticleNotFoundError),
        security="editor",
        scope="write",
    ),
)
def list_revisions(request: Request, editor: Editor, slug: str) -> Response:
    """List what an article was and is, newest first, with who made each revision and when."""
    del editor
    size, scope = http.limit(request), ("revisions", slug)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    newest = [articles.get(http.known_slug(slug))] if position is None else []
    page = revisions.list_earlier(slug, position, size)
    items = [shapes.revision(one) for one in (*newest, *page.items)]
    return http.private(shapes.page(items, cursors.issue(page.position, *scope)))


@http.route(
    routes,
    "GET",
    "/editor/articles/{slug}/revisions/{revision}",
    Contract(
        answer="RevisionText",
        query=("against",),
        errors=(InvalidRequestError, ArticleNotFoundError, RevisionNotFoundError),
        security="editor",
        scope="write",
    ),
)
def get_revision(request: Request, editor: Editor, slug: str, revision: str) -> Response:
    """
    Read what an article was at a revision, and how it differs from another.

    `against` is the revision to compare with, the one before unless told.
    """
    del editor
    number = _number(revision)
    told = http.query(request, "against")
    against = number - 1 if told is None else _number(told)
    current = articles.get(http.known_slug(slug))
    after = _at(current, number)
    before = _at(current, against) if against else None
    changes = None if before is None else _changes(before, after)
    return http.private(
        {
            **shapes.revision(after),
            "body_markdown": after.body_markdown,
            "against": against or None,
            "changes": changes,
        }
    )


@http.route(
    routes,
    "POST",
    "/editor/articles/{slug}/revisions/{revision}/restore",
    Contract(
        answer="EditorsArticle",
        errors=(
            ArticleNotFoundError,
            RevisionNotFoundError,
            StaleRevisionError,
            RevisionRequiredError,
        ),
        security="editor",
        scope="write",
    ),
)
def restore_revision(request: Request, editor: Editor, slug: str, revision: str) -> Response:
    """
    Make an article say again what it said at a revision. Needs `If-Match`.

    Its status, its time and its slug stay; what it said until now is a revision too.
    """
    number = _number(revision)
    was = _at(articles.get(http.known_slug(slug)), number)
    told: dict[str, Any] = {name: getattr(was.summary, name) for name in _RESTORED}
    return editor_articles.answer(
        editor_articles.change(
            request, editor, slug, told | {"body_markdown": was.body_markdown}, number
        )
    )


def _number(text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise RevisionNotFoundError
    return int(text)


def _at(current: Article, number: int) -> Article:
    found = current if current.revision == number else revisions.find(current.home, number)
    if found is None:
        raise RevisionNotFoundError
    return found


def _changes(before: Article, after: Article) -> shapes.Json:
    """Give the fields that differ, with both values, and the lines of the text that do."""
    old, new = shapes.revision_fields(before), shapes.revision_fields(after)
    lines = difflib.unified_diff(
        before.body_markdown.splitlines(),
        after.body_markdown.splitlines(),
        f"revision {before.revision}",
        f"revision {after.revision}",
        lineterm="",
    )
    return {
        "fields": {
            name: {"before": old[name], "after": new[name]}
            for name in new
            if old[name] != new[name]
        },
        "body_markdown": list(lines),
    }
