"""
What DynamoDB bills for rows and index entries, by its documented rules; nothing is called here.

Write units cover a KB, read units 4 KB, and each item read by its key is rounded up for itself.
On-demand request units and provisioned capacity units count alike.

Source:
    Sizes: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    Units: docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

import math
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

from localdev import tables

Item: TypeAlias = dict[str, Any]

PRIMARY_KEY: Final = ("pk", "sk")


class Index(NamedTuple):
    """A global secondary index; `copied` are its non-key attributes, None for all."""

    name: str
    keys: tuple[str, ...]
    copied: tuple[str, ...] | None


@cache
def indexes() -> dict[str, list[Index]]:
    """Give the indexes of each table of `infra/tables.yaml`, by the table's name."""
    return {
        tables.name(resource, "local"): [
            _index(described) for described in tables.schema(resource)["GlobalSecondaryIndexes"]
        ]
        for resource in ("ContentTable", "DerivedTable")
    }


def size(item: Item) -> int:
    """Give the bytes of an item's names and values; a number's are AWS's own approximation."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def write_units(*images: Item | None) -> int:
    """
    Give the units of one write: a KB each of its largest image, at least one.

    A transaction takes them twice, for a ConditionCheck too, measured on AWS by
    github.com/paritysuite/dynamodb-conformance/pull/67.
    """
    return max(1, *(math.ceil(size(image or {}) / 1024) for image in images))


def read_units(items: Iterable[Item], *, consistent: bool) -> float:
    """Give the units of what is read as one: 4 KB each, or 8 KB if it may be stale."""
    whole = max(1, math.ceil(sum(size(item) for item in items) / 4096))
    return whole if consistent else whole / 2


def index_units(index: Index, before: Item | None, after: Item | None) -> int:
    """
    Give the units that a write to the table costs in one of its indexes.

    A transaction does not double them, measured on AWS by github.com/aws/agent-toolkit-for-aws,
    calculate_costs.py.

    Source:
        docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
        under "Write capacity units"
    """
    old, new = _entry(index, before), _entry(index, after)
    if old == new:
        return 0
    if old and new and any(old[name] != new[name] for name in index.keys):
        return write_units(old) + write_units(new)
    return write_units(old, new)


def _value_size(value: Item) -> int:
    match value:
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(number)}:
            return (len(number.lstrip("-").strip("0")) + 1) // 2 + 1
        case {"L": list(elements)}:
            return 3 + sum(1 + _value_size(element) for element in elements)
        case {"M": dict(elements)}:
            return 3 + len(elements) + size(elements)
    raise NotImplementedError(value)


def _entry(index: Index, item: Item | None) -> Item | None:
    if item is None or not item.keys() >= set(index.keys):
        return None
    if index.copied is None:
        return item
    return {name: item[name] for name in {*PRIMARY_KEY, *index.keys, *index.copied} & item.keys()}


def _index(described: dict[str, Any]) -> Index:
    projection = described["Projection"]
    return Index(
        described["IndexName"],
        tuple(part["AttributeName"] for part in described["KeySchema"]),
        None
        if projection["ProjectionType"] == "ALL"
        else tuple(projection.get("NonKeyAttributes", ())),
    )
