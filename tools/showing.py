"""Tables and lines for operators, in which nothing that a reader wrote steers the terminal."""

import sys
from collections.abc import Iterator
from typing import Final, cast

from rich.cells import cell_len
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from tools.calling import one_line

DONE: Final = 0
REFUSED: Final = 1
_WIDTH: Final = 140
"""Columns, where there is no terminal."""
_BETWEEN: Final = 3
"""Between two columns of a table: a line, and a space on each side of it."""
_LONGEST: Final = 26
"""Of a word that a cell must have room for, an id; what is longer may be broken."""


def table(*columns: str) -> Table:
    """Begin a table; its first column is never broken."""
    whole, *others = columns
    return Table(Column(whole, no_wrap=True), *(Column(one, overflow="fold") for one in others))


def add(begun: Table, *cells: str) -> None:
    """Put a row into a table."""
    # What a reader wrote is no markup.
    begun.add_row(*(Text(one_line(cell)) for cell in cells))


def show(finished: Table, otherwise: str) -> int:
    """
    Print a table, row by row where the terminal is too narrow for it, or a line where it has none.

    Returns:
        The exit status.
    """
    if not finished.rows:
        return say(otherwise)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    if _narrowest(finished) <= console.width:
        console.print(finished)
        return DONE
    for sheet in _sheets(finished):
        console.print(sheet)
        console.print()
    return DONE


def _narrowest(finished: Table) -> int:
    """Give the columns of a terminal in which no id and no time is broken."""
    rows = (_widths(row) for row in _cells(finished))
    widths: Iterator[tuple[int, ...]] = zip(*rows, strict=True)
    return sum(max(of_column) + _BETWEEN for of_column in widths) + 1


def _widths(row: tuple[Text, ...]) -> Iterator[int]:
    whole, *others = (cell.plain for cell in row)
    yield cell_len(whole)
    for text in others:
        yield min(_LONGEST, max(map(cell_len, text.split()), default=0))


def _cells(finished: Table) -> Iterator[tuple[Text, ...]]:
    """Give the rows, that of the names first."""
    yield tuple(Text(str(column.header)) for column in finished.columns)
    columns = [cast("list[Text]", list(column.cells)) for column in finished.columns]
    yield from zip(*columns, strict=True)


def _sheets(finished: Table) -> Iterator[Table]:
    """Write each row below each other, without what is empty."""
    names, *rows = _cells(finished)
    for row in rows:
        sheet = Table.grid(padding=(0, 2))
        for name, cell in zip(names, row, strict=True):
            if cell.plain:
                sheet.add_row(Text(name.plain, style="bold"), cell)
        yield sheet


def say(line: str) -> int:
    """Print a line; gives the exit status."""
    sys.stdout.write(f"{one_line(line)}\n")
    return DONE
