"""
A DynamoDB that answers at once and keeps nothing: one article with its tally, every write accepted.

Over HTTP for processes of their own; `answer` alone for those who ask in process.
"""

import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from bench import house, serving
from chalicelib.store.attributes import Item


@contextmanager
def served() -> Iterator[str]:
    """Answer over HTTP on a port of the kernel's choice; gives the address."""
    with serving.served(_Handler) as address:
        yield f"http://{address}"


def answer(operation: str, request: dict[str, Any]) -> bytes:
    """
    Give the body of the answer to a request.

    Raises:
        NotImplementedError: Nothing that is measured asks for this operation.
    """
    if operation == "BatchGetItem":
        known = _rows()
        found = {
            table: [row for key in asked["Keys"] if (row := known.get(_place(table, key)))]
            for table, asked in request["RequestItems"].items()
        }
        return json.dumps({"Responses": found, "UnprocessedKeys": {}}).encode()
    if operation == "TransactWriteItems":
        return b"{}"
    raise NotImplementedError(operation)


@cache
def _rows() -> dict[tuple[str, str, str], Item]:
    derived = (house.tally_row(), house.related_row())
    stored = [("content", house.article_row()), *(("derived", row) for row in derived)]
    return {_place(table, row): row for table, row in stored}


def _place(table: str, row: Item) -> tuple[str, str, str]:
    return table, row["pk"]["S"], row["sk"]["S"]


class _Handler(serving.Stub):
    def do_POST(self) -> None:  # noqa: N802 - the base class finds it by this name
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        body = answer(operation, json.loads(self.received()))
        self.send(
            200,
            body,
            Content_Type="application/x-amz-json-1.0",
            x_amz_crc32=str(zlib.crc32(body)),
        )
