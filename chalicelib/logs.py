"""
One JSON object a line, without personal data.

What is logged is named field by field; nobody logs a request, a row or an
exception's text, because those hold what people wrote. Of an exception the
types and the places in the code are kept.
"""

import json
import logging
import sys
import traceback
from functools import cache
from typing import Any, Final

from chalicelib import metrics
from chalicelib.metrics import Measured

log: Final = logging.getLogger("chalicelib")

_encode: Final = json.JSONEncoder(default=str).encode
_UNUSED: Final = ("logThreads", "logProcesses", "logMultiprocessing", "logAsyncioTasks")
"""
What logging asks about each record and no line says, a quarter of a line's cost.

Source:
    docs.python.org/3/howto/logging.html#optimization
"""


class JsonLines(logging.Formatter):
    """
    Writes a log record as one line of JSON.

    Args:
        end: What ends a line, if its handler does not.
    """

    def __init__(self, end: str = "") -> None:
        super().__init__()
        self._end = end

    def format(self, record: logging.LogRecord) -> str:
        """
        Give the line: `at` in epoch milliseconds, `level`, `event`, the fields and the metrics.

        Lambda's runtime notes on each record which request it belongs to.
        """
        line: dict[str, Any] = {
            "at": int(record.created * 1000),
            "level": record.levelname,
            "event": record.getMessage(),
            **fields_of(record),
        }
        if request_id := getattr(record, "aws_request_id", ""):
            line.setdefault("request_id", request_id)
        if measured := getattr(record, "measured", None):
            line |= metrics.embedded(measured, line["at"])
        return _encode(line) + self._end


@cache
def configure() -> None:
    """
    Give every handler of the process the JSON form, once.

    Lambda's runtime installs the root handler before any code of ours runs;
    elsewhere lines go to standard output. The runtime's handler ends no line:
    github.com/aws/aws-lambda-python-runtime-interface-client (bootstrap.py)
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stdout))
    for handler in root.handlers:
        ends_lines = isinstance(handler, logging.StreamHandler)
        handler.setFormatter(JsonLines(end="" if ends_lines else "\n"))
    log.setLevel(logging.INFO)
    for question in _UNUSED:
        setattr(logging, question, False)
    logging._srcfile = None  # noqa: SLF001 - documented there, for the caller's place in the code


def write(
    event: str,
    *,
    level: int = logging.INFO,
    measured: Measured | None = None,
    **fields: str | float | None,
) -> None:
    """
    Log one event.

    Args:
        event: What happened, a fixed word or two: `request`, `tally`.
        measured: What it adds to the metrics.
        fields: Its facts; nothing that a person wrote or can be known by. None is
            left out.
    """
    said = {name: value for name, value in fields.items() if value is not None}
    log.log(level, event, extra={"fields": said, "measured": measured})


def review(slug: str, status: str) -> None:
    """Log that a review or a proposal has come to a status, and count it there."""
    write("review", measured=Measured({"Reviews": 1}, {"Status": status}), slug=slug, status=status)


def failure(event: str, error: BaseException, **fields: str | float | None) -> None:
    """
    Log an error by its types and its places in the code, without its text.

    Args:
        event: What failed.
        error: With its causes.
    """
    write(
        event,
        level=logging.ERROR,
        measured=None,
        error=_types(error),
        stack=_places(error),
        **fields,
    )


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Give the fields that `write` put on a record; none for a foreign one."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return fields


def _types(error: BaseException | None) -> str:
    chain: list[BaseException] = []
    # An error that is its own cause makes the chain a circle.
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return " < ".join(type(one).__name__ for one in chain)


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames)
