"""
A derived table that answers at once: one article with any number of reviews.

It does what DynamoDB does with the requests of the tally worker: conditions,
additions, transactions that take place whole or not at all. What the article
had before is not stored but known: a million rows take no memory. It stands
below botocore's events, so that the app's client and its serialisation are
what runs.
"""

import io
import json
import re
from collections.abc import Callable
from typing import Any, Final

from botocore.awsrequest import AWSResponse, HeadersDict

from chalicelib.store import keys
from chalicelib.store.attributes import Item, pack
from tests import pricing
from tests.builders import SLUG

RATING: Final = 5
"""Of every review that was there before."""

_CLAUSE: Final = re.compile(r"(SET|ADD|REMOVE) (.+?)(?= SET | ADD | REMOVE |$)")


class LedgerStore:
    """
    The table.

    Args:
        reviews: Counted ones that the article has, by the readers of the
            numbers from 1 on.

    Attributes:
        table_units: Write units that the transactions took.
        index_units: Those of the table's indexes.
    """

    def __init__(self, reviews: int) -> None:
        self.table_units = 0
        self.index_units = 0
        self._reviews = reviews
        numbers = {"count": reviews, "total": reviews * RATING, f"stars_{RATING}": reviews}
        tally = keys.tally(SLUG) | pack(
            numbers | {"revision": reviews, "rank": keys.rank(0, SLUG), "ranked_in": keys.TOP}
        )
        self._written: dict[str, Item] = {"TALLY": tally}

    @property
    def count(self) -> int:
        """Reviews that are counted."""
        return int(self._written["TALLY"]["count"]["N"])

    def send(self, request: Any, **_: object) -> AWSResponse:
        """Answer a request, as a handler of `before-send`."""
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        asked = json.loads(request.body)
        status, answer = getattr(self, f"_{operation}")(asked)
        headers: Any = HeadersDict({"Content-Type": "application/x-amz-json-1.0"})
        response = AWSResponse(request.url, status, headers, io.BytesIO())
        vars(response)["_content"] = json.dumps(answer).encode()
        return response

    def _BatchGetItem(self, asked: dict[str, Any]) -> tuple[int, Item]:  # noqa: N802 - AWS's name
        found = {
            table: [row for key in request["Keys"] if (row := self._row(key["sk"]["S"]))]
            for table, request in asked["RequestItems"].items()
        }
        return 200, {"Responses": found, "UnprocessedKeys": {}}

    def _TransactWriteItems(self, asked: dict[str, Any]) -> tuple[int, Item]:  # noqa: N802
        updates = [action["Update"] for action in asked["TransactItems"]]
        before = [self._row(update["Key"]["sk"]["S"]) for update in updates]
        if not all(_holds(*pair) for pair in zip(updates, before, strict=True)):
            msg = "one worker alone is never refused"
            raise AssertionError(msg)
        for update, old in zip(updates, before, strict=True):
            new = _updated(update, old)
            self._written[new["sk"]["S"]] = new
            self.table_units += 2 * pricing.write_units(old, new)
            for index in pricing.indexes()[update["TableName"]]:
                self.index_units += pricing.index_units(index, old, new)
        return 200, {}

    def _row(self, sk: str) -> Item | None:
        if sk in self._written:
            return self._written[sk]
        digest = keys.parse_ledger_sk(sk)
        if not 0 < int.from_bytes(digest, "big") <= self._reviews:
            return None
        return keys.ledger(SLUG, digest) | pack({"revision": 1, "contribution": RATING})


def _holds(update: Item, row: Item | None) -> bool:
    names, values = update.get("ExpressionAttributeNames", {}), update["ExpressionAttributeValues"]
    condition = update.get("ConditionExpression")
    for name, meant in names.items():
        condition = condition and re.sub(rf"{name}\b", meant, condition)
    terms = condition.split(" AND ") if condition else []
    return all(_term(term, row or {}, values) for term in terms)


def _term(condition: str, row: Item, values: Item) -> bool:
    absent = re.fullmatch(r"attribute_not_exists\((\w+)\)", condition)
    if absent:
        return absent[1] not in row
    name, _, value = condition.partition(" = ")
    return bool(row.get(name) == values[value])


def _updated(update: Item, row: Item | None) -> Item:
    names, values = update.get("ExpressionAttributeNames", {}), update["ExpressionAttributeValues"]
    new = {**update["Key"], **(row or {})}
    clauses: dict[str, Callable[[str, str], Item]] = {
        "SET": lambda _, value: values[value],
        "ADD": lambda name, value: {
            "N": str(int(new.get(name, {"N": "0"})["N"]) + int(values[value]["N"]))
        },
    }
    for clause, parts in _CLAUSE.findall(update["UpdateExpression"]):
        for part in parts.split(", "):
            name, _, value = part.replace(" = ", " ").partition(" ")
            name = names.get(name, name)
            if clause == "REMOVE":
                new.pop(name, None)
            else:
                new[name] = clauses[clause](name, value)
    return new
