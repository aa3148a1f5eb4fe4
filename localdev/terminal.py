"""What a person sees in the terminal: one line a request, a tally, a letter or webhook."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chalicelib import logs

_HIDDEN: Final = frozenset({"batch", "request", "review"})
"""Events that another line tells: the gateway's with the real path, the tally's of each article."""


class Readable(logging.Formatter):
    """Writes an event for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line: time, event and its fields."""
        fields = logs.fields_of(record)
        if record.getMessage() == "tally":
            said = f"{fields['slug']}: {fields['changed']} of {fields['reviews']} counted"
        elif record.getMessage() == "notified":
            of = f" of {fields['slug']}" if fields["slug"] else ""
            said = f"{fields['kind']}{of}: {fields['state']} to {fields['target']}"
        else:
            said = " ".join(f"{name}={value}" for name, value in fields.items())
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{at}  {record.getMessage():<7} {said}"


class _OnlyOurs(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        ours = record.name.startswith("chalicelib")
        return (ours and record.getMessage() not in _HIDDEN) or record.levelno >= logging.WARNING


def configure() -> None:
    """Replace the JSON lines of a Lambda."""
    logs.configure()
    for handler in logging.getLogger().handlers:
        handler.setFormatter(Readable())
        handler.addFilter(_OnlyOurs())


@contextmanager
def silence() -> Iterator[None]:
    """Let only warnings through: what the samples do is no news."""
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def request(method: str, path: str, status: int, milliseconds: float) -> None:
    """Write the line of one request."""
    at = time.strftime("%H:%M:%S")
    visible = "".join(character if character.isprintable() else "?" for character in path[:200])
    sys.stdout.write(f"{at}  {method:<7} {visible} {status} {milliseconds:.0f} ms\n")
    sys.stdout.flush()


def welcome(url: str, editor_key: str) -> None:
    """Write where Plaudit is and how to write to it."""
    sys.stdout.write(
        f"\nPlaudit is running at {url}\n"
        f"  Editor's key   {editor_key}\n"
        f"  Try            curl {url}/articles/first-light\n"
        "  Stop           Ctrl-C\n\n"
    )
    sys.stdout.flush()
