"""
Shortcuts through moto, which does at length what a laptop waits for; its release is pinned.

- It copies each row, and each record of the stream, once for every write of a transaction that may
  be cancelled, so that a server answers later with every review that it has. Here a row is replaced
  and not changed in its place, so that a copy of a table may share its rows and records.
- It looks for each of the ten types that an attribute may have by all names that they may go by.
  What is a plain value of DynamoDB already is taken as it is.
"""

from collections import defaultdict
from copy import copy, deepcopy
from typing import Any, Final

from moto.core.serialize import JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

_PLAIN: Final = frozenset({"S", "N", "BOOL", "NULL", "SS", "NS"})
"""Types of attributes that are in JSON what they are in Python."""

_change_in_place: Final = DynamoDBBackend.update_item
_serialize_at_length: Final = JSONSerializer._serialize_type_structure  # noqa: SLF001 - no hook


def take() -> None:
    """Take them, from now on and for the whole process."""
    DynamoDBBackend.update_item = _replace  # type: ignore[assignment,method-assign]
    Table.__deepcopy__ = _share_rows  # type: ignore[attr-defined]
    JSONSerializer._serialize_type_structure = _serialize  # type: ignore[assignment,method-assign] # noqa: SLF001


def _replace(
    backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **named: Any
) -> Any:
    table = backend.get_table(table_name)
    hash_key, range_key = backend.get_keys_value(table, key)
    if (found := table.get_item(hash_key, range_key)) is not None:
        rows: dict[Any, Any] = table.items if range_key is None else table.items[hash_key]
        rows[hash_key if range_key is None else range_key] = deepcopy(found)
    return _change_in_place(backend, table_name, key, *rest, **named)


def _share_rows(table: Table, _: dict[int, Any]) -> Table:
    made = copy(table)
    made.items = defaultdict(dict)
    for key, rows in table.items.items():
        made.items[key] = copy(rows) if table.has_range_key else rows
    if table.stream_shard is not None:
        shard = made.stream_shard = copy(table.stream_shard)
        shard.table, shard.items = made, [*shard.items]
    return made


def _serialize(
    serializer: JSONSerializer, serialized: Any, value: Any, shape: Any, key: str
) -> None:
    if shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() <= _PLAIN:
        serialized[serializer.get_serialized_name(shape, key)] = value
    else:
        _serialize_at_length(serializer, serialized, value, shape, key)
