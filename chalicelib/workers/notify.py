"""
The Lambda that tells: content's stream in, letters and webhooks out.

It tells at once of what it sees. What it does not see, cannot send or dies over stays in the
outbox, and `delivery.sweep`, which runs every minute, takes it up. So it never asks for a record
again: nothing holds up the shard, and nothing hangs on the stream.
"""

import os
from collections.abc import Iterable
from typing import Final

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib import logs
from chalicelib.notices import delivery
from chalicelib.store import attributes, client, keys, outbox
from chalicelib.store.items import MalformedItemError
from chalicelib.store.outbox import Notification
from chalicelib.workers.records import Record

_PLACEHOLDER: Final = (
    "arn:aws:dynamodb:us-east-1:000000000000:table/placeholder/stream/2000-01-01T00:00:00.000"
)

workers = Blueprint(__name__)
client.prepare(os.environ)


@workers.on_dynamodb_record(
    stream_arn=os.environ.get("CONTENT_STREAM_ARN", _PLACEHOLDER),
    batch_size=10,
    starting_position="TRIM_HORIZON",
    name="deliver_notifications",
)
def deliver_notifications(event: DynamoDBEvent) -> None:
    """Tell of the events that a batch of stream records brings; what fails waits in the outbox."""
    logs.configure()
    delivery.deliver(_read(event.to_dict()["Records"]))


def _read(records: Iterable[Record]) -> Iterable[Notification]:
    for record in records:
        try:
            stream = record["dynamodb"]
            is_new = record["eventName"] == "INSERT"
            if is_new and attributes.unpack(stream["Keys"])["sk"] == keys.EVENT:
                yield outbox.read(stream["NewImage"])
        except (KeyError, TypeError, ValueError, AttributeError, MalformedItemError) as error:
            logs.failure("notification unreadable", error)
