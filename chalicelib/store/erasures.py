"""
Receipts of erasures, without anything that tells of whom.

    find                 GetItem                                      1 round trip
    counted              part of a transaction that erases something  2 write units
    finish               UpdateItem                                   1 round trip

Each erasing transaction counts itself in the receipt of its request. A request that
fails halfway leaves a receipt of what it did, which is not complete; its repetition
has one of its own. So everything erased stands in one receipt, and in one alone.
All that is erased by one link of a reader stands in that link's receipt.
"""

from datetime import datetime

from chalicelib import settings
from chalicelib.model import Erasure, from_rfc3339, rfc3339
from chalicelib.store import attributes, client, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import Action


def find(erasure_id: str) -> Erasure | None:
    """
    Read the receipt of an erasure that came to its end.

    Raises:
        UnavailableError: The table could not be read.
    """
    table = settings.current().content_table
    row = client.get(table, keys.erasure(erasure_id), consistent=True)
    if row is None or "is_complete" not in row:
        return None
    return _read(erasure_id, row)


def counted(erasure_id: str, at: datetime, what: str) -> Action:
    """
    Make the write that counts one thing that is erased; it has no condition.

    Args:
        what: `reviews`, `proposals` or `contact`.
    """
    update = {
        "TableName": settings.current().content_table,
        "Key": keys.erasure(erasure_id),
        "UpdateExpression": "SET erased_at = :at ADD #what :one",
        "ExpressionAttributeNames": {"#what": what},
        "ExpressionAttributeValues": attributes.pack({":at": rfc3339(at), ":one": 1}),
    }
    return {"Update": update}


def finish(erasure_id: str, at: datetime, *, is_complete: bool) -> Erasure:
    """
    Store that a request is through, and give its receipt.

    Args:
        is_complete: Whether it found nothing that it left.

    Raises:
        UnavailableError: It may be stored.
    """
    counts = ("reviews", "proposals", "contact")
    update = "SET erased_at = :at, is_complete = :complete, "
    answer = client.call(
        "update_item",
        TableName=settings.current().content_table,
        Key=keys.erasure(erasure_id),
        UpdateExpression=update
        + ", ".join(f"{name} = if_not_exists({name}, :none)" for name in counts),
        ExpressionAttributeValues=attributes.pack(
            {":at": rfc3339(at), ":complete": int(is_complete), ":none": 0}
        ),
        ReturnValues="ALL_NEW",
    )
    return _read(erasure_id, answer["Attributes"])


def _read(erasure_id: str, row: Item) -> Erasure:
    plain = attributes.unpack(row)
    return Erasure(
        erasure_id,
        from_rfc3339(plain["erased_at"]),
        plain["reviews"],
        plain["proposals"],
        bool(plain["contact"]),
        bool(plain["is_complete"]),
    )
