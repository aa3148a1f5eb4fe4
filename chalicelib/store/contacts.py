"""
Where readers are written to: the only rows that may hold an e-mail address.

    keep, ask            part of another module's transaction         2 write units
    find, find_asking    GetItem                                      1 round trip
    stop, stay_stopped   UpdateItem                                   1
    forget               TransactWriteItems                           1
    list_asked           Query the reader's addresses                 1
    is_known             Query by_reader, GetItem                     1 or 2

One is there only for who asked for mail, and forgets itself a year after they asked last.
Who wants no more mail leaves a row without an address, so that nobody else can ask for them.
One is there for each link that somebody asked for, until the letter is sent, or for `ASKING`.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from chalicelib import settings
from chalicelib.model import from_rfc3339, rfc3339
from chalicelib.store import attributes, client, keys, review_lists
from chalicelib.store.client import Action, ConditionFailedError

LIFETIME: Final = timedelta(days=365)
ASKING: Final = timedelta(days=7)
"""Longer than all attempts to send a letter, so that one that failed can be retried."""


class Contact(NamedTuple):
    """
    What is held of how a reader is written to.

    Attributes:
        email: As it was written; None once they wanted no more mail.
        asked_at: When they asked for mail last; None without an address.
        stopped_at: When they wanted no more mail.
    """

    email: str | None
    asked_at: datetime | None
    stopped_at: datetime | None

    def address(self, at: datetime) -> str | None:
        """Give where they are written to at a time; None for not at all."""
        if self.stopped_at is not None or self.asked_at is None:
            return None
        # DynamoDB deletes within days of the time, not at it.
        return self.email if at < self.asked_at + LIFETIME else None


def keep(reader: str, email: str, at: datetime) -> Action:
    """
    Make the write that keeps an address; it has no condition.

    Args:
        reader: As `Review.reader`.
        email: As it was written.
    """
    changes = {"email": email, "expires_at": int((at + LIFETIME).timestamp())}
    return {"Update": _update(reader, changes, [])}


def find(reader: str) -> Contact | None:
    """
    Read how a reader is written to.

    Raises:
        UnavailableError: The table could not be read.
    """
    row = client.get(settings.current().content_table, keys.contact(reader), consistent=True)
    if row is None:
        return None
    plain = attributes.unpack(row)
    until, stopped_at = plain.get("expires_at"), plain.get("stopped_at")
    return Contact(
        plain.get("email"),
        None if until is None else datetime.fromtimestamp(until, UTC) - LIFETIME,
        None if stopped_at is None else from_rfc3339(stopped_at),
    )


def ask(reader: str, event_id: str, email: str, at: datetime) -> Action:
    """
    Make the write that keeps the address to which a link goes; it has no condition.

    Args:
        event_id: ULID of the event that is told by the letter.
        email: As it was written.
    """
    row = {"email": email, "expires_at": int((at + ASKING).timestamp())}
    item = keys.request(reader, event_id) | attributes.pack(row)
    return {"Put": {"TableName": settings.current().content_table, "Item": item}}


def find_asking(reader: str, event_id: str, at: datetime) -> str | None:
    """
    Read to which address a link goes.

    Returns:
        None when it was sent, erased or left too long.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().content_table
    row = client.get(table, keys.request(reader, event_id), consistent=True)
    plain = attributes.unpack(row or {})
    # DynamoDB deletes within days of the time, not at it.
    return plain["email"] if plain.get("expires_at", 0) > at.timestamp() else None


def list_asked(reader: str) -> list[str]:
    """
    List the events of a reader's requests that are still to be told, or could not be.

    Returns:
        ULIDs.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.read_all(
        "query",
        TableName=settings.current().content_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :requests)",
        ExpressionAttributeValues=attributes.pack(
            {":pk": keys.contacts_pk(reader), ":requests": keys.REQUESTS}
        ),
        ConsistentRead=True,
    )
    return [row["sk"]["S"].removeprefix(keys.REQUESTS) for row in rows]


def is_known(reader: str) -> bool:
    """
    Tell whether anything is held of a reader: what they wrote, or how they are written to.

    Raises:
        UnavailableError: The table could not be read.
    """
    return review_lists.is_any_of(reader) or find(reader) is not None


def stop(reader: str, at: datetime) -> None:
    """
    Write to a reader no more, and forget the address.

    Raises:
        UnavailableError: It may be forgotten; a repetition is harmless.
    """
    changes = {"stopped_at": rfc3339(at)}
    client.write({"Update": _update(reader, changes, ["email", "expires_at"])})


def stay_stopped(reader: str) -> None:
    """
    Forget an address that somebody gave anew of a reader who wants no more mail.

    Of who was erased meanwhile nothing is written down again.

    Raises:
        UnavailableError: It may be forgotten; a repetition is harmless.
    """
    update = _update(reader, {}, ["email", "expires_at"])
    with suppress(ConditionFailedError):
        client.write({"Update": update | {"ConditionExpression": "attribute_exists(stopped_at)"}})


def forget(reader: str, beside: Sequence[Action]) -> None:
    """
    Take away the row of a reader, if there is one, their wish for no more mail with it.

    Args:
        beside: Writes without a condition that take place with it or not at all.

    Raises:
        UnavailableError: It may be gone; a repetition is harmless.
    """
    row = {
        "TableName": settings.current().content_table,
        "Key": keys.contact(reader),
        "ConditionExpression": "attribute_exists(pk)",
    }
    with suppress(ConditionFailedError):
        client.write({"Delete": row}, *beside)


def _update(reader: str, changes: attributes.Plain, dropped: list[str]) -> dict[str, Any]:
    parts = [
        "SET " + ", ".join(f"#{name} = :{name}" for name in changes) if changes else "",
        "REMOVE " + ", ".join(f"#{name}" for name in dropped) if dropped else "",
    ]
    values = attributes.pack({f":{name}": value for name, value in changes.items()})
    return {
        "TableName": settings.current().content_table,
        "Key": keys.contact(reader),
        "UpdateExpression": " ".join(filter(None, parts)),
        "ExpressionAttributeNames": {f"#{name}": name for name in [*changes, *dropped]},
    } | ({"ExpressionAttributeValues": values} if values else {})
