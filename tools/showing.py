"""Tables and lines for operators, in which nothing that a reader wrote steers the terminal."""

import sys
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tools.calling import Answer, one_line

DONE: Final = 0
REFUSED: Final = 1
_WIDTH: Final = 140
"""Columns, where there is no terminal."""


def table(*columns: str) -> Table:
    """Begin a table; its first column is never broken."""
    begun = Table(*columns)
    begun.columns[0].no_wrap = True
    return begun


def add(begun: Table, *cells: str) -> None:
    """Put a row into a table."""
    # What a reader wrote is no markup.
    begun.add_row(*(Text(one_line(cell)) for cell in cells))


def show(finished: Table, otherwise: str) -> int:
    """
    Print a table, or a line where it has no rows.

    Returns:
        The exit status.
    """
    if not finished.rows:
        return say(otherwise)
    Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False).print(finished)
    return DONE


def say(line: str) -> int:
    """Print a line; gives the exit status."""
    sys.stdout.write(f"{one_line(line)}\n")
    return DONE


def refused(what: str, answer: Answer) -> int:
    """Complain of what the API refused; gives the exit status."""
    sys.stderr.write(f"{what}: {one_line(answer.problem)}\n")
    return REFUSED
