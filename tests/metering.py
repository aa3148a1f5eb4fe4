"""
Meters the app's DynamoDB client as AWS would bill it.

    with Meter() as meter:
        api.get("/articles")
    meter.round_trips, meter.table_units, meter.index_units["by_rank"], meter.read_units, ...

moto reports no capacity for transactions and indexes and a constant for everything else. So each
call is priced by `pricing`, from the rows before and after it, which a client of our own fetches.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias

import boto3

from chalicelib.store import client, keys
from tests import pricing
from tests.pricing import Item

Row: TypeAlias = tuple[str, str, str]
"""Table, partition key, sort key."""

_READS_BY_KEY: Final = ("GetItem", "BatchGetItem")
_PAGING: Final = ("TableName", "IndexName", "KeyConditionExpression", "ScanIndexForward", "Limit")


@dataclass
class Call:
    """
    One call of the client.

    Attributes:
        error: Code of its refusal; empty for a success.
        index_units: Write units by name of index.
    """

    operation: str
    parameters: dict[str, Any]
    error: str = ""
    table_units: int = 0
    index_units: Counter[str] = field(default_factory=Counter)
    read_units: float = 0

    @property
    def is_of_a_key(self) -> bool:
        """Whether it asks who an editor is, as each route of theirs does before all else."""
        key = self.parameters.get("Key", {})
        return self.operation == "GetItem" and key.get("pk") == {"S": keys.EDITORS}

    @property
    def actions(self) -> list[Item]:
        """The arguments of each action on one row, `TableName` and `Key` or `Item` among them."""
        match self.operation:
            case "TransactWriteItems":
                return [next(iter(one.values())) for one in self.parameters["TransactItems"]]
            case "BatchGetItem":
                return [
                    {**request, "TableName": table, "Key": key}
                    for table, request in self.parameters["RequestItems"].items()
                    for key in request["Keys"]
                ]
            case "GetItem" | "PutItem" | "UpdateItem" | "DeleteItem":
                return [self.parameters]
            case "Query":
                return []
        raise NotImplementedError(self.operation)


class Meter:
    """
    Records and prices what the app's client does while the meter is entered.

    A refused condition is billed, and so is every action of its transaction: AWS documents the
    first, and with a cancelled transaction it sends no ConsumedCapacity, so that the second is
    the most that it can be (github.com/paritysuite/dynamodb-conformance/pull/67).

    What asks whose an editor's key is stands apart, in `key_reads`: it is the same for every route.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.key_reads: list[Call] = []
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
    def operations(self) -> list[str]:
        """What was called, in order."""
        return [call.operation for call in self.calls]

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
        self._current = call
        (self.key_reads if call.is_of_a_key else self.calls).append(call)
        self._before = {} if call.operation in _READS_BY_KEY else _fetch(call)

    def _count(self, **_: Any) -> None:
        # Once an attempt: a repetition by the SDK is a round trip too.
        self.round_trips += not self._current.is_of_a_key

    def _end(self, parsed: dict[str, Any], **_: Any) -> None:
        call = self._current
        call.error = parsed.get("Error", {}).get("Code", "")
        if call.operation == "Query":
            call.read_units = _read_units(_evaluated(call.parameters, parsed), call.parameters)
        elif call.operation in _READS_BY_KEY:
            rows = _rows(call.parameters, parsed)
            call.read_units = sum(
                _read_units([rows.get(_row(one), {})], one) for one in call.actions
            )
        else:
            self._price_writes(call)

    def _price_writes(self, call: Call) -> None:
        after = _fetch(call)
        times = 2 if call.operation == "TransactWriteItems" else 1
        for action in call.actions:
            images = self._before.get(_row(action)), after.get(_row(action))
            # A refused Put is billed for what it would have stored.
            call.table_units += times * pricing.write_units(*images, action.get("Item"))
            for index in pricing.indexes()[action["TableName"]]:
                call.index_units[index.name] += pricing.index_units(index, *images)


@cache
def _spectator() -> Any:
    return boto3.client("dynamodb")


def _row(action: Item) -> Row:
    pk, sk = _key(action.get("Key") or action["Item"]).values()
    return action["TableName"], pk["S"], sk["S"]


def _key(item: Item) -> Item:
    return {name: item[name] for name in pricing.PRIMARY_KEY}


def _fetch(call: Call) -> dict[Row, Item]:
    """Give the rows that a call names by their keys, as they are now."""
    wanted: dict[str, Any] = {}
    for action in call.actions:
        key = _key(action.get("Key") or action["Item"])
        wanted.setdefault(action["TableName"], {"Keys": []})["Keys"].append(key)
    return _rows({}, _spectator().batch_get_item(RequestItems=wanted)) if wanted else {}


def _rows(parameters: Item, answer: dict[str, Any]) -> dict[Row, Item]:
    """Give the rows of an answer to GetItem or BatchGetItem, which Plaudit reads whole."""
    found = answer.get("Responses", {})
    if "Item" in answer:
        found = {parameters["TableName"]: [answer["Item"]]}
    return {
        _row({"TableName": table, "Item": item}): item
        for table, items in found.items()
        for item in items
    }


def _evaluated(query: Item, answer: dict[str, Any]) -> list[Item]:
    """Give the items that a query reads; its filter and its projection do not make them fewer."""
    if {"FilterExpression", "ProjectionExpression"}.isdisjoint(query):
        returned: list[Item] = answer.get("Items", [])
        return returned
    bare: Item = {name: query[name] for name in (*_PAGING, "ExclusiveStartKey") if name in query}
    used = re.findall(r"[#:]\w+", query["KeyConditionExpression"])
    for mapping in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept = {name: value for name, value in query.get(mapping, {}).items() if name in used}
        bare |= {mapping: kept} if kept else {}
    evaluated: list[Item] = _spectator().query(**bare)["Items"]
    return evaluated


def _read_units(items: Iterable[Item], arguments: Item) -> float:
    return pricing.read_units(items, consistent=arguments.get("ConsistentRead", False))
