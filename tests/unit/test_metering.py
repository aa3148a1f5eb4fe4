from typing import Any

import pytest

from chalicelib.store import client
from chalicelib.store.client import ConditionFailedError
from localdev import tables
from tests.billing import WORD, Bill
from tests.faults import Faults
from tests.metering import Call, Meter
from tests.pricing import Index, Item, index_units, indexes, read_units, size, write_units

CONTENT = tables.name("ContentTable", "local")
DERIVED = tables.name("DerivedTable", "local")
KEY: Item = {"pk": {"S": "A#a"}, "sk": {"S": "R#1"}}
SHOWS_SOME = Index("shows_some", ("group", "order"), ("shown",))
SHOWS_ALL = Index("shows_all", ("group", "order"), None)


def text_of(length: int) -> Item:
    return {"S": "x" * length}


def row(**values: str) -> Item:
    return KEY | {name: {"S": value} for name, value in values.items()}


def put(item: Item, **arguments: Any) -> None:
    client.call("put_item", TableName=CONTENT, Item=item, **arguments)


class TestSize:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            pytest.param({"S": ""}, 0, id="no text"),
            pytest.param({"S": "año"}, 4, id="text in UTF-8"),
            pytest.param({"N": "0"}, 1, id="zero"),
            pytest.param({"N": "5"}, 2, id="one digit"),
            pytest.param({"N": "99"}, 2, id="two digits in a byte"),
            pytest.param({"N": "123"}, 3, id="the third begins another"),
            pytest.param({"N": "-1200"}, 2, id="trailing zeros and the sign are free"),
            pytest.param({"L": []}, 3, id="an empty list"),
            pytest.param({"L": [{"S": "ab"}, {"N": "7"}]}, 3 + 3 + 3, id="a list"),
            pytest.param({"M": {"key": {"S": "ab"}}}, 3 + 1 + 3 + 2, id="a map"),
        ],
    )
    def test_value_has_its_size(self, value: Item, expected: int) -> None:
        assert size({"": value}) == expected

    def test_names_of_attributes_count_in_utf8(self) -> None:
        assert size({"naïve": {"S": "x"}, "n": {"N": "1"}}) == 6 + 1 + 1 + 2

    def test_a_type_that_plaudit_does_not_use_is_refused(self) -> None:
        with pytest.raises(NotImplementedError):
            size({"flag": {"BOOL": True}})


class TestUnits:
    @pytest.mark.parametrize(("length", "expected"), [(0, 1), (1023, 1), (1024, 2)])
    def test_every_started_kilobyte_is_a_write_unit(self, length: int, expected: int) -> None:
        assert write_units({"a": text_of(length)}) == expected

    def test_a_write_costs_as_much_as_its_larger_image(self) -> None:
        assert write_units({"a": text_of(3000)}, {"a": text_of(10)}) == 3

    def test_deleting_nothing_costs_one_unit(self) -> None:
        assert write_units(None, None) == 1

    @pytest.mark.parametrize(
        ("lengths", "consistent", "expected"),
        [
            ([], False, 0.5),
            ([], True, 1),
            ([4095], True, 1),
            ([4000, 97], True, 2),
            ([97], False, 0.5),
        ],
    )
    def test_what_is_read_together_is_rounded_once(
        self, lengths: list[int], consistent: bool, expected: float
    ) -> None:
        items = [{"a": text_of(length)} for length in lengths]

        assert read_units(items, consistent=consistent) == expected


class TestIndex:
    @pytest.mark.parametrize(
        ("before", "after", "expected"),
        [
            pytest.param(None, row(group="g"), 0, id="never in it: a key is missing"),
            pytest.param(None, row(group="g", order="1"), 1, id="put in"),
            pytest.param(row(group="g"), row(group="g", order="1"), 1, id="put in by an update"),
            pytest.param(row(group="g", order="1"), None, 1, id="deleted"),
            pytest.param(row(group="g", order="1"), row(order="1"), 1, id="taken out"),
            pytest.param(row(group="g", order="1"), row(group="g", order="2"), 2, id="moved"),
            pytest.param(
                row(group="g", order="1", shown="a"),
                row(group="g", order="1", shown="b"),
                1,
                id="a copied attribute changed",
            ),
            pytest.param(
                row(group="g", order="1", hidden="a"),
                row(group="g", order="1", hidden="b"),
                0,
                id="only an attribute changed that is not copied",
            ),
        ],
    )
    def test_write_is_carried_into_an_index(
        self, before: Item | None, after: Item | None, expected: int
    ) -> None:
        assert index_units(SHOWS_SOME, before, after) == expected

    def test_an_index_of_all_attributes_follows_every_change(self) -> None:
        before, after = row(group="g", order="1"), row(group="g", order="1", hidden="b")

        assert index_units(SHOWS_ALL, before, after) == 1

    def test_entry_costs_as_much_as_what_is_copied(self) -> None:
        item = row(group="g", order="1", shown="x" * 1000, hidden="x" * 5000)

        assert [index_units(index, None, item) for index in (SHOWS_SOME, SHOWS_ALL)] == [2, 6]

    def test_moved_entry_costs_its_old_size_and_its_new(self) -> None:
        before = row(group="g", order="1", shown="x" * 3000)

        assert index_units(SHOWS_SOME, before, row(group="g", order="2")) == 3 + 1

    def test_indexes_are_those_of_the_template(self) -> None:
        found = {index.name: index for table in indexes().values() for index in table}

        assert found["queue"] == Index("queue", ("queue", "id"), None)
        assert found["by_id"] == Index("by_id", ("id",), ())
        assert found["by_rank"].keys == ("ranked_in", "rank")


@pytest.mark.usefixtures("aws")
class TestMeter:
    @pytest.mark.parametrize(
        ("operation", "parameters"),
        [
            ("put_item", {"TableName": CONTENT, "Item": KEY}),
            ("delete_item", {"TableName": CONTENT, "Key": KEY}),
            ("get_item", {"TableName": CONTENT, "Key": KEY}),
            (
                "batch_get_item",
                {"RequestItems": {CONTENT: {"Keys": [KEY], "ConsistentRead": True}}},
            ),
            (
                "query",
                {
                    "TableName": CONTENT,
                    "KeyConditionExpression": "pk = :pk",
                    "ExpressionAttributeValues": {":pk": KEY["pk"]},
                    "ConsistentRead": True,
                },
            ),
        ],
    )
    def test_small_row_costs_what_moto_says(
        self, operation: str, parameters: dict[str, Any]
    ) -> None:
        put(KEY)

        with Meter() as meter:
            answer = client.call(operation, **parameters, ReturnConsumedCapacity="TOTAL")

        said = answer["ConsumedCapacity"]
        total = said[0] if isinstance(said, list) else said
        assert meter.table_units + meter.read_units == total["CapacityUnits"]

    def test_transaction_costs_double_in_its_table_and_single_in_its_indexes(self) -> None:
        item = row(id="1", listed_in="A#a", rating_order="5#1")
        check = {
            "TableName": DERIVED,
            "Key": KEY,
            "ConditionExpression": "attribute_not_exists(pk)",
        }

        with Meter() as meter:
            client.write({"ConditionCheck": check}, {"Put": {"TableName": CONTENT, "Item": item}})

        assert meter.operations == ["TransactWriteItems"]
        assert meter.table_units == 2 + 2
        assert meter.index_units == {"by_article": 1, "by_rating": 1, "by_id": 1}

    def test_refused_write_is_billed_by_what_it_would_have_stored(self) -> None:
        large = KEY | {"a": text_of(2000)}
        condition = {"ConditionExpression": "attribute_exists(pk)"}

        with Meter() as meter, pytest.raises(ConditionFailedError):
            put(large | {"id": {"S": "1"}}, **condition)

        assert meter.calls[0].error == "ConditionalCheckFailedException"
        assert (meter.table_units, meter.index_units.total()) == (2, 0)

    def test_query_costs_what_it_reads_before_its_filter(self) -> None:
        for number in range(3):
            put(KEY | {"sk": {"S": f"R#{number}"}, "a": text_of(4096)})

        with Meter() as meter:
            answer = client.call(
                "query",
                TableName=CONTENT,
                KeyConditionExpression="pk = :pk",
                FilterExpression="#a = :none",
                ProjectionExpression="sk",
                ExpressionAttributeNames={"#a": "a"},
                ExpressionAttributeValues={":pk": KEY["pk"], ":none": {"S": ""}},
            )

        assert answer["Items"] == []
        assert meter.read_units == 2

    def test_query_of_an_index_costs_what_the_index_copies(self) -> None:
        put(row(id="1", listed_in="A#a", message="x" * 4000, fingerprint="x" * 9000))

        with Meter() as meter:
            client.call(
                "query",
                TableName=CONTENT,
                IndexName="by_article",
                KeyConditionExpression="listed_in = :article",
                ExpressionAttributeValues={":article": {"S": "A#a"}},
            )

        assert meter.read_units == 0.5

    def test_rows_of_a_batch_are_rounded_one_by_one(self) -> None:
        put(KEY | {"a": text_of(5000)})
        absent = KEY | {"sk": {"S": "R#2"}}

        with Meter() as meter:
            client.batch_get({CONTENT: [KEY, absent], DERIVED: [KEY]})

        assert meter.read_units == 1 + 0.5 + 0.5

    def test_repetition_by_the_sdk_is_a_round_trip_of_the_same_call(self) -> None:
        with Faults(client.dynamodb()) as faults, Meter() as meter:
            faults.fail(1, "repeated")
            client.get(CONTENT, KEY)

        assert (meter.operations, meter.round_trips) == (["GetItem"], 2)

    def test_what_happens_outside_is_not_recorded(self) -> None:
        with Meter() as meter:
            put(KEY)
        put(KEY)

        assert meter.operations == ["PutItem"]

    def test_operation_without_a_price_is_refused(self) -> None:
        with Meter(), pytest.raises(NotImplementedError, match="Scan"):
            client.call("scan", TableName=CONTENT)


class TestBill:
    @pytest.mark.parametrize(
        ("parameters", "unsafe"),
        [
            ({"ConditionExpression": f"id = :id OR name = {WORD}"}, [f"id = :id OR name = {WORD}"]),
            ({"FilterExpression": "name = 'Ada'"}, ["name = 'Ada'"]),
            ({"ExpressionAttributeNames": {"#a": f"a{WORD}"}}, [f"a{WORD}"]),
            ({"TransactItems": [{"Put": {"Item": {"n": {"N": "2.5"}}}}]}, ["2.5"]),
            ({"Item": {"name": {"S": WORD}, "n": {"N": "-2"}}}, []),
        ],
    )
    def test_clients_text_in_an_expression_and_a_fraction_are_unsafe(
        self, parameters: dict[str, Any], unsafe: list[str]
    ) -> None:
        bill = Bill()

        bill.calls.append(Call("PutItem", parameters))

        assert bill.unsafe == unsafe
