"""The tally worker behind Lambda's event source, with records of what readers and editors did."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from app import app
from chalicelib import settings
from chalicelib.rules.ratings import recount
from chalicelib.store import client, quarantine
from chalicelib.store.attributes import Item
from chalicelib.workers import reconcile
from chalicelib.workers.tally import tally_ratings
from localdev.stream import StreamReader
from tests import builders, moto_tables, rows
from tests.client import Api
from tests.event_source import EventSource, Record, Stream
from tests.faults import COMMITTED, UNCOMMITTED, Faults

pytestmark = pytest.mark.slow

SLUGS = ("lamp", "moth", "quiet")


class Past(NamedTuple):
    """What was done: records in their order, and the rows of content that they led to."""

    records: list[Record]
    content: list[Item]


def live(api: Api) -> None:
    """Let three readers review three articles in turn, and change their minds."""
    for slug in SLUGS:
        assert api.put(f"/articles/{slug}", builders.article()).status == 201
    for number, rating in enumerate((5, 1, 3)):
        for slug in SLUGS[: 3 - number]:
            path = f"/articles/{slug}/reviews"
            review = builders.submission(rating=rating, email=f"reader-{number}@example.com")
            posted = api.post(path, review).body
            mine = {"token": posted["manage_token"]}
            own = f"{path}/{posted['id']}"
            assert api.patch(own, {"rating": rating % 5 + 1}, **mine).status == 200
            if number == 0:
                proposal = api.post(path, review | {"rating": 2}).body
                decide(api, slug, proposal["id"], "publish")
            elif slug == "lamp":
                decide(api, slug, posted["id"], "spam")
                decide(api, slug, posted["id"], "publish")
            else:
                assert api.delete(own, **mine).status == 204
    assert api.delete("/articles/quiet", editor=True, If_Match="*").status == 204
    unpublished = api.patch("/articles/moth", {"status": "draft"}, editor=True, If_Match="*")
    assert unpublished.status == 200


def decide(api: Api, slug: str, review_id: str, decision: str) -> None:
    body = {"decisions": [{"slug": slug, "id": review_id, "decision": decision}]}
    (result,) = api.post("/editor/reviews/decisions", body, editor=True).body["results"]
    assert result["result"] == "changed"


@pytest.fixture(scope="module")
def past() -> Past:
    with moto_tables.opened():
        reader = StreamReader()
        live(Api(app))
        scanned = boto3.client("dynamodb").scan(TableName=settings.current().content_table)
        records = reader.read()
    content: list[Any] = scanned["Items"]
    return Past(records, content)


@pytest.fixture
def truth(aws: None, past: Past) -> Past:
    """Put the rows into content, for what reads them again."""
    rows.put(*past.content)
    return past


def streamed(records: list[Record], shards: int = 1) -> Stream:
    stream = Stream(shards)
    for record in records:
        stream.put(record)
    return stream


def run(source: EventSource) -> None:
    """Step to the end; at no time does a tally differ from its ledger."""
    while source.step():
        for slug in SLUGS:
            assert rows.numbers_of(slug) == rows.sum_of_ledger(slug)


def all_is_counted() -> bool:
    return [rows.numbers_of(slug) for slug in SLUGS] == [rows.recount_of(slug) for slug in SLUGS]


def test_the_past_holds_what_can_happen(past: Past) -> None:
    names = [record["eventName"] for record in past.records]
    kinds = {record["dynamodb"]["Keys"]["sk"]["S"][:2] for record in past.records}

    assert len(past.records) > 25
    assert set(names) == {"INSERT", "MODIFY", "REMOVE"}
    assert kinds == {"AR", "GA", "R#", "P#", "00", "01"}


@pytest.mark.parametrize(
    ("shards", "lanes", "batch_size"), [(1, 1, 100), (1, 1, 1), (2, 1, 7), (3, 4, 5)]
)
def test_all_is_counted_whatever_the_shape_of_the_stream(
    truth: Past, shards: int, lanes: int, batch_size: int
) -> None:
    stream = streamed(truth.records, shards)
    source = EventSource(stream, tally_ratings, batch_size=batch_size, parallelization_factor=lanes)

    run(source)

    assert source.last_error is None
    assert all_is_counted()


@pytest.mark.parametrize("seed", range(3))
def test_all_is_counted_once_with_redelivery_out_of_order_and_crashes(
    truth: Past, seed: int
) -> None:
    source = EventSource(
        streamed(truth.records, shards=2),
        tally_ratings,
        batch_size=6,
        parallelization_factor=2,
        redeliver=random.Random(seed),
        crash=random.Random(seed),
    )

    run(source)

    delivered = sum(len(batch) for batch in source.invocations)
    assert delivered > len(truth.records) * 1.3
    assert all_is_counted()


@pytest.mark.parametrize("bisect", [True, False])
def test_all_is_counted_once_while_dynamodb_fails_now_and_then(truth: Past, bisect: bool) -> None:
    chance = random.Random(11)
    lost: list[dict[str, Any]] = []
    source = EventSource(
        streamed(truth.records),
        tally_ratings,
        batch_size=4,
        bisect_on_error=bisect,
        maximum_retry_attempts=-1,
        redeliver=random.Random(5),
        on_failure=lost,
    )

    with Faults(client.dynamodb()) as faults:
        for call in range(1, 120, 3):
            faults.fail(call, chance.choice([*UNCOMMITTED, *COMMITTED]))
        source.drain()

    assert len(faults.fired) > 8
    assert (lost, all_is_counted()) == ([], True)


def test_an_article_that_cannot_be_written_holds_up_its_own_shard_alone(truth: Past) -> None:
    stream = streamed(truth.records, shards=2)
    source = EventSource(stream, tally_ratings, batch_size=10, maximum_retry_attempts=-1)

    with refusing("moth") as refused:
        for _ in range(12):
            source.step()
    halfway = {slug: rows.numbers_of(slug) for slug in SLUGS}
    run(source)

    assert refused
    others = {slug: rows.recount_of(slug) for slug in ("lamp", "quiet")}
    assert halfway == {"moth": recount([])} | others
    assert all_is_counted()


@contextmanager
def refusing(slug: str) -> Iterator[list[str]]:
    """Throttle every transaction of one article's tally; gives the requests that were refused."""
    refused: list[str] = []
    events = client.dynamodb().meta.events

    def refuse(params: dict[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:
        request = str(params["body"])
        if f"T#{slug}" not in request:
            return None
        refused.append(request)
        error = {"Error": {"Code": "ThrottlingException", "Message": "injected"}}
        return AWSResponse("injected", 400, HTTPHeaders(), None), error

    handler: Callable[..., Any] = refuse
    events.register("before-call.dynamodb.TransactWriteItems", handler)
    yield refused
    events.unregister("before-call.dynamodb.TransactWriteItems", handler)


def test_a_record_that_kills_the_function_is_discarded_alone_and_reconciled(truth: Past) -> None:
    poison = next(
        record["dynamodb"]["SequenceNumber"]
        for record in reversed(truth.records)
        if record["dynamodb"]["Keys"]["sk"]["S"].startswith("R#")
    )
    lost: list[dict[str, Any]] = []
    source = EventSource(
        streamed(truth.records),
        dying_of(poison),
        batch_size=10,
        maximum_retry_attempts=2,
        on_failure=lost,
    )

    run(source)
    before = all_is_counted()
    drifts = [reconcile.reconcile(slug, repair=True) for slug in SLUGS]

    (letter,) = (message["DDBStreamBatchInfo"] for message in lost)
    assert (letter["startSequenceNumber"], letter["batchSize"]) == (poison, 1)
    assert not before
    assert sum(bool(drift.causes) for drift in drifts) == 1
    assert all_is_counted()


def dying_of(poison: str) -> Callable[[dict[str, Any], object], Any]:
    def handler(event: dict[str, Any], context: object) -> Any:
        if poison in [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]:
            raise MemoryError
        return tally_ratings(event, context)

    return handler


def test_a_malformed_record_is_neither_retried_nor_discarded(truth: Past) -> None:
    review = next(row for row in truth.content if row["sk"]["S"].startswith("R#"))
    broken = rows.record_of(None, review | {"rating": {"N": "9"}}, 1)
    lost: list[dict[str, Any]] = []
    source = EventSource(
        streamed([broken, *truth.records]), tally_ratings, batch_size=10, on_failure=lost
    )

    run(source)

    assert sum(batch.count("1") for batch in source.invocations) == 1
    assert (lost, all_is_counted()) == ([], True)
    assert [row["sk"] for row in quarantine.list_all()] == ["1"]
