"""
`python -m bench`: all measurements, as one table.

Runs in the Python that the Lambdas run on, with requirements-bench.txt; the
routes and the laptop are measured in the Python of the tests. A missed budget
is shown and is no failure: what a machine does in a second is nobody's error.

    --quick         every measure once, to see that it works; nothing is written
    --instructions  count warm requests' instructions under valgrind too
    --suite         time the fast test suite too
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console

from bench import cold, house, laptop, packages, report, routes, sections, tally, warm
from bench.packages import Packages
from bench.report import Section

PAGE: Final = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_EVENTS: Final = {"GET": house.get_event(), "POST": house.post_event()}


class Effort(NamedTuple):
    """How often each thing is measured."""

    rounds: int
    turns: int
    records: int
    repeats: int
    runs: int


FULL: Final = Effort(rounds=20, turns=30, records=1000, repeats=5, runs=5)
QUICK: Final = Effort(rounds=1, turns=1, records=10, repeats=1, runs=1)


def main(arguments: Sequence[str]) -> int:
    """
    Measure, show and write.

    Returns:
        0.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    options = _parser().parse_args(arguments)
    console = Console()
    with tempfile.TemporaryDirectory() as directory, console.status("packaging"):
        built = packages.build(Path(directory))
        measured = _measured(built, options, console)
    report.show(measured, console)
    if not options.quick:
        report.write(measured, PAGE)
    return 0


def _measured(built: Packages, options: argparse.Namespace, console: Console) -> list[Section]:
    effort = QUICK if options.quick else FULL
    if options.instructions and shutil.which("valgrind") is None:
        console.print("There is no valgrind here: instructions are not counted.")
    console.log("cold starts")
    starts = cold.measure(built, effort.rounds)
    console.log("warm requests")
    warmed = {name: warm.measure(built, event, effort.turns) for name, event in _EVENTS.items()}
    counted = (
        {name: warm.instructions(built, event) for name, event in _EVENTS.items()}
        if options.instructions
        else {}
    )
    console.log("tally")
    paces = tally.measure(effort.records, effort.repeats)
    console.log("routes")
    costs = routes.measure(options.python)
    console.log("laptop")
    run = median(laptop.first_answer(options.python) for _ in range(effort.runs))
    return [
        sections.cold_starts(starts, built.zip_bytes),
        sections.warm_requests(warmed, counted),
        sections.tally_pace(paces),
        sections.route_costs(costs),
        sections.laptop(run, laptop.suite(options.python) if options.suite else None),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Plaudit.")
    parser.add_argument("--quick", action="store_true", help="everything once; write nothing")
    parser.add_argument("--instructions", action="store_true", help="count them under valgrind")
    parser.add_argument("--suite", action="store_true", help="time the fast test suite")
    parser.add_argument("--python", default=".venv/bin/python", help="the tests' Python")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
