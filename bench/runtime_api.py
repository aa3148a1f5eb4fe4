"""
The end of Lambda that a runtime client talks to: one event out, its answer in.

Source:
    docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

from bench import serving

_FIRST: Final = "/2018-06-01/runtime/invocation/next"
_FUNCTION: Final = "arn:aws:lambda:us-east-1:123456789012:function:bench"
_LONGEST: Final = 60
"""Seconds that a function may take."""


@dataclass
class Invocation:
    """
    One event and what became of it.

    Attributes:
        address: Host and port, as `AWS_LAMBDA_RUNTIME_API` takes them.
        answered_at: Of `time.perf_counter`, when the answer was posted.
        posted_to: Path of the answer, which says whether it is an error.
    """

    event: dict[str, Any]
    address: str = ""
    answered_at: float = 0
    posted_to: str = ""
    answer: Any = None
    _given: bool = False
    _done: Event = field(default_factory=Event)

    def wait(self) -> None:
        """
        Wait for the answer.

        Raises:
            RuntimeError: There is none, or it is an error.
        """
        if not self._done.wait(_LONGEST) or not self.posted_to.endswith("/response"):
            msg = f"no answer but {self.posted_to!r}: {self.answer}"
            raise RuntimeError(msg)

    def take(self) -> bytes | None:
        """Give the event to the first who asks; whoever asks again waits for the end."""
        if self._given:
            self._done.wait(_LONGEST)
            return None
        self._given = True
        return json.dumps(self.event).encode()

    def post(self, path: str, body: bytes) -> None:
        """Take the answer, or the error."""
        self.answered_at = time.perf_counter()
        self.posted_to = path
        self.answer = json.loads(body)
        self._done.set()


@contextmanager
def offered(event: dict[str, Any]) -> Iterator[Invocation]:
    """Serve one event on a port of the kernel's choice."""
    invocation = Invocation(event)

    class Handler(_Handler):
        offer = invocation

    with serving.served(Handler) as address:
        invocation.address = address
        yield invocation


class _Handler(serving.Stub):
    offer: Invocation

    def do_GET(self) -> None:  # noqa: N802 - the base class finds it by this name
        body = self.offer.take() if self.path == _FIRST else None
        if body is None:
            self.close_connection = True
            return
        self.send(
            200,
            body,
            Content_Type="application/json",
            Lambda_Runtime_Aws_Request_Id="00000000-0000-0000-0000-000000000000",
            Lambda_Runtime_Deadline_Ms=str(int((time.time() + _LONGEST) * 1000)),
            Lambda_Runtime_Invoked_Function_Arn=_FUNCTION,
        )

    def do_POST(self) -> None:  # noqa: N802 - the base class finds it by this name
        self.offer.post(self.path, self.received())
        self.send(202, b"{}", Content_Type="application/json")
