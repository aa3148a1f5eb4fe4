"""
What is held of a reader, for whoever answers to them: all of it, or its end.

The address comes in the body, so that it stands in no URL and in no server's log.
"""

from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import bodies, cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import InvalidCursorError
from chalicelib.guard import erasure, secrets
from chalicelib.model import Editor, now
from chalicelib.store import contacts, keys, review_lists

MOST_BODY_BYTES: Final = 65_536

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
    reader = _reader(request)
    scope = ("editor/readers", reader)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    page = review_lists.list_of_reader(reader, position, http.limit(request))
    following = cursors.issue(page.position, *scope)
    contact = contacts.read(reader)
    return http.private(
        {
            "contact": contact and shapes.contact(contact),
            **shapes.page([shapes.held(one) for one in page.items], following),
        }
    )


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
    del editor
    return http.private(shapes.erasure(erasure.erase(_reader(request), now())))


def _reader(request: Request) -> str:
    from chalicelib.api import schemas  # noqa: PLC0415 - reads need no pydantic

    body = schemas.parse(schemas.ReaderIn, bodies.read_object(request, MOST_BODY_BYTES))
    return keys.reader(secrets.current().reader_secret, body.email)
