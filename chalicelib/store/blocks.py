"""
What the editors block, in one row of content: each submission reads it whole.

    list_all             GetItem                    1 round trip
    add, remove          GetItem, PutItem           2

A change is made to what was read and stored if that is still the newest.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from chalicelib import settings
from chalicelib.errors import BlockNotFoundError, TooManyBlocksError, UnavailableError
from chalicelib.model import Block, Effect, from_rfc3339, rfc3339
from chalicelib.store import attributes, client, keys
from chalicelib.store.attributes import Item
from chalicelib.store.client import ConditionFailedError

MOST: Final = 1000
"""Entries."""
MOST_BYTES: Final = 300_000
"""Of what they say. DynamoDB takes 400 KB a row, and every submission pays for reading it."""
_BYTES_OF_ENTRY: Final = 160
"""Names, id, time and the like."""
_ATTEMPTS: Final = 6


def list_all() -> tuple[Block, ...]:
    """
    Give every entry, oldest first.

    Raises:
        UnavailableError: The row could not be read.
    """
    return from_row(client.get(settings.current().content_table, keys.blocks()))


def add(block: Block) -> Block:
    """
    Put an entry on the list, in place of one of the same kind and value.

    Returns:
        The entry; with the id of the one that it replaces.

    Raises:
        TooManyBlocksError: The list is full.
        UnavailableError: It may be on the list; a repetition is harmless.
    """

    def with_it(entries: tuple[Block, ...]) -> tuple[Block, ...]:
        same = [one for one in entries if (one.kind, one.value) == (block.kind, block.value)]
        others = tuple(one for one in entries if one not in same)
        changed = (*others, replace(block, id=same[0].id) if same else block)
        if len(changed) > MOST or sum(map(_size, changed)) > MOST_BYTES:
            raise TooManyBlocksError
        return changed

    return _change(with_it)[-1]


def remove(block_id: str) -> None:
    """
    Take an entry off the list.

    Raises:
        BlockNotFoundError: It is not on the list.
        UnavailableError: It may be off the list.
    """

    def without_it(entries: tuple[Block, ...]) -> tuple[Block, ...]:
        left = tuple(one for one in entries if one.id != block_id)
        if len(left) == len(entries):
            raise BlockNotFoundError
        return left

    _change(without_it)


def from_row(row: Item | None) -> tuple[Block, ...]:
    """Read the row; an absent one is an empty list."""
    return tuple(
        Block(
            id=one["id"],
            kind=one["kind"],
            value=one["value"],
            effect=Effect(one["effect"]),
            note=one["note"],
            blocked_by=one["blocked_by"],
            blocked_at=from_rfc3339(one["blocked_at"]),
        )
        for one in attributes.unpack(row or {}).get("entries", [])
    )


def _change(changed: Callable[[tuple[Block, ...]], tuple[Block, ...]]) -> tuple[Block, ...]:
    table = settings.current().content_table
    row = client.get(table, keys.blocks(), consistent=True)
    for _ in range(_ATTEMPTS):
        entries = changed(from_row(row))
        revision = attributes.unpack(row or {}).get("revision", 0)
        put = {
            "TableName": table,
            "Item": keys.blocks() | attributes.pack(_row(entries, revision + 1)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if row is not None:
            put |= {
                "ConditionExpression": "revision = :revision",
                "ExpressionAttributeValues": attributes.pack({":revision": revision}),
            }
        try:
            client.write({"Put": put})
        except ConditionFailedError as failed:
            row = failed.found[0]
        else:
            return entries
    raise UnavailableError


def _size(block: Block) -> int:
    said = block.value + block.note + block.blocked_by
    return _BYTES_OF_ENTRY + len(said.encode())


def _row(entries: tuple[Block, ...], revision: int) -> attributes.Plain:
    return {
        "revision": revision,
        "entries": [
            {
                "id": one.id,
                "kind": one.kind,
                "value": one.value,
                "effect": str(one.effect),
                "note": one.note,
                "blocked_by": one.blocked_by,
                "blocked_at": rfc3339(one.blocked_at),
            }
            for one in entries
        ],
    }
