"""
Stream records that could not be read, put aside so that their shard goes on.

    put                  PutItem                                 1 write unit
    list_all             Query the quarantine                    1 per MB
    release              DeleteItem                              1 write unit
"""

from datetime import datetime

from chalicelib import settings
from chalicelib.model import rfc3339
from chalicelib.store import attributes, client, keys


def put(sequence_number: str, slug: str, reason: str, at: datetime) -> None:
    """
    Put a record aside that cannot be read. The same record twice is one row.

    Args:
        sequence_number: The stream's, up to 40 digits.
        slug: Its article, or empty when that cannot be read either.
        reason: What is wrong, without anything that a reader wrote.

    Raises:
        UnavailableError: It may have been put aside.
    """
    row = {"slug": slug, "reason": reason, "quarantined_at": rfc3339(at)}
    item = keys.key(keys.QUARANTINE, sequence_number) | attributes.pack(row)
    client.write({"Put": {"TableName": settings.current().derived_table, "Item": item}})


def list_all() -> list[attributes.Plain]:
    """
    Read everything that was put aside.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.read_all(
        "query",
        TableName=settings.current().derived_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=attributes.pack({":pk": keys.QUARANTINE}),
        ConsistentRead=True,
    )
    return [attributes.unpack(row) for row in rows]


def release(sequence_number: str) -> None:
    """
    Forget a record that was put aside.

    Raises:
        UnavailableError: It may have been forgotten.
    """
    key = keys.key(keys.QUARANTINE, sequence_number)
    client.write({"Delete": {"TableName": settings.current().derived_table, "Key": key}})
