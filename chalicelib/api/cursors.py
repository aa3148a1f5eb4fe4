"""
Cursors: where the next page of one list starts.

A cursor holds the position alone; the list it belongs to is part of the
signature. Used for another list, order or filter, or altered in any way, it
is the same `invalid_cursor`.
"""

import json
from typing import Final

from chalicelib.errors import InvalidCursorError
from chalicelib.guard import signing

_PURPOSE: Final = "cursor"


def issue(position: str | None, *scope: str | None) -> str | None:
    """
    Make the cursor of the next page.

    Args:
        position: Sort key of the last item; None at the end of the list.
        scope: What names the list: resource, slug, order, filters.

    Returns:
        base64url, opaque; None at the end of the list.
    """
    return None if position is None else signing.sign(_purpose(scope), position.encode())


def open_for(cursor: str | None, *scope: str | None) -> str | None:
    """
    Read the position out of a cursor.

    Returns:
        None without a cursor: the first page.

    Raises:
        InvalidCursorError: The cursor was not made for this list.
    """
    if cursor is None:
        return None
    payload = signing.verify(_purpose(scope), cursor)
    if payload is None:
        raise InvalidCursorError
    return payload.decode()


def _purpose(scope: tuple[str | None, ...]) -> str:
    return json.dumps([_PURPOSE, *scope])
