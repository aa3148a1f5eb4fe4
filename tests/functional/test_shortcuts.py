"""moto with the shortcuts of a local run answers as it does without them."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models.dynamo_type import Item

from chalicelib import settings
from chalicelib.store import client
from localdev import shortcuts
from localdev.stream import StreamReader

EVERY_TYPE: dict[str, Any] = {
    "text": {"S": "naïve"},
    "number": {"N": "-1.50"},
    "yes": {"BOOL": True},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "bytes": {"B": b"\x00\xff"},
    "many_bytes": {"BS": [b"\x00", b"\xff"]},
    "list": {"L": [{"S": "a"}, {"L": []}, {"M": {"in": {"B": b"\x01"}}}]},
    "map": {"M": {"S": {"S": "the name of a type"}, "deep": {"M": {"n": {"N": "7"}}}}},
    "empty": {"M": {}},
}


def key(sk: str) -> dict[str, Any]:
    return {"pk": {"S": "SHORTCUT"}, "sk": {"S": sk}}


def put(sk: str, **attributes: Any) -> None:
    client.dynamodb().put_item(TableName=table(), Item=key(sk) | attributes)


def row(sk: str) -> Any:
    return client.dynamodb().get_item(TableName=table(), Key=key(sk)).get("Item")


def table() -> str:
    return settings.current().content_table


def update(sk: str) -> Any:
    return {
        "TableName": table(),
        "Key": key(sk),
        "UpdateExpression": "SET #map.deep.n = :n, #list[0] = :n ADD numbers :more",
        "ExpressionAttributeNames": {"#map": "map", "#list": "list"},
        "ExpressionAttributeValues": {":n": {"N": "8"}, ":more": {"NS": ["3"]}},
    }


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("at_length", [False, True])
def test_every_type_comes_back_as_it_was(
    *, at_length: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if at_length:
        monkeypatch.setattr(
            JSONSerializer, "_serialize_type_structure", shortcuts._serialize_at_length
        )

    put("a", **EVERY_TYPE)

    assert row("a") == key("a") | EVERY_TYPE


@pytest.mark.usefixtures("aws")
def test_a_cancelled_transaction_leaves_rows_and_stream_as_they_were() -> None:
    for sk in ("changed", "deleted", "replaced"):
        put(sk, **EVERY_TYPE)
    reader = StreamReader()
    reader.read()

    with pytest.raises(ClientError) as refused:
        client.dynamodb().transact_write_items(
            TransactItems=[
                {"Update": update("changed")},
                {"Delete": {"TableName": table(), "Key": key("deleted")}},
                {"Put": {"TableName": table(), "Item": key("replaced")}},
                {"Put": {"TableName": table(), "Item": key("added")}},
                {
                    "ConditionCheck": {
                        "TableName": table(),
                        "Key": key("missing"),
                        "ConditionExpression": "attribute_exists(pk)",
                    }
                },
            ]
        )

    codes = [reason["Code"] for reason in refused.value.response["CancellationReasons"]]
    assert codes == [*["None"] * 4, "ConditionalCheckFailed"]
    for sk in ("changed", "deleted", "replaced"):
        assert row(sk) == key(sk) | EVERY_TYPE
    assert row("added") is None
    assert reader.read() == []


@pytest.mark.usefixtures("aws")
def test_a_transaction_that_commits_changes_a_row_and_puts_both_images_on_the_stream() -> None:
    put("changed", **EVERY_TYPE)
    reader = StreamReader()
    reader.read()

    client.dynamodb().transact_write_items(TransactItems=[{"Update": update("changed")}])

    (record,) = reader.read()
    old, new = record["dynamodb"]["OldImage"], record["dynamodb"]["NewImage"]
    assert (old["list"]["L"][0], new["list"]["L"][0]) == ({"S": "a"}, {"N": "8"})
    assert new["map"]["M"]["deep"] == {"M": {"n": {"N": "8"}}}
    assert row("changed") == new


@pytest.mark.usefixtures("aws")
def test_a_transaction_copies_none_of_the_rows_that_it_does_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(20):
        put(f"{number}", **EVERY_TYPE)
    copied: list[str] = []
    copy = Item.__deepcopy__

    def watched(item: Item, memo: Any) -> Item:
        copied.append(item.range_key.value)  # type: ignore[union-attr]
        return copy(item, memo)

    monkeypatch.setattr(Item, "__deepcopy__", watched)
    client.dynamodb().transact_write_items(
        TransactItems=[
            {"Update": update("7")},
            {"Put": {"TableName": table(), "Item": key("new")}},
        ]
    )

    assert set(copied) == {"7"}
