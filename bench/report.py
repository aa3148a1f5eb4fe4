"""The figures as one table: on the terminal, and in `docs/benchmarks.md` between two marks."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

BEGIN: Final = "<!-- figures: written by make bench -->"
END: Final = "<!-- end of figures -->"

_COLUMNS: Final = ("", "figure", "compared", "budget")
_DISTRIBUTIONS: Final = (
    *("awslambdaric", "boto3", "botocore", "chalice", "pydantic"),
    *("aws-lambda-powertools", "fastapi", "mangum"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One figure.

    Attributes:
        figure: With its unit.
        compared: With what, as a ratio; empty for a figure on its own.
        budget: What it may be at most; empty without one.
        is_met: Whether the budget is kept; None without one.
    """

    what: str
    figure: str
    compared: str = ""
    budget: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """The budget, and whether it is kept."""
        if self.is_met is None:
            return self.budget
        return f"{self.budget}: {'kept' if self.is_met else 'MISSED'}"

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as it is shown."""
        return self.what, self.figure, self.compared, self.verdict


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that were measured in one way, which `method` says in a sentence."""

    title: str
    method: str
    rows: Sequence[Row]


def show(sections: Sequence[Section], console: Console) -> None:
    """Print the table, and below it how each part was measured."""
    table = Table(*_COLUMNS, show_edge=False)
    for section in sections:
        table.add_section()
        table.add_row(section.title, style="bold")
        for row in section.rows:
            table.add_row(*row.cells, style="red" if row.is_met is False else None)
    console.print(table)
    for section in sections:
        console.print(f"\n[bold]{section.title}[/bold]: {section.method}")
    console.print(f"\n{machine()}")


def write(sections: Sequence[Section], page: Path) -> None:
    """
    Put the figures between the page's marks; what is around them stays.

    Raises:
        ValueError: The page lacks a mark.
    """
    before, _, rest = page.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        msg = f"{page} has no place for figures: {BEGIN} … {END}"
        raise ValueError(msg)
    parts = [BEGIN, machine(), *(_markdown(section) for section in sections), END]
    page.write_text(before + "\n\n".join(parts) + after)


def machine() -> str:
    """Say where and with what was measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in _DISTRIBUTIONS)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, "
        f"{os.getloadavg()[0]:.1f} busy; {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}; {versions}."
    )


def _markdown(section: Section) -> str:
    lines = [f"### {section.title}", "", section.method, ""]
    lines += [_line(_COLUMNS), _line(("---", "---:", "---:", "---"))]
    lines += [_line(row.cells) for row in section.rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"
