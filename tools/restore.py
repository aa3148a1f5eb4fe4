"""
`python -m tools.restore TABLE [--write]`: make content what a restored table says.

TABLE is what point-in-time recovery made. Its rows are carried back one by
one, so that the content table keeps its name, its stream and its protection,
and nothing has to be pointed elsewhere. Rows that are the same are not
written, so it may be stopped and run again. Stop the API before `--write`, and
run `tools.rebuild` after it: docs/operations.md, restore drill.

    0  content says what the table says, now or all along
    1  they differ, and nothing was written
    2  the command line or the settings are wrong
    3  AWS could not be asked; what was written stays, run it again

The tables are those of the environment: `CONTENT_TABLE` and what boto3 reads.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

from chalicelib import settings
from chalicelib.store import keys
from chalicelib.store.attributes import Item
from tools import failures, restoring
from tools.failures import MisusedError

DONE: Final = 0
DIFFERING: Final = 1
_STEP: Final = 100
"""Rows that are compared in one call."""
_SAID: Final = 10_000
"""Rows between two lines that say how far it is."""
_OF_CONTENT: Final = (
    *("A#", "C#", "D#", "F#", "O#", "V#"),
    keys.EDITORS,
    keys.blocks()["pk"]["S"],
    keys.ERASURES,
    keys.CONSENTS,
)
"""How the partitions of content begin: articles, and what stands beside them."""


class Compared(NamedTuple):
    """Rows of a table that were read, and how many of them differ from the other one's."""

    rows: int
    differing: int


def main(arguments: Sequence[str]) -> int:
    """
    Compare, write if told to, and print what was found.

    Returns:
        The exit status, as above.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    options = _parser().parse_args(arguments)
    return failures.told("restore", partial(_run, options.table, write=options.write))


def _run(restored: str, *, write: bool) -> int:
    content = settings.current().content_table
    if restored == content:
        msg = "that is the content table itself"
        raise MisusedError(msg)
    # What is there comes first: another table's name must not empty this one.
    put = restoring.put if write else None
    there = _compare(restored, partial(restoring.differing, table=content), put)
    if not there.rows:
        msg = f"{restored} is empty"
        raise MisusedError(msg)
    delete = restoring.delete if write else None
    here = _compare(content, partial(restoring.absent, table=restored), delete)
    _print(
        f"rows: {there.rows}, {'written' if write else 'to write'}: {there.differing},"
        f" {'deleted' if write else 'to delete'}: {here.differing}"
    )
    return DIFFERING if not write and there.differing + here.differing else DONE


def _compare(
    table: str,
    find: Callable[[Sequence[Item]], list[Item]],
    change: Callable[[Item], None] | None,
) -> Compared:
    rows = differing = 0
    for part in _parts(restoring.every_row(table)):
        if not all(row["pk"]["S"].startswith(_OF_CONTENT) for row in part):
            msg = f"{table} holds other rows than those of content"
            raise MisusedError(msg)
        found = find(part)
        if change is not None:
            for row in found:
                change(row)
        rows += len(part)
        differing += len(found)
        if rows % _SAID == 0:
            _print(f"… {rows} rows of {table}")
    return Compared(rows, differing)


def _parts(rows: Iterable[Item]) -> Iterator[list[Item]]:
    remaining = iter(rows)
    while part := list(islice(remaining, _STEP)):
        yield part


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.restore",
        description="Make content what a restored table says.",
    )
    parser.add_argument("table", metavar="TABLE", help="what point-in-time recovery made")
    parser.add_argument("--write", action="store_true", help="write what differs")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
