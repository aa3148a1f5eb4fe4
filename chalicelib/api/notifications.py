"""What the outbox has told, could not tell and is still to tell, for editors."""

import re
from typing import Final

from chalice.app import Blueprint, Request, Response

from chalicelib.api import cursors, http, shapes
from chalicelib.api.http import Contract
from chalicelib.errors import (
    InvalidCursorError,
    InvalidRequestError,
    NotificationNotFoundError,
)
from chalicelib.model import Editor, now
from chalicelib.store import keys, outbox

QUEUES: Final = {
    "pending": keys.OUTBOX,
    "dead": keys.DEAD,
    "delivered": keys.DELIVERED,
}
_ID: Final = re.compile(r"[A-Z0-9-]{1,40}", re.ASCII)

routes = Blueprint(__name__)


@http.route(
    routes,
    "GET",
    "/editor/notifications",
    Contract(
        answer="NotificationPage",
        query=("limit", "cursor", "status"),
        errors=(InvalidRequestError, InvalidCursorError),
        security="editor",
        scope="moderate",
    ),
)
def list_notifications(request: Request, editor: Editor) -> Response:
    """
    List what somebody is still to be told of, by the next attempt.

    With `status=dead` what nobody could be told of, with `status=delivered` what was told in the
    last 30 days, newest first.
    """
    del editor
    status = http.choice(request, "status", tuple(QUEUES))
    scope = ("editor/notifications", status)
    position = cursors.open_for(http.parameter(request, "cursor"), *scope)
    page = outbox.list_all(QUEUES[status], position, http.limit(request))
    following = cursors.issue(page.position, *scope)
    return http.private(shapes.page([_written(one) for one in page.items], following))


@http.route(
    routes,
    "POST",
    "/editor/notifications/{id}/retry",
    Contract(
        answer="Notification",
        errors=(NotificationNotFoundError,),
        security="editor",
        scope="moderate",
    ),
)
def retry_notification(request: Request, editor: Editor, id: str) -> Response:  # noqa: A002 - the path's name
    """
    Try again within a minute, as often as the first time.

    Who was told is not told again. What was delivered stays so.
    """
    del request, editor
    if _ID.fullmatch(id) is None:
        raise NotificationNotFoundError
    return http.private(_written(outbox.retry(id, now())))


def _written(one: outbox.Notification) -> shapes.Json:
    (status,) = (status for status, queue in QUEUES.items() if queue == one.queue)
    return shapes.notification(one, status)
