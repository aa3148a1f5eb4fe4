"""
Content made again what a restored table says, row by row.

    every_row           Scan, consistent                              1 per MB
    differing, absent   BatchGetItem                                  1
    put, delete         PutItem, DeleteItem                           1

For `tools.restore` alone. Point-in-time recovery makes a table of another
name with another stream; to carry its rows back leaves names, stream and
policies as they are. Nobody else may write meanwhile.
"""

from collections.abc import Iterator, Sequence

from chalicelib import settings
from chalicelib.store import client, keys
from chalicelib.store.attributes import Item


def every_row(table: str) -> Iterator[Item]:
    """
    Give all rows of a table.

    Raises:
        UnavailableError: The table could not be read.
    """
    yield from client.read_all("scan", TableName=table, ConsistentRead=True)


def differing(rows: Sequence[Item], table: str) -> list[Item]:
    """
    Give those of some rows, up to 100, that a table lacks or has otherwise.

    Raises:
        UnavailableError: The table could not be read.
    """
    found = _found(rows, table)
    return [row for row in rows if found.get(_name(row)) != row]


def absent(rows: Sequence[Item], table: str) -> list[Item]:
    """
    Give those of some rows, up to 100, whose keys a table lacks.

    Raises:
        UnavailableError: The table could not be read.
    """
    found = _found(rows, table)
    return [row for row in rows if _name(row) not in found]


def put(row: Item) -> None:
    """
    Write a row into content as it is.

    Raises:
        UnavailableError: It may have been written.
    """
    client.write({"Put": {"TableName": settings.current().content_table, "Item": row}})


def delete(row: Item) -> None:
    """
    Take a row out of content.

    Raises:
        UnavailableError: It may have been taken out.
    """
    client.write({"Delete": {"TableName": settings.current().content_table, "Key": _key(row)}})


def _found(rows: Sequence[Item], table: str) -> dict[tuple[str, str], Item]:
    present = client.batch_get({table: [_key(row) for row in rows]}, consistent=True)[table]
    return {_name(row): row for row in present}


def _name(row: Item) -> tuple[str, str]:
    return row["pk"]["S"], row["sk"]["S"]


def _key(row: Item) -> keys.Key:
    return keys.key(*_name(row))
