"""
What links in letters lead to: a page, what a token stands for, and doing it.

Whoever holds a token may do what it says, and nothing else. That it is genuine is looked at
before anything is read.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, http, readers, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    InvalidCursorError,
    InvalidLinkError,
    ReviewNotFoundError,
    StaleRevisionError,
)
from chalicelib.guard import decisions, erasure
from chalicelib.model import CLOSED, Review, now
from chalicelib.notices import links
from chalicelib.notices.links import DecisionLink, ReaderLink, UnsubscribeLink
from chalicelib.rules import moderation
from chalicelib.store import articles, contacts, reviews

if TYPE_CHECKING:
    from chalicelib.api.schemas import LinkIn

MOST_BODY_BYTES: Final = 65_536
MOST: Final = 20
"""Reviews and proposals in one page of an export: the longest ones fit an answer of a Lambda."""

routes = Blueprint(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """A review that a link is about, and what can be done."""

    review: Review | None
    state: str


@http.route(routes, "GET", "/links", Contract(answer="LinkPage", media="text/html"))
def get_links(request: Request) -> Response:
    """
    Show the page that links in letters open.

    It is the same for every link: what a link stands for is in its fragment, which no server sees.
    """
    from chalicelib.api import links_page  # noqa: PLC0415 - for who clicks a link alone

    del request
    headers: http.Headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": http.NO_STORE,
        "Content-Security-Policy": links_page.POLICY,
    }
    return Response(links_page.HTML, headers, 200)


@http.route(
    routes,
    "POST",
    "/links/description",
    Contract(answer="LinkDescription", body="LinkIn", errors=(*bodies.ERRORS, InvalidLinkError)),
)
def describe_link(request: Request) -> Response:
    """Say what a link would do, and on which review. Nothing is changed."""
    link, _ = _link(request)
    if isinstance(link, UnsubscribeLink):
        return http.private(shapes.link("unsubscribe", "open", None, None))
    if isinstance(link, ReaderLink):
        is_open = link.action == "export" or contacts.is_known(link.reader)
        return http.private(shapes.link(link.action, _state(is_open=is_open), None, None))
    found = _look(link)
    review = found.review if found.state in {"open", "unchanged"} else None
    article = articles.find(link.slug)
    title = article.summary.title if article else None
    return http.private(shapes.link(link.action, found.state, title, review))


@http.route(
    routes,
    "POST",
    "/links",
    Contract(
        answer="LinkResult",
        body="LinkIn",
        errors=(*bodies.ERRORS, InvalidCursorError, InvalidLinkError),
    ),
)
def follow_link(request: Request) -> Response:
    """
    Do what a link says. Once more changes nothing, so after a 503 repeat it.

    An export comes in pages: `held.next_cursor` is the `cursor` of the next. An erasure is
    repeated until its receipt `is_complete`.
    """
    link, cursor = _link(request)
    if isinstance(link, UnsubscribeLink):
        contacts.stop(link.reader, now())
        return http.private(shapes.followed("unsubscribe", "changed"))
    if isinstance(link, DecisionLink):
        return http.private(shapes.followed(link.action, _decide(link)))
    if link.action == "export":
        held = readers.exported(link.reader, cursor, MOST)
        return http.private(shapes.followed("export", "unchanged", held))
    receipt, is_changed = erasure.by_link(link.reader, link.id, now())
    result = "changed" if is_changed else "unchanged"
    return http.private(shapes.followed("erase", result, receipt=receipt))


@http.route(
    routes,
    "POST",
    "/unsubscribe/{token}",
    Contract(status=204, errors=(InvalidLinkError,)),
)
def unsubscribe_at_once(request: Request, token: str) -> Response:
    """End the mail to a reader, as a mail program asks it (RFC 8058). The body is not looked at."""
    del request
    link = links.read(token)
    if not isinstance(link, UnsubscribeLink):
        raise InvalidLinkError
    contacts.stop(link.reader, now())
    return http.private(None)


def _link(request: Request) -> tuple[DecisionLink | UnsubscribeLink | ReaderLink, str | None]:
    """Give a link that is in force, and where its export is to go on."""
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body: LinkIn = schemas.parse(schemas.LinkIn, bodies.read_object(request, MOST_BODY_BYTES))
    link = links.read(body.token)
    if link is None or (not isinstance(link, UnsubscribeLink) and link.expires_at <= now()):
        raise InvalidLinkError
    return link, body.cursor


def _state(*, is_open: bool) -> str:
    return "open" if is_open else "unchanged"


def _look(link: DecisionLink) -> _Found:
    review = reviews.find(link.slug, link.review.key)
    if review is None or review.id != link.review.id or review.status in CLOSED:
        return _Found(None, "gone")
    if review.revision == link.revision:
        return _Found(review, "open")
    is_done = review.status is moderation.DECISIONS[link.action]
    return _Found(review, "unchanged" if is_done else "stale")


def _decide(link: DecisionLink) -> str:
    try:
        is_changed = decisions.decide(
            link.slug,
            link.review,
            link.action,
            now(),
            by=decisions.MAIL,
            revision=link.revision,
        )
    except ReviewNotFoundError:
        return "gone"
    except StaleRevisionError:
        return "stale"
    return "changed" if is_changed else "unchanged"
