"""
Tables for a whole module, where making its rows takes longer than all of its tests.

For modules whose tests change nothing, or nothing that another of them reads, and ask for none of
the fixtures that stand on `aws`, which empties the same tables.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from app import app
from localdev.stream import Pump
from tests import moto_tables
from tests.client import Answer, Api


@contextmanager
def opened() -> Iterator[Api]:
    """Give a client of the app on empty tables."""
    with moto_tables.opened():
        yield Api(app)


def count() -> None:
    """Carry up to 100 records of the stream, from its beginning, to the tally worker."""
    Pump().deliver()


def walk(api: Api, path: str, limit: int, *, editor: bool = False) -> list[Answer]:
    """Give every page of a list, 50 at most."""
    pages = [api.get(paged(path, limit), editor=editor)]
    while (cursor := pages[-1].body["next_cursor"]) and len(pages) < 50:
        pages.append(api.get(paged(path, limit, cursor), editor=editor))
    return pages


def paged(path: str, limit: int, cursor: str | None = None) -> str:
    """Write where a page is."""
    joint = "&" if "?" in path else "?"
    return f"{path}{joint}limit={limit}" + (f"&cursor={cursor}" if cursor is not None else "")
