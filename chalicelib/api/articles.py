"""Articles: reading for anyone, writing for editors."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    ArticleNotFoundError,
    InvalidCursorError,
    InvalidFieldsError,
    InvalidRequestError,
    PayloadTooLargeError,
    RevisionRequiredError,
    SlugTakenError,
    StaleRevisionError,
)
from chalicelib.model import Article, ArticleStatus, Editor, Image, Summary, now
from chalicelib.rules import text
from chalicelib.store import articles, listings

if TYPE_CHECKING:
    from pydantic import BaseModel

MOST_BODY_BYTES: Final = 1_048_576
MOST_ITEM_BYTES: Final = 380_000
"""DynamoDB takes rows of 400 KB; the rest is for the names of attributes."""

_CHANGE_ERRORS: Final = (
    ArticleNotFoundError,
    StaleRevisionError,
    RevisionRequiredError,
)

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/articles",
    Contract(
        answer="ArticlePage",
        query=("limit", "cursor", "tag", "author", "sort"),
        errors=(InvalidRequestError, InvalidCursorError),
    ),
)
def list_articles(request: Request) -> Response:
    """
    List published articles.

    Newest first, or with `sort=top` by Bayesian average: an article's stars
    together with those of `prior`, divided by their number. `tag` and `author`
    narrow the list; a page may then be short and still have a `next_cursor`.
    """
    size, sort = http.limit(request), http.choice(request, "sort", ("newest", "top"))
    tag, author = _tag(request), http.query(request, "author", 80)
    scope = ("articles", sort, tag, author)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    is_top = sort == "top"
    page = (listings.list_top if is_top else listings.list_newest)(tag, author, position, size)
    shape = shapes.ranked if is_top else shapes.summary
    body = shapes.page([shape(one) for one in page.items], cursors.issue(page.position, *scope))
    return http.public(request, body | ({"prior": shapes.prior()} if is_top else {}))


@http.route(
    routes,
    "GET",
    "/articles/{slug}",
    Contract(answer="Article", errors=(ArticleNotFoundError,)),
)
def get_article(request: Request, slug: str) -> Response:
    """
    Read one article with its tally.

    The ETag starts with the revision that `If-Match` wants for a change.
    """
    article, tally = articles.get_public(http.known_slug(slug))
    return http.public(request, shapes.article(article, tally), article.revision)


@http.route(
    routes,
    "GET",
    "/articles/{slug}/tally",
    Contract(answer="Tally", errors=(ArticleNotFoundError,)),
)
def get_tally(request: Request, slug: str) -> Response:
    """Read the tally of an article's published reviews alone."""
    return http.public(request, shapes.tally(articles.get_public_tally(http.known_slug(slug))))


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
    del editor
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    if text.SLUG.fullmatch(slug) is None:
        raise InvalidFieldsError(problems=(schemas.field_problem("slug", "slug_invalid"),))
    body = schemas.parse(schemas.ArticleIn, bodies.read_object(request, MOST_BODY_BYTES))
    fields = _fields(body, everything=True)
    if http.header(request, "If-Match") is not None:
        return _answer(_change(request, slug, fields))
    return _create(request, slug, fields)


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
    del editor
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse_some(schemas.ArticlePatchIn, bodies.read_object(request, MOST_BODY_BYTES))
    fields = _fields(body, everything=False)
    return _answer(_change(request, http.known_slug(slug), fields))


@http.route(
    routes,
    "DELETE",
    "/articles/{slug}",
    Contract(status=204, errors=_CHANGE_ERRORS, security="editor", scope="write"),
)
def retract_article(request: Request, editor: Editor, slug: str) -> Response:
    """
    Retract an article. Needs `If-Match`.

    It is gone for the public; its reviews and its tally stay.
    """
    del editor
    _change(request, http.known_slug(slug), {"status": ArticleStatus.RETRACTED})
    return http.private(None)


def _create(request: Request, slug: str, fields: dict[str, Any]) -> Response:
    article = _made(_empty(slug), fields, now())
    holder = articles.create(article)
    if holder is None:
        location = str(request.context.get("path", f"/articles/{slug}")).rstrip("/")
        return _answer(article, status=201, Location=location)
    if _is_same(holder, _made(holder, fields, now())):
        return _answer(holder)
    if (http.header(request, "If-None-Match") or "").strip() == "*":
        raise SlugTakenError
    raise RevisionRequiredError(headers=_revision_header(holder))


def _change(request: Request, slug: str, fields: dict[str, Any]) -> Article:
    """Carry out a change once, whether or not an earlier answer to it was lost."""
    expected = http.expected_revision(request)
    old = articles.get(slug)
    new = _made(old, fields, now())
    is_repetition = expected is not None and old.revision == expected + 1
    if _is_same(old, new) and (expected in {None, old.revision} or is_repetition):
        return old
    if expected not in {None, old.revision}:
        raise StaleRevisionError(headers=_revision_header(old))
    holder = articles.replace(old, new)
    if holder is None:
        return new
    # The SDK repeats a write whose answer was lost; then the holder is ours.
    if holder == new:
        return holder
    raise StaleRevisionError(headers=_revision_header(holder))


def _answer(article: Article, status: int = 200, **headers: str) -> Response:
    tally = articles.find_tally(article.slug)
    tag = http.etag(http.dump(shapes.article(article, tally)), article.revision)
    return http.private(shapes.editors_article(article, tally), status, {"ETag": tag, **headers})


def _revision_header(article: Article) -> dict[str, str]:
    return {"ETag": f'"{article.revision}"'}


def _fields(body: "BaseModel", *, everything: bool) -> dict[str, Any]:
    """Give the fields to set, in the model's own types."""
    names = type(body).model_fields if everything else body.model_fields_set
    fields = {name: getattr(body, name) for name in names}
    for name in ("status", "published_at"):
        if name in fields and fields[name] is None:
            del fields[name]
    if "status" in fields:
        fields["status"] = ArticleStatus(fields["status"])
    if fields.get("image") is not None:
        fields["image"] = Image(**fields["image"].model_dump())
    if "tags" in fields:
        fields["tags"] = tuple(dict.fromkeys(fields["tags"]))
    return fields


def _empty(slug: str) -> Article:
    summary = Summary(
        slug=slug,
        title="",
        description="",
        image=None,
        author=None,
        tags=(),
        published_at=None,
        updated_at=now(),
        revision=0,
        status=ArticleStatus.DRAFT,
    )
    return Article(summary, body_markdown="", body_html="")


def _made(old: Article, fields: dict[str, Any], at: datetime) -> Article:
    """Make the article that a change leads to."""
    head = {name: value for name, value in fields.items() if name != "body_markdown"}
    summary = replace(old.summary, **head, revision=old.revision + 1, updated_at=at)
    if summary.status is ArticleStatus.PUBLISHED and summary.published_at is None:
        summary = replace(summary, published_at=at)
    markdown = fields.get("body_markdown", old.body_markdown)
    html = old.body_html
    if "body_markdown" in fields:
        from chalicelib.api.markdown import render  # noqa: PLC0415 - reads need no renderer

        html = render(markdown)
    if len(markdown.encode()) + len(html.encode()) > MOST_ITEM_BYTES:
        raise PayloadTooLargeError("The text and its HTML are too large to be stored.")
    return Article(summary, markdown, html)


def _is_same(old: Article, new: Article) -> bool:
    """Tell whether a change would change nothing but the revision and the time."""
    summary = replace(new.summary, revision=old.summary.revision, updated_at=old.summary.updated_at)
    return replace(new, summary=summary) == old


def _tag(request: Request) -> str | None:
    tag = http.query(request, "tag", text.LONGEST_TAG)
    if tag is not None and text.TAG.fullmatch(tag) is None:
        raise InvalidRequestError("The parameter tag must be of a-z, 0-9 and hyphen.")
    return tag
