"""
Where readers are written to: the one row that may hold an e-mail address.

    keep                 part of a submission's transaction           2 write units
    find                 GetItem                                      1 round trip
    stop                 UpdateItem                                   1

It is there only for who asked for mail, and forgets itself a year after they asked last.
Who wants no more mail leaves a row without an address, so that nobody else can ask for them.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from chalicelib import settings
from chalicelib.model import rfc3339
from chalicelib.store import attributes, client, keys
from chalicelib.store.client import Action

LIFETIME: Final = timedelta(days=365)


class Contact(NamedTuple):
    """
    How a reader is written to.

    Attributes:
        email: None: not at all.
        is_stopped: Whether they said that they want no mail.
    """

    email: str | None = None
    is_stopped: bool = False


def keep(reader: str, email: str, at: datetime) -> Action:
    """
    Make the write that keeps an address; it has no condition.

    Args:
        reader: As `Review.reader`.
        email: As it was written.
    """
    changes = {"email": email, "expires_at": int((at + LIFETIME).timestamp())}
    return {"Update": _update(reader, changes, [])}


def find(reader: str, at: datetime) -> Contact:
    """
    Read how a reader is written to.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().content_table, keys.contact(reader), consistent=True)
    plain = attributes.unpack(row or {})
    is_stopped = "stopped_at" in plain
    # DynamoDB deletes within days of the time, not at it.
    is_over = plain.get("expires_at", 0) <= at.timestamp()
    return Contact(None if is_stopped or is_over else plain["email"], is_stopped)


def stop(reader: str, at: datetime) -> None:
    """
    Write to a reader no more, and forget the address.

    Raises:
        UnavailableError: It may be forgotten; a repetition is harmless.
    """
    changes = {"stopped_at": rfc3339(at)}
    client.write({"Update": _update(reader, changes, ["email", "expires_at"])})


def _update(reader: str, changes: attributes.Plain, dropped: list[str]) -> dict[str, Any]:
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in changes)
    update += " REMOVE " + ", ".join(f"#{name}" for name in dropped) if dropped else ""
    return {
        "TableName": settings.current().content_table,
        "Key": keys.contact(reader),
        "UpdateExpression": update,
        "ExpressionAttributeNames": {f"#{name}": name for name in [*changes, *dropped]},
        "ExpressionAttributeValues": attributes.pack(
            {f":{name}": value for name, value in changes.items()}
        ),
    }
