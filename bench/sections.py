"""What each measure's figures mean: its method in a sentence, its rows, its budgets."""

from collections.abc import Mapping, Sequence
from typing import Final

from bench import cold
from bench.cold import Starts
from bench.report import Row, Section
from bench.routes import Route
from bench.tally import Pace
from bench.warm import Warm

COLD_RATIO: Final = 1.25
WARM_RATIO: Final = 1.3
ZIP_MB: Final = 6
UNITS_ALONE: Final = 4
UNITS_BATCHED: Final = 2.2
RUN_SECONDS: Final = 3
TEST_SECONDS: Final = 60
ROUND_TRIPS: Final = {
    "GET /articles": 2,
    "GET /articles/{slug}": 1,
    "GET /articles/{slug}/reviews": 1,
    "POST /articles/{slug}/reviews": 3,
}
_PEERS: Final = (cold.POWERTOOLS, cold.FASTAPI)


def cold_starts(taken: Starts, zip_bytes: int) -> Section:
    """Give the cold starts and the zip."""
    rounds = len(taken[cold.OURS])
    megabytes = zip_bytes / 1_000_000
    return Section(
        "Cold start",
        "From the start of a process of Lambda's own runtime client (awslambdaric, against a stub "
        "of the Runtime API) to the posted answer of its first invocation, GET /articles/{slug}, "
        "with DynamoDB a stub on the loopback; all packaged alike, in turns; medians of "
        f"{rounds} rounds, by the clock and of processor time, and of the rounds' ratios to the "
        "bare handler.",
        [
            *(_cold_row(taken, name) for name in taken),
            Row(
                "deployment zip",
                f"{megabytes:.2f} MB",
                budget=f"{ZIP_MB} MB",
                is_met=megabytes <= ZIP_MB,
            ),
        ],
    )


def _cold_row(taken: Starts, name: str) -> Row:
    typical, ratio = cold.typical(taken[name]), cold.ratio(taken, name, cold.BARE)
    budget, is_met = "", None
    if name == cold.OURS:
        budget = f"{COLD_RATIO} × bare, ahead of both peers"
        ahead = all(cold.ratio(taken, name, peer).cpu < 1 for peer in _PEERS)
        is_met = ratio.cpu <= COLD_RATIO and ahead
    elif name == cold.TALLY:
        against = cold.ratio(taken, name, cold.OURS)
        budget = f"below the API's ({against.elapsed:.2f} ×, CPU {against.cpu:.2f} ×)"
        is_met = against.elapsed < 1
    return Row(
        name,
        f"{typical.elapsed:.0f} ms, CPU {typical.cpu:.0f} ms",
        f"{ratio.elapsed:.2f} ×, CPU {ratio.cpu:.2f} ×",
        budget,
        is_met,
    )


def warm_requests(
    measured: Mapping[str, Mapping[str, Warm]], counted: Mapping[str, Mapping[str, float]]
) -> Section:
    """
    Give the warm requests.

    Args:
        measured: By method, then by contender.
        counted: Millions of instructions likewise; empty where they were not counted.
    """
    return Section(
        "Warm request",
        "Processor time from Lambda's event to the handler's answer, in process, DynamoDB answered "
        "below botocore's HTTP; contenders in turns of 100 invocations; medians, and ratios to the "
        "bare handler of each turn, by which the budget is judged. Instructions are callgrind's, "
        "150 invocations less 50, when Python has long specialised its code, where "
        "`--instructions` asks for them.",
        [
            _warm_row(method, name, warm, counted.get(method, {}))
            for method, by_name in measured.items()
            for name, warm in by_name.items()
        ],
    )


def _warm_row(method: str, name: str, warm: Warm, counted: Mapping[str, float]) -> Row:
    figure, compared = f"{warm.microseconds:.0f} µs", f"{warm.ratio:.2f} ×"
    if name in counted:
        figure += f", {counted[name]:.2f} M instructions"
        compared += f", instructions {counted[name] / counted[cold.BARE]:.2f} ×"
    is_budgeted = name == cold.OURS
    return Row(
        f"{method}: {name}",
        figure,
        compared,
        f"{WARM_RATIO} × bare" if is_budgeted else "",
        warm.ratio <= WARM_RATIO if is_budgeted else None,
    )


def tally_pace(paces: Sequence[Pace]) -> Section:
    """Give the tally worker's pace and price."""
    return Section(
        "Tally",
        "Records of new reviews in batches through the worker, in process, with a derived table "
        "that applies its transactions at once below botocore; records in a second of processor "
        "time, the table's own taken out, and write units of the table by DynamoDB's rules, with "
        "those of the ranking index; compared is the pace with that on ten reviews.",
        [_pace_row(pace, paces) for pace in paces],
    )


def _pace_row(pace: Pace, paces: Sequence[Pace]) -> Row:
    smallest = next(one for one in paces if one.batch == pace.batch)
    limit = {1: UNITS_ALONE, 100: UNITS_BATCHED}.get(pace.batch)
    return Row(
        f"{pace.reviews:,} reviews, batch of {pace.batch}",
        f"{pace.records_per_second:,.0f} records/s, "
        f"{pace.table_units:.2f} + {pace.index_units:.2f} units each",
        f"{pace.records_per_second / smallest.records_per_second:.2f} ×",
        f"{limit} units" if limit else "",
        pace.table_units <= limit if limit else None,
    )


def route_costs(routes: Sequence[Route]) -> Section:
    """Give what each route costs."""
    return Section(
        "Routes",
        "Each request on moto, 25 articles with 5 KB of Markdown and 25 reviews of 300 characters "
        "on one; round trips counted, units by DynamoDB's documented rules (tests/metering.py), "
        "dollars of DynamoDB for a million requests at on-demand prices of us-east-1.",
        [_route_row(route) for route in routes],
    )


def _route_row(route: Route) -> Row:
    limit = ROUND_TRIPS.get(route.name)
    plural = "" if route.round_trips == 1 else "s"
    return Row(
        f"`{route.name}`",
        f"{route.round_trips} round trip{plural}, {route.read:g} read, {route.write} write units",
        f"${route.dollars:.2f} a million",
        f"{limit} round trip{'' if limit == 1 else 's'}" if limit else "",
        route.round_trips <= limit if limit else None,
    )


def laptop(run: float, test: float | None) -> Section:
    """Give what a developer waits for; `test` is None where it was not asked for."""
    rows = [
        Row("make run", f"{run:.1f} s", "", f"{RUN_SECONDS} s", run <= RUN_SECONDS),
    ]
    if test is not None:
        rows.append(
            Row("make test", f"{test:.0f} s", "", f"{TEST_SECONDS} s", test <= TEST_SECONDS)
        )
    return Section(
        "Laptop",
        "By the clock, installed: from the start of the local server's process to the first "
        "article it serves, the median of several starts; and the fast suite once, where "
        "`--suite` asks for it.",
        rows,
    )
