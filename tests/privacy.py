"""
Looks for readers in what leaves Plaudit.

Every e-mail address that the suite submits is remembered for the whole run,
with its common hashes; no answer to the public and no log line may hold one,
nor the address that requests come from.
"""

import hashlib
import logging
from collections.abc import Iterator

SOURCE_IP = "203.0.113.77"

_known: set[str] = {SOURCE_IP}


def remember(email: str) -> None:
    """Keep an address and its hashes for the rest of the run."""
    for spelling in {email, email.strip(), email.lower(), email.strip().lower(), email.casefold()}:
        encoded = spelling.encode("utf-8", "surrogatepass")
        if len(spelling) < 6:
            continue
        _known.add(spelling)
        for algorithm in ("md5", "sha1", "sha256"):
            _known.add(hashlib.new(algorithm, encoded, usedforsecurity=False).hexdigest())


def found_in(text: str) -> Iterator[str]:
    """Give everything known that a text holds, in any case of letters."""
    lowered = text.casefold()
    return (secret for secret in _known if secret.casefold() in lowered)


class Listener(logging.Handler):
    """Collects every log line of a test, as any of the handlers might write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message, the fields, the metrics and the exception."""
        fields = getattr(record, "fields", {})
        measured = getattr(record, "measured", None)
        trace = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.lines.append(f"{record.getMessage()} {fields} {measured} {trace}")
