"""A house that tells: settings, a clock, and the stream carried to the worker that tells."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chalicelib import settings
from chalicelib.notices import delivery
from chalicelib.store import attributes, client, outbox
from chalicelib.workers.notify import deliver_notifications
from localdev.stream import StreamReader
from tests.carriers import Receiver

Setting = Callable[..., None]
KEY: Final = "whsec_" + "a2V5LW9mLTI0LWJ5dGVzLWF0LWxlYXN0"
EDITOR: Final = "ada@editors.example"
READER: Final = "grace@example.com"
MAIL: Final = {
    "MAIL_FROM": "Plaudit <reviews@example.org>",
    "PUBLIC_URL": "https://api.example.org/v1",
    "MANAGE_URL": "https://www.example.org/mine",
    "MAIL_EDITORS": EDITOR,
}


class House:
    """
    Carries events, and tells the time.

    Attributes:
        at: What the worker takes for now; it stands still until it is told.
    """

    def __init__(self) -> None:
        self.at = datetime.now(UTC).replace(microsecond=0)
        self._reader = StreamReader()

    def now(self) -> datetime:
        return self.at

    def carry(self) -> list[dict[str, Any]]:
        """Give the worker what the stream has; gives it back."""
        records = self.unread()
        again(records)
        return records

    def unread(self) -> list[dict[str, Any]]:
        """Give what the stream has, and nobody told of it yet."""
        return self._reader.read()

    def wait(self, **time: int) -> dict[str, int]:
        """Let time pass, and sweep."""
        self.at += timedelta(**time)
        return delivery.sweep()

    def wait_until_all_is_told(self) -> None:
        """Sweep every so often, for no longer than the last attempt takes."""
        for _ in range(100):
            if not waiting():
                return
            self.wait(hours=1)
        raise AssertionError(waiting())


def again(records: list[dict[str, Any]]) -> None:
    """Deliver records, perhaps once more."""
    deliver_notifications({"Records": records}, None)


def rows(queue: str) -> list[dict[str, Any]]:
    """Give the notifications of a queue, as the index has them."""
    found = client.read_all(
        "query",
        TableName=settings.current().content_table,
        IndexName="queue",
        KeyConditionExpression="queue = :queue",
        ExpressionAttributeValues={":queue": {"S": queue}},
    )
    return [attributes.unpack(row) for row in found]


def waiting() -> list[dict[str, Any]]:
    """Give what is still to be told."""
    return rows("outbox")


def states(row: dict[str, Any]) -> dict[str, str]:
    """Give what became of each kind of target, `{"editor": "sent"}`."""
    return {
        name.partition("-")[0]: " ".join(filter(None, (one["state"], one.get("error"))))
        for name, one in row["deliveries"].items()
    }


def put(*events: Any) -> None:
    """Put events into the outbox, as a change would."""
    client.write(*outbox.actions(*events))


def hooked(receiver: Receiver) -> dict[str, str]:
    """Give the settings with which a receiver is told."""
    return {"STAGE": "local", "WEBHOOKS": "on", "WEBHOOK_URLS": f"{receiver.url} {KEY}"}
