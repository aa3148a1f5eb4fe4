"""
What each route costs: round trips, units, dollars for a million requests.

`python -m bench.routes`, in the Python of the tests, prints JSON: the suite's
meter stands on moto, which the Lambdas' Python does not have. The house is the
suite's typical one, with 25 articles and 25 reviews on the one that is read.
"""

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

from bench.prices import dollars_per_million

ROOT: Final = Path(__file__).parent.parent


class Route(NamedTuple):
    """
    One request.

    Attributes:
        write: Units of tables and indexes.
        dollars: For a million of it, DynamoDB alone.
    """

    name: str
    round_trips: int
    read: float
    write: int
    dollars: float


def measure(python: str) -> list[Route]:
    """
    Ask the tests' Python.

    Args:
        python: Path of its executable.
    """
    done = subprocess.run(  # noqa: S603 - our own module
        [python, "-m", "bench.routes"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    # The local gateway prints each request before.
    return [Route(*row) for row in json.loads(done.stdout.splitlines()[-1])]


def main() -> None:
    """Print the routes."""
    # What only this Python has is imported here; the suite's conftest sets the environment.
    from app import app  # noqa: PLC0415
    from bench import visit  # noqa: PLC0415
    from tests import moto_tables  # noqa: PLC0415
    from tests.billing import Bill  # noqa: PLC0415
    from tests.client import Api  # noqa: PLC0415

    bill = Bill()
    # Log lines are not what is printed.
    logging.disable()
    with moto_tables.opened():
        visit.pay(Api(app), bill)
    routes = [
        Route(
            name,
            len(cost.operations.split()),
            cost.read,
            cost.table + cost.indexes,
            dollars_per_million(cost.read, cost.table + cost.indexes),
        )
        for name, cost in bill.costs.items()
    ]
    sys.stdout.write(json.dumps(routes) + "\n")


if __name__ == "__main__":
    main()
