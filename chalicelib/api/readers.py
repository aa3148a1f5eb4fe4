"""
What is held of a reader, for whoever answers to them: all of it, or its end.

Readers themselves ask for a link in a letter that leads to either. The address comes in
the body, so that it stands in no URL and in no server's log.
"""

from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib import settings
from chalicelib.api import bodies, cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import InvalidCursorError, InvalidFieldsError, RouteNotFoundError
from chalicelib.guard import erasure, secrets
from chalicelib.model import Decision, Editor, Page, Review, now
from chalicelib.store import consents, contacts, decisions, keys, review_lists

MOST_BODY_BYTES: Final = 65_536

MOST_DECISIONS: Final = 25
"""On each review and proposal of an export, the newest."""

routes = Blueprint(__name__)


@http.route(
    routes,
    "POST",
    "/editor/readers/export",
    Contract(
        answer="ReaderPage",
        body="ReaderIn",
        query=("limit", "cursor"),
        errors=(*bodies.ERRORS, InvalidCursorError),
        security="editor",
        scope="privacy",
    ),
)
def export_reader(request: Request, editor: Editor) -> Response:
    """
    Give what is held of an address: reviews and proposed changes of any status, newest first.

    `contact` says how the reader is written to, on every page.
    """
    del editor
    cursor, limit = http.parameter(request, "cursor"), http.limit(request)
    return http.private(exported(_reader(request), cursor, limit))


def exported(reader: str, cursor: str | None, limit: int) -> shapes.Json:
    """
    Give a page of what is held of a reader.

    Args:
        reader: As `Review.reader`.

    Raises:
        InvalidCursorError: The cursor is not one of this reader's.
        UnavailableError: The table could not be read.
    """
    scope = ("editor/readers", reader)
    page = review_lists.list_of_reader(reader, cursors.open_for(cursor, *scope), limit)
    following = cursors.issue(page.position, *scope)
    contact = contacts.find(reader)
    texts = consents.of(one.review for one in page.items)
    items = [shapes.held(one, texts, _decided(one.review)) for one in page.items]
    return {
        "contact": contact and shapes.contact(contact),
        **shapes.page(items, following),
    }


def _decided(review: Review) -> Page[Decision]:
    # Each decision raises the revision, so nobody has decided on what has its first.
    if review.revision == 1:
        return Page((), None)
    return decisions.list_of_review(review.id, None, MOST_DECISIONS)


@http.route(
    routes,
    "POST",
    "/editor/readers/erase",
    Contract(
        answer="Erasure",
        body="ReaderIn",
        errors=bodies.ERRORS,
        security="editor",
        scope="privacy",
    ),
)
def erase_reader(request: Request, editor: Editor) -> Response:
    """
    Erase what is held of an address, for good; the answer is the receipt.

    Unless `is_complete`, and after a 503, repeat it: what is left is erased then.
    """
    return http.private(shapes.erasure(erasure.erase(_reader(request), now(), editor.name)))


@http.route(
    routes,
    "POST",
    "/readers/requests",
    Contract(
        status=202,
        answer="LinkRequested",
        body="ReaderRequestIn",
        errors=(*bodies.ERRORS, RouteNotFoundError),
        is_limited=True,
    ),
)
def request_link(request: Request) -> Response:
    """
    Ask for a letter with a link to get or erase what is held of an address.

    The answer is the same whether the address is known or not; a letter goes to known ones.
    """
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic
    from chalicelib.guard import captcha, limits, readers  # noqa: PLC0415 - nor these

    body = bodies.read_object(request, MOST_BODY_BYTES)
    missing = (
        (schemas.field_problem("captcha_token", "captcha_required"),)
        if captcha.is_required() and not body.get("captcha_token")
        else ()
    )
    sent = schemas.parse(schemas.ReaderRequestIn, body, *missing)
    if settings.current().mail_from is None:
        raise RouteNotFoundError("This stage sends no mail, so nobody can ask for a link.")
    try:
        quota = readers.ask(
            sent.email, sent.action, sent.captcha_token or "", http.source_address(request)
        )
    except captcha.CaptchaFailedError:
        failed = schemas.field_problem("captcha_token", "captcha_failed")
        raise InvalidFieldsError(problems=(failed,)) from None
    return http.private({"action": sent.action, "result": "asked"}, 202, limits.headers(quota))


def _reader(request: Request) -> str:
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.ReaderIn, bodies.read_object(request, MOST_BODY_BYTES))
    return keys.reader(secrets.current().reader_secret, body.email)
