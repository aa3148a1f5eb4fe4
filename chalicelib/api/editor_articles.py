"""Articles, for editors: writing, publishing, taking back."""

from datetime import datetime, timedelta
from typing import Any, Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, cursors, drafts, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    ArticleNotFoundError,
    InvalidCursorError,
    InvalidFieldsError,
    InvalidRequestError,
    RevisionRequiredError,
    SlugTakenError,
    StaleRevisionError,
    UnavailableError,
)
from chalicelib.model import Article, ArticleStatus, DecisionAction, Editor, EventKind, now
from chalicelib.rules import publishing, text
from chalicelib.store import articles, decisions, listings, outbox
from chalicelib.store.client import Action

MOST_BODY_BYTES: Final = 1_048_576
MOST_SMALL_BODY_BYTES: Final = 65_536

_ATTEMPTS: Final = 6

_CHANGE_ERRORS: Final = (
    ArticleNotFoundError,
    StaleRevisionError,
    RevisionRequiredError,
)

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/editor/articles",
    Contract(
        answer="EditorsArticlePage",
        query=("limit", "cursor", "status"),
        errors=(InvalidRequestError, InvalidCursorError),
        security="editor",
        scope="write",
    ),
)
def list_editors_articles(request: Request, editor: Editor) -> Response:
    """
    List drafts, scheduled and retracted articles, latest change first.

    With `status` those of one status, published ones too.
    """
    del editor
    size, status = http.limit(request), http.query(request, "status")
    if status is not None and status not in set(ArticleStatus):
        allowed = ", ".join(ArticleStatus)
        raise InvalidRequestError(f"The parameter status must be one of {allowed}.")
    scope = ("editor/articles", status)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    chosen = None if status is None else ArticleStatus(status)
    page = listings.list_edited(chosen, position, size)
    following = cursors.issue(page.position, *scope)
    return http.private(shapes.page([shapes.editors_summary(one) for one in page.items], following))


@http.route(
    routes,
    "PUT",
    "/articles/{slug}",
    Contract(
        status=201,
        answer="EditorsArticle",
        body="ArticleIn",
        errors=(*bodies.ERRORS, *_CHANGE_ERRORS, SlugTakenError),
        security="editor",
        scope="write",
    ),
)
def put_article(request: Request, editor: Editor, slug: str) -> Response:
    """
    Write a whole article.

    A new one needs no `If-Match` and gives 201. One that exists is replaced
    with `If-Match` and gives 200. The same article again changes nothing.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    if text.SLUG.fullmatch(slug) is None:
        raise InvalidFieldsError(problems=(schemas.field_problem("slug", "slug_invalid"),))
    body = schemas.parse(schemas.ArticleIn, bodies.read_object(request, MOST_BODY_BYTES))
    fields = drafts.fields(body, everything=True)
    if http.header(request, "If-Match") is not None:
        return answer(change(request, editor, slug, fields))
    return _create(request, editor, slug, fields)


@http.route(
    routes,
    "PATCH",
    "/articles/{slug}",
    Contract(
        answer="EditorsArticle",
        body="ArticlePatchIn",
        errors=(*bodies.ERRORS, *_CHANGE_ERRORS),
        security="editor",
        scope="write",
    ),
)
def patch_article(request: Request, editor: Editor, slug: str) -> Response:
    """Change some fields of an article. Needs `If-Match`."""
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse_some(schemas.ArticlePatchIn, bodies.read_object(request, MOST_BODY_BYTES))
    fields = drafts.fields(body, everything=False)
    return answer(change(request, editor, http.known_slug(slug), fields))


@http.route(
    routes,
    "DELETE",
    "/articles/{slug}",
    Contract(status=204, errors=_CHANGE_ERRORS, security="editor", scope="write"),
)
def retract_article(request: Request, editor: Editor, slug: str) -> Response:
    """
    Retract an article. Needs `If-Match`.

    Whoever asks for it is told that it was taken back, 410; its reviews and its tally
    stay. To give a reason use `PATCH`.
    """
    change(request, editor, http.known_slug(slug), {"status": ArticleStatus.RETRACTED})
    return http.private(None)


@http.route(
    routes,
    "POST",
    "/editor/articles/{slug}/move",
    Contract(
        answer="EditorsArticle",
        body="MoveIn",
        errors=(*bodies.ERRORS, *_CHANGE_ERRORS, SlugTakenError),
        security="editor",
        scope="write",
    ),
)
def move_article(request: Request, editor: Editor, slug: str) -> Response:
    """
    Give an article another slug. Needs `If-Match`.

    Whoever asks for it by a slug that it had is sent on, 308; all else, its reviews too, is
    found under each of its slugs. No other article may ever have one of them.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.MoveIn, bodies.read_object(request, MOST_SMALL_BODY_BYTES))
    return answer(change(request, editor, http.known_slug(slug), {"slug": body.slug}))


@http.route(
    routes,
    "PUT",
    "/editor/articles/{slug}/freeze",
    Contract(
        answer="EditorsArticle",
        body="FreezeIn",
        errors=(*bodies.ERRORS, ArticleNotFoundError),
        security="editor",
        scope="write",
    ),
)
def freeze_reviews(request: Request, editor: Editor, slug: str) -> Response:
    """
    Let an article take no more reviews, at once or after so many days.

    What is there stays as it is; its readers may still edit and withdraw it.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.FreezeIn, bodies.read_object(request, MOST_SMALL_BODY_BYTES))
    frozen_at = now() + timedelta(days=body.after_days)
    return answer(_frozen(http.known_slug(slug), frozen_at, editor))


@http.route(
    routes,
    "DELETE",
    "/editor/articles/{slug}/freeze",
    Contract(status=204, errors=(ArticleNotFoundError,), security="editor", scope="write"),
)
def unfreeze_reviews(request: Request, editor: Editor, slug: str) -> Response:
    """Let an article take reviews again."""
    del request
    _frozen(http.known_slug(slug), None, editor)
    return http.private(None)


def _frozen(slug: str, frozen_at: datetime | None, editor: Editor) -> Article:
    """Say from when on an article takes no more reviews, whatever else is changed meanwhile."""
    found = articles.get(slug)
    action = DecisionAction.FREEZE if frozen_at else DecisionAction.UNFREEZE
    for _ in range(_ATTEMPTS):
        new = publishing.frozen(found, frozen_at, editor.name, now())
        decided = decisions.of_article(action, found, new)
        holder = None if new is found else articles.replace(found, new, decided)
        if holder is None or holder == new:
            return new
        found = holder
    raise UnavailableError


def _create(request: Request, editor: Editor, slug: str, fields: dict[str, Any]) -> Response:
    article = drafts.made(drafts.empty(slug), fields, editor, now())
    holder = articles.create(article, _beside(None, article))
    if holder is None:
        location = str(request.context.get("path", f"/articles/{slug}")).rstrip("/")
        return answer(article, status=201, Location=location)
    if drafts.is_same(holder, drafts.made(holder, fields, editor, now())):
        return answer(holder)
    if (http.header(request, "If-None-Match") or "").strip() == "*":
        raise SlugTakenError
    raise RevisionRequiredError(headers=_revision_header(holder))


def change(
    request: Request, editor: Editor, slug: str, fields: dict[str, Any], restored: int | None = None
) -> Article:
    """
    Carry out a change once, whether or not an earlier answer to it was lost.

    Args:
        restored: The revision that it goes back to, if it does.
    """
    expected = http.expected_revision(request)
    old = articles.get(slug)
    new = drafts.made(old, fields, editor, now())
    is_repetition = expected is not None and old.revision == expected + 1
    if drafts.is_same(old, new) and (expected in {None, old.revision} or is_repetition):
        return old
    if expected not in {None, old.revision}:
        raise StaleRevisionError(headers=_revision_header(old))
    holder = articles.replace(old, new, _beside(old, new, restored))
    if holder is None:
        return new
    # The SDK repeats a write whose answer was lost; then the holder is ours.
    if holder == new:
        return holder
    raise StaleRevisionError(headers=_revision_header(holder))


def answer(article: Article, status: int = 200, **headers: str) -> Response:
    """Answer an article as its editor sees it after a change."""
    shown = articles.show(article)
    tag = http.etag(http.dump(shapes.article(shown)), article.revision)
    return http.private(shapes.editors_article(shown), status, {"ETag": tag, **headers})


def _beside(old: Article | None, new: Article, restored: int | None = None) -> list[Action]:
    """Give what is written with a change: what was decided by it, and what is to be told."""
    action, note = publishing.decided(old, new), ""
    if action is DecisionAction.RETRACT and new.retraction is not None:
        note = new.retraction.reason
    if restored is not None:
        action, note = DecisionAction.RESTORE, f"Revision {restored}"
    return [*decisions.of_article(action, old, new, note), *_told(old, new)]


def _told(old: Article | None, new: Article) -> list[Action]:
    """Give the events of an article's going live and of its being taken back."""
    was_public, at = old is not None and old.is_public, new.summary.updated_at
    if new.is_public and not was_public:
        return outbox.actions(outbox.of_article(EventKind.ARTICLE_PUBLISHED, new.home, at))
    if was_public and not new.is_public:
        return outbox.actions(outbox.of_article(EventKind.ARTICLE_RETRACTED, new.home, at))
    return []


def _revision_header(article: Article) -> dict[str, str]:
    return {"ETag": f'"{article.revision}"'}
