"""
Meters the app's DynamoDB client as AWS would bill it.

    with Meter() as meter:
        api.get("/articles")
    meter.round_trips, meter.table_units, meter.index_units["by_rank"], meter.read_units

moto reports no capacity for transactions and indexes and a constant for everything else. So it is
computed here: from the rows before and after each call, which a client of our own fetches, and
from the indexes of `infra/tables.yaml`. Request units and capacity units count alike.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import boto3

from chalicelib.store import client
from localdev import tables

Item: TypeAlias = dict[str, Any]
Row: TypeAlias = tuple[str, str, str]
"""Table, partition key, sort key."""

_PRIMARY_KEY: Final = ("pk", "sk")
_READS: Final = ("GetItem", "BatchGetItem", "Query")


class Index(NamedTuple):
    """A global secondary index; `attributes` are those that it copies, None for all."""

    name: str
    keys: tuple[str, ...]
    attributes: frozenset[str] | None


@dataclass
class Call:
    """One call of the client; `error` is the code of its refusal, empty for a success."""

    operation: str
    parameters: dict[str, Any]
    error: str = ""
    table_units: int = 0
    index_units: Counter[str] = field(default_factory=Counter)
    read_units: float = 0

    @property
    def touched(self) -> list[tuple[Row, Item]]:
        """Give the rows that are named by their keys, each with the arguments of its action."""
        wanted = self.parameters.get("RequestItems", {})
        arguments = {
            "TransactWriteItems": [
                action
                for one in self.parameters.get("TransactItems", ())
                for action in one.values()
            ],
            "BatchGetItem": [
                {**request, "TableName": table, "Key": key}
                for table, request in wanted.items()
                for key in request["Keys"]
            ],
            "Query": [],
            **dict.fromkeys(("GetItem", "PutItem", "UpdateItem", "DeleteItem"), [self.parameters]),
        }[self.operation]
        return [(_row(one["TableName"], one.get("Key") or one["Item"]), one) for one in arguments]


class Meter:
    """
    Records and prices what the app's client does while the meter is entered.

    A refused condition is billed, and so is every action of its transaction: AWS documents the
    first and sends no ConsumedCapacity with a cancelled transaction, so the second is the most that
    it can be (github.com/paritysuite/dynamodb-conformance/pull/67).
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.round_trips = 0
        self._before: dict[Row, Item] = {}
        self._handlers: dict[str, Callable[..., None]] = {
            "before-parameter-build.dynamodb": self._begin,
            "request-created.dynamodb": self._count,
            "after-call.dynamodb": self._end,
        }

    def __enter__(self) -> "Meter":
        for event, handler in self._handlers.items():
            client.dynamodb().meta.events.register(event, handler)
        return self

    def __exit__(self, *_: object) -> None:
        for event, handler in self._handlers.items():
            client.dynamodb().meta.events.unregister(event, handler)

    @property
    def table_units(self) -> int:
        """Write units of the tables, without their indexes."""
        return sum(call.table_units for call in self.calls)

    @property
    def index_units(self) -> Counter[str]:
        """Write units by name of index."""
        return sum((call.index_units for call in self.calls), Counter())

    @property
    def read_units(self) -> float:
        """Read units of tables and indexes."""
        return sum(call.read_units for call in self.calls)

    def _begin(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        call = Call(model.name, deepcopy(params))
        self.calls.append(call)
        self._before = _fetch(row for row, _ in call.touched)

    def _count(self, **_: Any) -> None:
        # Once per attempt: a repetition by the SDK is a round trip too.
        self.round_trips += 1

    def _end(self, parsed: dict[str, Any], **_: Any) -> None:
        call = self.calls[-1]
        call.error = parsed.get("Error", {}).get("Code", "")
        if call.operation == "Query":
            call.read_units = read_units(_evaluated(call.parameters), call.parameters)
        elif call.operation in _READS:
            call.read_units = sum(
                read_units([self._before.get(row, {})], arguments)
                for row, arguments in call.touched
            )
        else:
            self._price_writes(call)

    def _price_writes(self, call: Call) -> None:
        after = _fetch(row for row, _ in call.touched)
        times = 2 if call.operation == "TransactWriteItems" else 1
        for row, arguments in call.touched:
            old, new = self._before.get(row), after.get(row)
            # A refused Put is as large as what it would have stored.
            call.table_units += times * write_units(old, new, arguments.get("Item"))
            for index in indexes()[row[0]]:
                call.index_units[index.name] += index_units(index, old, new)


def size(item: Item) -> int:
    """Give bytes: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


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


def write_units(*images: Item | None) -> int:
    """
    Give the units of one write: a KB each of its largest image, at least one.

    Twice as many in a transaction, for a ConditionCheck too.

    Source:
        docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
    """
    return max(1, *(math.ceil(size(image or {}) / 1024) for image in images))


def read_units(items: Iterable[Item], arguments: Item) -> float:
    """Give the units of what is read at once: 4 KB each, or 8 KB if eventually consistent."""
    whole = max(1, math.ceil(sum(size(item) for item in items) / 4096))
    return whole if arguments.get("ConsistentRead") else whole / 2


def index_units(index: Index, before: Item | None, after: Item | None) -> int:
    """
    Give the units that a write to the table costs in an index, the same in a transaction.

    Source:
        docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
        Transactions: github.com/aws/agent-toolkit-for-aws, calculate_costs.py, measured on AWS
    """
    old, new = _entry(index, before), _entry(index, after)
    if old == new:
        return 0
    if old and new and any(old[name] != new[name] for name in index.keys):
        return write_units(old) + write_units(new)
    return write_units(old, new)


def _entry(index: Index, item: Item | None) -> Item | None:
    if item is None or not item.keys() >= set(index.keys):
        return None
    wanted = (
        item.keys() if index.attributes is None else {*_PRIMARY_KEY, *index.keys, *index.attributes}
    )
    return {name: value for name, value in item.items() if name in wanted}


@cache
def indexes() -> dict[str, list[Index]]:
    """Give the indexes of each table, by the table's name."""
    return {
        tables.name(resource, "local"): [
            Index(
                one["IndexName"],
                tuple(part["AttributeName"] for part in one["KeySchema"]),
                None
                if one["Projection"]["ProjectionType"] == "ALL"
                else frozenset(one["Projection"].get("NonKeyAttributes", ())),
            )
            for one in tables.schema(resource)["GlobalSecondaryIndexes"]
        ]
        for resource in ("ContentTable", "DerivedTable")
    }


@cache
def _spectator() -> Any:
    return boto3.client("dynamodb")


def _row(table: str, attributes: Item) -> Row:
    pk, sk = (attributes[name]["S"] for name in _PRIMARY_KEY)
    return table, pk, sk


def _fetch(rows: Iterable[Row]) -> dict[Row, Item]:
    wanted: dict[str, Any] = {}
    for table, *values in rows:
        key = {name: {"S": value} for name, value in zip(_PRIMARY_KEY, values, strict=True)}
        wanted.setdefault(table, {"Keys": [], "ConsistentRead": True})["Keys"].append(key)
    found = _spectator().batch_get_item(RequestItems=wanted)["Responses"] if wanted else {}
    return {_row(table, item): item for table, items in found.items() for item in items}


def _evaluated(query: Item) -> list[Item]:
    """Give the items that a query reads, which its filter and its projection do not reduce."""
    names = {"TableName", "IndexName", "KeyConditionExpression", "ScanIndexForward", "Limit"}
    bare = {name: value for name, value in query.items() if name in names | {"ExclusiveStartKey"}}
    used = set(re.findall(r"[#:]\w+", query["KeyConditionExpression"]))
    for mapping in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {name: value for name, value in query.get(mapping, {}).items() if name in used}
        bare |= {mapping: kept} if kept else {}
    items: list[Item] = _spectator().query(**bare)["Items"]
    return items
