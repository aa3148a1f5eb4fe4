"""Carries moto's stream to its two workers, in the form that Lambda gives it, and keeps time."""

import threading
import time
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import boto3

from chalicelib import logs, settings
from localdev import aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_BATCH: Final = 99
_PAUSE: Final = 0.2
"""Seconds between two looks at the stream."""


class StreamReader:
    """
    Reads content's stream from its beginning, each record once.

    moto's records lack the stream's ARN and carry a datetime where Lambda has
    epoch seconds; both are put right here.

    moto puts a copy in the place of a table whose transaction is cancelled. An
    iterator would go on reading the table that is gone, so each look takes a
    new one.
    """

    def __init__(self) -> None:
        self._client = _streams()
        table = settings.current().content_table
        (stream,) = self._client.list_streams(TableName=table)["Streams"]
        self._arn = stream["StreamArn"]
        described = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]
        self._starts: dict[str, dict[str, Any]] = {
            shard["ShardId"]: {"ShardIteratorType": "TRIM_HORIZON"} for shard in described["Shards"]
        }

    def read(self) -> list[dict[str, Any]]:
        """Give the records since the last call."""
        records: list[Any] = []
        for shard, start in self._starts.items():
            iterator = self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard, **start)[
                "ShardIterator"
            ]
            if found := self._client.get_records(ShardIterator=iterator)["Records"]:
                self._starts[shard] = {
                    "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                    "SequenceNumber": found[-1]["dynamodb"]["SequenceNumber"],
                }
                records += found
        return [self._as_lambda_has_it(record) for record in records]

    def _as_lambda_has_it(self, record: dict[str, Any]) -> dict[str, Any]:
        change = dict(record["dynamodb"])
        created = change.get("ApproximateCreationDateTime")
        if isinstance(created, datetime):
            change["ApproximateCreationDateTime"] = int(created.timestamp())
        return {**record, "dynamodb": change, "eventSourceARN": self._arn}


@cache
def _streams() -> "DynamoDBStreamsClient":
    return boto3.client("dynamodbstreams")


class Pump(threading.Thread):
    """Delivers the stream, and keeps time, until the process ends."""

    def __init__(self) -> None:
        super().__init__(name="stream-pump", daemon=True)
        self._reader = StreamReader()
        self._waiting: list[dict[str, Any]] = []
        self._minute = _minute()

    def run(self) -> None:
        """Deliver what is there, again what failed, and look again."""
        pause = threading.Event()
        while True:
            try:
                with aws.LOCK:
                    self.deliver()
                    self.keep_time()
            except Exception as error:  # noqa: BLE001 - a fault in a worker must not end the pump
                logs.failure("stream pump", error)
            pause.wait(_PAUSE)

    def deliver(self) -> None:
        """Deliver one batch; records from the first failure on stay for the next."""
        from chalicelib.workers.notify import deliver_notifications  # noqa: PLC0415 - the same
        from chalicelib.workers.tally import tally_ratings  # noqa: PLC0415 - after moto's start

        found = self._reader.read()
        self._waiting += found
        if not self._waiting:
            return
        batch, rest = self._waiting[:_BATCH], self._waiting[_BATCH:]
        failures = tally_ratings({"Records": batch}, None)["batchItemFailures"]
        failed = {failure["itemIdentifier"] for failure in failures}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        first = next((at for at, number in enumerate(numbers) if number in failed), len(batch))
        self._waiting = batch[first:] + rest
        # What it cannot tell waits in the outbox, for the minute's sweep.
        deliver_notifications({"Records": found}, None)

    def keep_time(self) -> None:
        """Do what is due, if a minute has begun since the last call."""
        from chalicelib.workers import schedule  # noqa: PLC0415 - after moto's start

        if (minute := _minute()) != self._minute:
            self._minute = minute
            schedule.run()


def _minute() -> int:
    return int(time.time() // 60)
