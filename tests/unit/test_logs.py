"""Log lines are one JSON object each and hold no text of an exception."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib import logs


@contextmanager
def root_with(*handlers: logging.Handler) -> Iterator[logging.Logger]:
    """Give the root logger with these handlers alone; pytest puts in its own before a test."""
    root = logging.getLogger()
    kept, root.handlers = root.handlers, list(handlers)
    logs.configure.cache_clear()
    try:
        yield root
    finally:
        root.handlers = kept
        logs.configure.cache_clear()


def line_of(record: logging.LogRecord) -> dict[str, object]:
    line: dict[str, object] = json.loads(logs.JsonLines().format(record))
    return line


def test_lines_go_to_standard_output_where_nobody_took_them() -> None:
    with root_with() as root:
        logs.configure()

        (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stdout
    assert isinstance(handler.formatter, logs.JsonLines)


def test_the_runtimes_own_handler_is_kept() -> None:
    runtimes = logging.NullHandler()

    with root_with(runtimes) as root:
        logs.configure()

        assert root.handlers == [runtimes]
    assert isinstance(runtimes.formatter, logs.JsonLines)


def test_a_line_ends_once_whoever_writes_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("elsewhere").warning("something")
    (record,) = caplog.records
    runtimes, ours = logging.NullHandler(), logging.StreamHandler(io.StringIO())

    with root_with(runtimes, ours):
        logs.configure()

    ours.handle(record)
    assert ours.stream.getvalue() == runtimes.format(record)
    assert runtimes.format(record).count("\n") == 1


def test_fields_stand_beside_the_event(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logs.write("tally", slug="first-light", reviews=2, left_out=None)

    line = line_of(caplog.records[0])
    assert {name: line[name] for name in ("event", "level", "slug", "reviews")} == {
        "event": "tally",
        "level": "INFO",
        "slug": "first-light",
        "reviews": 2,
    }
    assert "left_out" not in line


def test_a_line_of_another_library_has_no_fields(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("elsewhere").warning("two\nlines")

    formatted = logs.JsonLines().format(caplog.records[0])

    assert len(formatted.splitlines()) == 1
    assert json.loads(formatted)["event"] == "two\nlines"


def test_a_failure_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    try:
        try:
            dict[str, str]()["what a reader wrote"]
        except KeyError as cause:
            raise ValueError("and more of it") from cause
    except ValueError as error:
        logs.failure("reading failed", error, slug="first-light")

    line = line_of(caplog.records[0])
    assert line["error"] == "ValueError < KeyError"
    assert "test_a_failure_is_logged_without_its_text" in str(line["stack"])
    assert "wrote" not in json.dumps(line)
    assert "more" not in json.dumps(line)
