"""
A typical house and what is paid in it.

The article has 5 KB of Markdown, two tags and an author, a review 300 characters. Everything that
a client can choose contains WORD, so that it would be seen in an expression.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from tests import builders
from tests.client import Api
from tests.conftest import Deliver
from tests.metering import Call, Meter

WORD: Final = "xyzzy"
SLUG: Final = f"{WORD}-light"
ARTICLE: Final = f"/articles/{SLUG}"
REVIEWS: Final = f"{ARTICLE}/reviews"
EMAIL: Final = f"{WORD}@example.com"

_MESSAGE = f"The chapter about {WORD} alone is worth the evening. " * 6
_PARAGRAPH = (
    f"When the dome opens at dusk, **{WORD}** is [there](https://example.com/{WORD}) again, and"
    + " what the telescope sees first is never what it was built to see;" * 8
)
_FIXED = re.compile(r"[A-Za-z0-9_#:=<>(), ]+")
_INTEGER = re.compile(r"-?[0-9]+")


class Cost(NamedTuple):
    """Operations in order; write units of tables, write units of their indexes, read units."""

    operations: str = ""
    table: int = 0
    indexes: int = 0
    read: float = 0


class Bill:
    """Collects what was paid for what."""

    def __init__(self) -> None:
        self.costs: dict[str, Cost] = {}
        self.calls: list[Call] = []

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Put what is called within on the bill, under a name."""
        with Meter() as meter:
            yield
        assert meter.round_trips == len(meter.calls)
        self.calls += meter.calls
        self.costs[name] = Cost(
            " ".join(meter.operations),
            meter.table_units,
            meter.index_units.total(),
            meter.read_units,
        )

    @property
    def unsafe(self) -> list[str]:
        """Expressions with a client's text in them, and numbers that are no integers."""
        sent = [field for call in self.calls for field in _fields(call.parameters)]
        expressions = [text for name, text in sent if name != "N"]
        numbers = [text for name, text in sent if name == "N"]
        return [
            *(text for text in expressions if not _FIXED.fullmatch(text) or WORD in text),
            *(text for text in numbers if not _INTEGER.fullmatch(text)),
        ]


def article(**changes: Any) -> dict[str, Any]:
    """Give the body of a PUT of the typical article."""
    body = f"# {WORD}\n\n" + "\n\n".join([_PARAGRAPH] * 8)
    named = {"title": f"On {WORD}", "author": f"Ada {WORD}", "tags": [WORD, "beginnings"]}
    return builders.article(body_markdown=body, **{**named, **changes})


def submission(**changes: Any) -> dict[str, Any]:
    """Give the body of a POST of the typical review."""
    fields = {"name": f"Grace {WORD}", "email": EMAIL, "message": _MESSAGE[:300], **changes}
    return builders.submission(**fields)


def furnish(api: Api, deliver: Deliver) -> None:
    """Publish the article, have it reviewed by somebody, rank and count both."""
    assert api.put(ARTICLE, article()).status == 201
    assert api.post(REVIEWS, submission(email=f"first.{EMAIL}")).status == 201
    deliver()


def _fields(parameters: Any) -> Iterator[tuple[str, str]]:
    """Give every expression, every attribute name in its place and every number of a call."""
    if isinstance(parameters, list):
        parameters = dict(enumerate(parameters))
    if not isinstance(parameters, dict):
        return
    for name, value in parameters.items():
        if name == "ExpressionAttributeNames":
            yield from ((name, text) for pair in value.items() for text in pair)
        elif name == "N" or str(name).endswith("Expression"):
            yield name, value
        else:
            yield from _fields(value)
