"""
Lambda's event source mapping for a DynamoDB stream, step by step and in memory.

moto calls the function inside the write and forgets failures; here a stream keeps its records and
`EventSource` delivers them as AWS documents it: at least once, in order per shard, with retries,
partial responses, bisection and discards. No threads, no AWS: the same inputs give the same run.

    stream = Stream(shards=2)
    stream.put(record)
    source = EventSource(stream, handler, batch_size=10, redeliver=random.Random(7))
    source.drain()

Invariant: a record is passed only after a success that covers it, or by a discard, which
`on_failure` hears of. Not modelled: batching windows, filters, the trim after 24 hours.
"""

import json
import random
import zlib
from collections import deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import KW_ONLY, dataclass, field
from types import SimpleNamespace
from typing import Any, TypeAlias

Record: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[dict[str, Any], object], dict[str, Any] | None]
Fault: TypeAlias = Callable[[list[str]], bool] | random.Random


@dataclass(frozen=True)
class Entry:
    """One record in a shard; `arrived_at` is in simulator seconds."""

    record: Record
    arrived_at: float


class Stream:
    """
    Shards of records; any number of event sources may read it.

    Attributes:
        now: Simulator clock in seconds; only tests move it, and only forward.
        shards: Entries per shard, oldest first. Nothing is removed.
    """

    def __init__(self, shards: int = 1) -> None:
        self.now = 0.0
        self.shards: list[list[Entry]] = [[] for _ in range(shards)]

    def put(self, record: Record) -> None:
        """
        Append a record to the shard of its partition key.

        Args:
            record: Lambda's form of a stream record, with `dynamodb.SequenceNumber` (decimal
                digits, ascending by the caller's care) and `dynamodb.Keys.pk.S`.
        """
        shard = _bucket(record["dynamodb"]["Keys"]["pk"]["S"], len(self.shards))
        self.shards[shard].append(Entry(record, self.now))


@dataclass
class _Batch:
    entries: list[Entry]
    invocations: int = 0

    @property
    def sequence_numbers(self) -> list[str]:
        return [entry.record["dynamodb"]["SequenceNumber"] for entry in self.entries]


@dataclass
class _Lane:
    """What must stay in order: a shard, or the items of a shard that hash together."""

    shard: int
    queue: deque[Entry] = field(default_factory=deque)
    # The batch on delivery first, then what a bisection left for afterwards.
    batches: deque[_Batch] = field(default_factory=deque)
    is_redelivery: bool = False


@dataclass
class EventSource:
    """
    Delivery of a stream to one handler, from TRIM_HORIZON.

    All but `stream` and `parallelization_factor` may be set anew between steps.

    Args:
        stream: What to read.
        handler: Called with `{"Records": [...]}` (a copy) and a context with `aws_request_id`.
        batch_size: Most records in one invocation.
        maximum_retry_attempts: Invocations after the first with the same records; -1 = no end.
        bisect_on_error: Split a failed batch instead of retrying it.
        report_batch_item_failures: Read the handler's result; otherwise only raising fails.
        parallelization_factor: Lanes per shard; above 1 the order holds per item only.
        maximum_record_age: Simulator seconds after which a record is discarded; None = never.
        on_failure: Gets one message per discard, in the form of SQS and SNS destinations.
        redeliver: Is this successful batch delivered once more? A `Random` says so half the
            time and mixes these batches with others; a callable's come last, newest first.
        crash: Asked after the handler ran: is its response lost? Then the batch is read again
            from the last checkpoint, which neither counts as a retry nor bisects.

    Attributes:
        invocations: Sequence numbers of every batch the handler was called with.
        last_error: What the handler raised last; None if it never did.

    Source:
        docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
        docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
        docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """

    stream: Stream
    handler: Handler
    _: KW_ONLY
    batch_size: int = 100
    maximum_retry_attempts: int = 10
    bisect_on_error: bool = True
    report_batch_item_failures: bool = True
    parallelization_factor: int = 1
    maximum_record_age: float | None = None
    on_failure: list[dict[str, Any]] | None = None
    redeliver: Fault | None = None
    crash: Fault | None = None
    invocations: list[list[str]] = field(default_factory=list, init=False)
    last_error: Exception | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        shards = range(len(self.stream.shards))
        self._lanes = [[_Lane(n) for _ in range(self.parallelization_factor)] for n in shards]
        self._turns = deque(lane for lanes in self._lanes for lane in lanes)
        self._redeliveries: list[_Lane] = []
        self._read = [0 for _ in shards]

    def step(self) -> bool:
        """Invoke the handler once; False when there is nothing to deliver."""
        self._poll()
        if (lane := self._next_lane()) is None:
            return False
        batch = lane.batches.popleft()
        failed_from = self._invoke(batch)
        if _strikes(self.crash, batch.sequence_numbers):
            lane.batches.appendleft(batch)
        elif failed_from is not None:
            self._fail(lane, batch, failed_from)
        elif not lane.is_redelivery and _strikes(self.redeliver, batch.sequence_numbers):
            again = deque([_Batch(batch.entries)])
            self._redeliveries.append(_Lane(lane.shard, batches=again, is_redelivery=True))
        return True

    def drain(self, limit: int = 10_000) -> None:
        """
        Step until nothing is left to deliver.

        Args:
            limit: Most invocations; a batch that is retried without end never drains.

        Raises:
            RuntimeError: `limit` invocations left something; its cause is `last_error`.
        """
        for _ in range(limit):
            if not self.step():
                return
        self._poll()
        if any(lane.batches or lane.queue for lane in [*self._turns, *self._redeliveries]):
            raise RuntimeError(f"not drained after {limit} invocations") from self.last_error

    def _poll(self) -> None:
        for shard, entries in enumerate(self.stream.shards):
            for entry in entries[self._read[shard] :]:
                item = json.dumps(entry.record["dynamodb"]["Keys"], sort_keys=True)
                self._lanes[shard][_bucket(item, self.parallelization_factor)].queue.append(entry)
            self._read[shard] = len(entries)

    def _next_lane(self) -> _Lane | None:
        fresh = next((lane for lane in self._turns if self._prepare(lane)), None)
        self._turns.rotate(-1)
        self._redeliveries = [lane for lane in self._redeliveries if self._prepare(lane)]
        if isinstance(self.redeliver, random.Random) and self._redeliveries:
            return self.redeliver.choice([*([fresh] if fresh else []), *self._redeliveries])
        return fresh or next(reversed(self._redeliveries), None)

    def _prepare(self, lane: _Lane) -> bool:
        while lane.batches or lane.queue:
            if not lane.batches:
                size = min(self.batch_size, len(lane.queue))
                lane.batches.append(_Batch([lane.queue.popleft() for _ in range(size)]))
            batch = lane.batches[0]
            expired = [entry for entry in batch.entries if self._is_too_old(entry)]
            if not expired:
                return True
            lane.batches.popleft()
            self._discard(lane, _Batch(expired, batch.invocations), "RecordAgeExceeded")
            if alive := batch.entries[len(expired) :]:
                lane.batches.appendleft(_Batch(alive))
        return False

    def _is_too_old(self, entry: Entry) -> bool:
        limit = self.maximum_record_age
        return limit is not None and self.stream.now - entry.arrived_at > limit

    def _invoke(self, batch: _Batch) -> int | None:
        self.invocations.append(batch.sequence_numbers)
        event = {"Records": [deepcopy(entry.record) for entry in batch.entries]}
        context = SimpleNamespace(aws_request_id=f"invocation-{len(self.invocations)}")
        try:
            result = self.handler(event, context)
        except Exception as error:  # noqa: BLE001 - whatever a function raises fails its batch
            self.last_error = error
            return 0
        failures = (result or {}).get("batchItemFailures")
        if not self.report_batch_item_failures or not failures:
            return None
        numbers = batch.sequence_numbers
        reported = [failure.get("itemIdentifier") for failure in failures]
        # Positions, because as text "10" sorts before "9".
        return min(numbers.index(each) if each in numbers else 0 for each in reported)

    def _fail(self, lane: _Lane, batch: _Batch, failed_from: int) -> None:
        batch.invocations += 1
        middle = len(batch.entries) // 2
        if failed_from:
            # Only the same records sent again are a retry: a batch that shrank starts over.
            lane.batches.appendleft(_Batch(batch.entries[failed_from:]))
        elif self.bisect_on_error and middle:
            lane.batches.appendleft(_Batch(batch.entries[middle:]))
            lane.batches.appendleft(_Batch(batch.entries[:middle]))
        elif 0 <= self.maximum_retry_attempts < batch.invocations:
            self._discard(lane, batch, "RetryAttemptsExhausted")
        else:
            lane.batches.appendleft(batch)

    def _discard(self, lane: _Lane, batch: _Batch, condition: str) -> None:
        if self.on_failure is None:
            return
        numbers = batch.sequence_numbers
        request = {"condition": condition, "approximateInvokeCount": batch.invocations}
        info = {
            "shardId": f"shardId-{lane.shard}",
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(numbers),
        }
        self.on_failure.append({"requestContext": request, "DDBStreamBatchInfo": info})


def _bucket(text: str, buckets: int) -> int:
    # Not hash(): it differs from one process to the next.
    return zlib.crc32(text.encode()) % buckets


def _strikes(fault: Fault | None, sequence_numbers: list[str]) -> bool:
    if isinstance(fault, random.Random):
        return fault.random() < 0.5
    return fault is not None and fault(sequence_numbers)
