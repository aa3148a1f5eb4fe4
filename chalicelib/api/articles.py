"""Articles, for anyone."""

from chalice.app import Blueprint, Request, Response

from chalicelib.api import cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    ArticleNotFoundError,
    ArticleRetractedError,
    InvalidCursorError,
    InvalidRequestError,
)
from chalicelib.rules import text
from chalicelib.store import articles, listings

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
    Contract(answer="Article", errors=(ArticleNotFoundError, ArticleRetractedError), moves=True),
)
def get_article(request: Request, slug: str) -> Response:
    """
    Read one article with its tally and related articles.

    Those are up to four that share tags with it, best first. The ETag starts with the revision
    that `If-Match` wants for a change. A slug that it had before sends on to the one that it
    has, 308.
    """
    shown = articles.get_public(http.known_slug(slug))
    article = shown.article
    if http.named(request, "slug") != article.slug:
        return http.moved(request, article.slug)
    return http.public(request, shapes.article(shown), article.revision)


@http.route(
    routes,
    "GET",
    "/articles/{slug}/tally",
    Contract(answer="Tally", errors=(ArticleNotFoundError, ArticleRetractedError)),
)
def get_tally(request: Request, slug: str) -> Response:
    """Read the tally of an article's published reviews alone."""
    return http.public(request, shapes.tally(articles.get_public_tally(http.known_slug(slug))))


@http.route(
    routes,
    "GET",
    "/articles/{slug}/moderation",
    Contract(answer="Moderation", errors=(ArticleNotFoundError, ArticleRetractedError)),
)
def get_moderation(request: Request, slug: str) -> Response:
    """
    Read by stars what became of all that readers sent in about an article.

    `received` is the sum of the others: `published`, what the tally counts; `held`, what waits for
    an editor, or was taken for spam by the filter alone; `removed`, what an editor refused;
    `withdrawn`, what its reader ended. A proposed change counts until it is taken into its review.
    Nothing leaves these counts but spam that no editor ever saw, when its time is over.
    """
    tally = articles.get_public_tally(http.known_slug(slug))
    return http.public(request, shapes.counts(tally))


def _tag(request: Request) -> str | None:
    tag = http.query(request, "tag", text.LONGEST_TAG)
    if tag is not None and text.TAG.fullmatch(tag) is None:
        raise InvalidRequestError("The parameter tag must be of a-z, 0-9 and hyphen.")
    return tag
