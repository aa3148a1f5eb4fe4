import random
import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.event_source import EventSource, Handler, Record, Stream


def record(number: int, pk: str = "ARTICLE#a", sk: str = "REVIEW#1") -> Record:
    keys = {"pk": {"S": pk}, "sk": {"S": sk}}
    return {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "Keys": keys}}


def stream_of(*numbers: int) -> Stream:
    stream = Stream()
    for number in numbers:
        stream.put(record(number))
    return stream


def sequence_numbers(event: dict[str, Any]) -> list[str]:
    return [each["dynamodb"]["SequenceNumber"] for each in event["Records"]]


def failures(*identifiers: object) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in identifiers]}


def accept(event: dict[str, Any], context: object) -> None:
    """Succeed, whatever the batch."""


def answering(*results: dict[str, Any] | Exception | None) -> Handler:
    """Give each result in turn, raising exceptions; then succeed."""
    remaining = iter(results)

    def handler(_event: dict[str, Any], _context: object) -> dict[str, Any] | None:
        result = next(remaining, None)
        if isinstance(result, Exception):
            raise result
        return result

    return handler


def raising_on(*poison: str) -> Handler:
    def handler(event: dict[str, Any], _context: object) -> None:
        if set(poison) & set(sequence_numbers(event)):
            raise ValueError(poison)

    return handler


def reporting(*poison: str) -> Handler:
    def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
        return failures(*(each for each in sequence_numbers(event) if each in poison))

    return handler


def once() -> Callable[[list[str]], bool]:
    """Strike at the first question only."""
    answers = iter([True])
    return lambda _: next(answers, False)


def flat(batches: Iterable[list[str]]) -> list[str]:
    return [number for batch in batches for number in batch]


class TestStream:
    def test_partition_keys_go_to_the_shard_of_their_stable_hash(self) -> None:
        stream = Stream(shards=3)

        for number in range(12):
            stream.put(record(number, pk=f"ARTICLE#{number}"))

        found = [
            [int(entry.record["dynamodb"]["SequenceNumber"]) for entry in shard]
            for shard in stream.shards
        ]
        assert found == [
            [n for n in range(12) if zlib.crc32(f"ARTICLE#{n}".encode()) % 3 == shard]
            for shard in range(3)
        ]

    def test_each_event_source_reads_the_stream_from_its_start(self) -> None:
        stream = stream_of(1, 2)
        EventSource(stream, accept).drain()
        late = EventSource(stream, accept)

        late.drain()

        assert late.invocations == [["1", "2"]]


class TestDelivery:
    def test_records_come_in_order_and_in_batches_of_at_most_the_batch_size(self) -> None:
        source = EventSource(stream_of(1, 2, 3, 4, 5), accept, batch_size=2)

        source.drain()

        assert source.invocations == [["1", "2"], ["3", "4"], ["5"]]

    def test_step_invokes_once_and_says_whether_it_did(self) -> None:
        source = EventSource(stream_of(1, 2), accept, batch_size=1)

        answers = [source.step(), source.step(), source.step()]

        assert answers == [True, True, False]
        assert source.invocations == [["1"], ["2"]]

    def test_records_put_after_a_drain_are_delivered_by_the_next(self) -> None:
        stream = stream_of(1)
        source = EventSource(stream, accept)
        source.drain()
        stream.put(record(2))

        source.drain()

        assert source.invocations == [["1"], ["2"]]

    def test_handler_gets_lambdas_event_and_a_context_with_a_request_id(self) -> None:
        seen: list[tuple[dict[str, Any], str]] = []
        source = EventSource(
            stream_of(1),
            lambda event, context: seen.append((event, vars(context)["aws_request_id"])),
        )

        source.drain()

        assert seen == [({"Records": [record(1)]}, "invocation-1")]

    def test_retry_does_not_see_what_the_handler_did_to_its_event(self) -> None:
        seen: list[list[str]] = []

        def spoil(event: dict[str, Any], _context: object) -> None:
            seen.append([each.pop("eventName") for each in event["Records"]])
            raise ValueError

        EventSource(stream_of(1), spoil, maximum_retry_attempts=1).drain()

        assert seen == [["INSERT"], ["INSERT"]]

    def test_same_inputs_give_the_same_run(self) -> None:
        def run() -> list[list[str]]:
            stream = Stream(shards=2)
            for number in range(40):
                stream.put(record(number, pk=f"ARTICLE#{number % 5}"))
            chance = random.Random(7)
            source = EventSource(stream, accept, batch_size=3, redeliver=chance, crash=chance)
            source.drain()
            return source.invocations

        assert run() == run()


class TestOutcome:
    @pytest.mark.parametrize(
        "result", [None, {}, failures(), {"batchItemFailures": None}, {"other": [1]}]
    )
    def test_empty_answer_is_a_complete_success(self, result: dict[str, Any] | None) -> None:
        source = EventSource(stream_of(1, 2), answering(result))

        source.drain()

        assert source.invocations == [["1", "2"]]

    def test_raising_fails_the_whole_batch(self) -> None:
        error = ValueError("broken")
        source = EventSource(stream_of(1, 2), answering(error), bisect_on_error=False)

        source.drain()

        assert source.invocations == [["1", "2"], ["1", "2"]]
        assert source.last_error is error

    @pytest.mark.parametrize(
        "result",
        [
            failures(""),
            failures(None),
            failures("99"),
            failures("3", ""),
            {"batchItemFailures": [{"ItemIdentifier": "3"}]},
        ],
    )
    def test_bad_identifier_fails_the_whole_batch(self, result: dict[str, Any]) -> None:
        source = EventSource(stream_of(1, 2, 3), answering(result), bisect_on_error=False)

        source.drain()

        assert source.invocations == [["1", "2", "3"], ["1", "2", "3"]]

    @pytest.mark.parametrize("bisect", [True, False])
    def test_everything_from_the_reported_record_is_retried(self, bisect: bool) -> None:
        source = EventSource(
            stream_of(1, 2, 3, 4), answering(failures("2")), bisect_on_error=bisect
        )

        source.drain()

        assert source.invocations == [["1", "2", "3", "4"], ["2", "3", "4"]]

    def test_lowest_reported_sequence_number_is_the_checkpoint(self) -> None:
        source = EventSource(stream_of(8, 9, 10), answering(failures("10", "9")))

        source.drain()

        assert source.invocations == [["8", "9", "10"], ["9", "10"]]

    def test_failures_are_ignored_unless_reporting_is_on(self) -> None:
        source = EventSource(stream_of(1, 2), reporting("1"), report_batch_item_failures=False)

        source.drain()

        assert source.invocations == [["1", "2"]]


class TestBisection:
    def test_failed_batch_is_split_in_two_and_delivered_in_order(self) -> None:
        source = EventSource(stream_of(1, 2, 3, 4), answering(ValueError()))

        source.drain()

        assert source.invocations == [["1", "2", "3", "4"], ["1", "2"], ["3", "4"]]

    def test_splitting_does_not_consume_the_retry_quota(self) -> None:
        lost: list[dict[str, Any]] = []
        source = EventSource(
            stream_of(1, 2, 3, 4), raising_on("4"), maximum_retry_attempts=1, on_failure=lost
        )

        source.drain()

        assert source.invocations == [
            ["1", "2", "3", "4"],
            ["1", "2"],
            ["3", "4"],
            ["3"],
            ["4"],
            ["4"],
        ]
        assert [each["DDBStreamBatchInfo"]["batchSize"] for each in lost] == [1]

    def test_batch_reported_from_its_first_record_is_split_in_two(self) -> None:
        lost: list[dict[str, Any]] = []
        source = EventSource(
            stream_of(1, 2, 3), reporting("2"), maximum_retry_attempts=0, on_failure=lost
        )

        source.drain()

        assert source.invocations == [["1", "2", "3"], ["2", "3"], ["2"], ["3"]]
        assert [each["DDBStreamBatchInfo"]["startSequenceNumber"] for each in lost] == ["2"]


class TestGivingUp:
    def test_exhausted_retries_leave_metadata_and_move_the_shard_on(self) -> None:
        lost: list[dict[str, Any]] = []
        source = EventSource(
            stream_of(1, 2, 3),
            raising_on("1"),
            batch_size=2,
            maximum_retry_attempts=2,
            bisect_on_error=False,
            on_failure=lost,
        )

        source.drain()

        assert source.invocations == [["1", "2"], ["1", "2"], ["1", "2"], ["3"]]
        assert lost == [
            {
                "requestContext": {
                    "condition": "RetryAttemptsExhausted",
                    "approximateInvokeCount": 3,
                },
                "DDBStreamBatchInfo": {
                    "shardId": "shardId-0",
                    "startSequenceNumber": "1",
                    "endSequenceNumber": "2",
                    "batchSize": 2,
                },
            }
        ]

    def test_without_bisection_good_records_are_discarded_with_the_reported_one(self) -> None:
        lost: list[dict[str, Any]] = []
        source = EventSource(
            stream_of(1, 2, 3),
            reporting("2"),
            maximum_retry_attempts=1,
            bisect_on_error=False,
            on_failure=lost,
        )

        source.drain()

        assert source.invocations == [["1", "2", "3"], ["2", "3"], ["2", "3"]]
        assert [each["DDBStreamBatchInfo"]["batchSize"] for each in lost] == [2]

    def test_discard_without_a_destination_moves_the_shard_on(self) -> None:
        source = EventSource(
            stream_of(1, 2), raising_on("1"), batch_size=1, maximum_retry_attempts=0
        )

        source.drain()

        assert source.invocations == [["1"], ["2"]]

    def test_minus_one_retries_until_the_handler_succeeds(self) -> None:
        errors = [ValueError() for _ in range(50)]
        source = EventSource(stream_of(1), answering(*errors), maximum_retry_attempts=-1)

        source.drain()

        assert source.invocations == [["1"]] * 51

    def test_drain_raises_the_handlers_error_when_the_limit_is_reached(self) -> None:
        source = EventSource(stream_of(1), raising_on("1"), maximum_retry_attempts=-1)

        with pytest.raises(RuntimeError, match="not drained after 7 invocations") as raised:
            source.drain(limit=7)

        assert len(source.invocations) == 7
        assert raised.value.__cause__ is source.last_error

    def test_drain_that_needs_exactly_the_limit_succeeds(self) -> None:
        source = EventSource(stream_of(1, 2), accept, batch_size=1)

        source.drain(limit=2)

        assert source.invocations == [["1"], ["2"]]

    def test_handler_that_feeds_its_own_stream_never_drains(self) -> None:
        stream = stream_of(1)

        def feed(event: dict[str, Any], _context: object) -> None:
            stream.put(record(len(event["Records"])))

        with pytest.raises(RuntimeError, match="not drained after 3 invocations"):
            EventSource(stream, feed).drain(limit=3)

    def test_records_past_the_maximum_age_are_discarded_undelivered(self) -> None:
        lost: list[dict[str, Any]] = []
        stream = stream_of(1, 2)
        stream.now = 10.0
        stream.put(record(3))
        stream.now = 61.0
        source = EventSource(stream, accept, maximum_record_age=60.0, on_failure=lost)

        source.drain()

        assert source.invocations == [["3"]]
        assert [each["requestContext"]["condition"] for each in lost] == ["RecordAgeExceeded"]
        assert [each["DDBStreamBatchInfo"]["endSequenceNumber"] for each in lost] == ["2"]

    def test_record_of_exactly_the_maximum_age_is_delivered(self) -> None:
        stream = stream_of(1)
        stream.now = 60.0
        source = EventSource(stream, accept, maximum_record_age=60.0)

        source.drain()

        assert source.invocations == [["1"]]

    def test_what_is_young_enough_in_a_half_still_comes_before_the_other_half(self) -> None:
        stream = stream_of(1)
        stream.now = 10.0
        for number in (2, 3, 4):
            stream.put(record(number))
        source = EventSource(stream, answering(ValueError()), maximum_record_age=60.0)
        source.step()
        stream.now = 65.0

        source.drain()

        assert source.invocations == [["1", "2", "3", "4"], ["2"], ["3", "4"]]

    def test_record_that_outlives_its_age_stops_being_retried(self) -> None:
        lost: list[dict[str, Any]] = []
        stream = stream_of(1)
        source = EventSource(
            stream,
            raising_on("1"),
            maximum_retry_attempts=-1,
            maximum_record_age=60.0,
            on_failure=lost,
        )
        source.step()
        stream.now = 61.0

        source.drain()

        assert source.invocations == [["1"]]
        assert [each["requestContext"]["approximateInvokeCount"] for each in lost] == [1]


class TestBlocking:
    def test_failing_batch_blocks_its_own_shard_only(self) -> None:
        stream = Stream(shards=2)
        stream.put(record(1, pk="ARTICLE#d"))
        stream.put(record(2, pk="ARTICLE#d"))
        stream.put(record(3, pk="ARTICLE#a"))
        source = EventSource(stream, raising_on("1"), batch_size=1, maximum_retry_attempts=-1)

        for _ in range(4):
            source.step()

        assert source.invocations == [["1"], ["3"], ["1"], ["1"]]

    def test_parallel_lanes_let_other_items_of_the_shard_pass(self) -> None:
        stream = Stream()
        for number in range(20):
            stream.put(record(number, sk=f"REVIEW#{number}"))
        source = EventSource(
            stream,
            raising_on("0"),
            batch_size=1,
            maximum_retry_attempts=-1,
            parallelization_factor=4,
        )

        for _ in range(60):
            source.step()

        passed = set(flat(source.invocations)) - {"0"}
        assert 0 < len(passed) < 19

    def test_parallel_lanes_keep_the_order_of_each_item(self) -> None:
        stream = Stream()
        for number in range(30):
            stream.put(record(number, sk=f"REVIEW#{number % 6}"))
        source = EventSource(stream, accept, batch_size=2, parallelization_factor=3)

        source.drain()

        delivered = [int(number) for number in flat(source.invocations)]
        assert delivered != sorted(delivered)
        assert [[n for n in delivered if n % 6 == item] for item in range(6)] == [
            list(range(item, 30, 6)) for item in range(6)
        ]


class TestFaults:
    def test_redelivered_batches_come_once_more_after_newer_ones(self) -> None:
        source = EventSource(stream_of(1, 2), accept, batch_size=1, redeliver=lambda _: True)

        source.drain()

        assert source.invocations == [["1"], ["2"], ["2"], ["1"]]

    def test_redelivery_may_choose_batches_by_their_sequence_numbers(self) -> None:
        source = EventSource(
            stream_of(1, 2, 3), accept, batch_size=1, redeliver=lambda numbers: numbers == ["2"]
        )

        source.drain()

        assert source.invocations == [["1"], ["2"], ["3"], ["2"]]

    def test_redelivered_batch_that_fails_is_retried(self) -> None:
        source = EventSource(stream_of(1), answering(None, ValueError()), redeliver=once())

        source.drain()

        assert source.invocations == [["1"], ["1"], ["1"]]

    def test_seeded_redelivery_repeats_some_batches_among_newer_ones(self) -> None:
        chance = random.Random(7)
        source = EventSource(stream_of(*range(50)), accept, batch_size=1, redeliver=chance)

        source.drain()

        delivered = [int(number) for number in flat(source.invocations)]
        assert 50 < len(delivered) < 100
        assert list(dict.fromkeys(delivered)) == list(range(50))
        assert delivered != sorted(delivered)
        assert delivered[:50] != list(range(50))

    def test_crash_repeats_a_whole_batch_that_succeeded(self) -> None:
        source = EventSource(stream_of(1, 2), accept, crash=once())

        source.drain()

        assert source.invocations == [["1", "2"], ["1", "2"]]

    def test_crash_loses_the_reported_failures(self) -> None:
        source = EventSource(stream_of(1, 2, 3), answering(failures("3")), crash=once())

        source.drain()

        assert source.invocations == [["1", "2", "3"], ["1", "2", "3"]]

    def test_crash_is_not_a_retry(self) -> None:
        lost: list[dict[str, Any]] = []
        source = EventSource(
            stream_of(1),
            raising_on("1"),
            maximum_retry_attempts=0,
            on_failure=lost,
            crash=once(),
        )

        source.drain()

        assert source.invocations == [["1"], ["1"]]
        assert [each["requestContext"]["approximateInvokeCount"] for each in lost] == [1]

    def test_faults_can_be_switched_between_steps(self) -> None:
        source = EventSource(stream_of(1), accept, crash=lambda _: True)
        source.step()
        source.crash = None

        source.drain()

        assert source.invocations == [["1"], ["1"]]
