"""
`python -m bench.hot_article`: a storm of reviews of one article, on paper.

Takes a ladder of configurations, from today's to one that bears the rate, and
prints for each what is accepted, how the tally keeps up, what it costs and
which limit binds. The same arguments print the same table. No AWS: the limits
are those of `simulation_intake` and `simulation_tally`, explained in
docs/scale.md.
"""

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench import simulation_intake, simulation_tally
from bench.simulation_intake import SUBMISSION, Intake, Settings, take_in
from bench.simulation_tally import Outcome, TallySimulation
from tools.deployment.cost import PRICES

DOLLARS: Final = {name: price.dollars / price.per for name, price in PRICES.items()}
"""Of one unit: those of `make plan`."""
MEMORY: Final = 0.5
"""GB of the API's containers."""
LOGGED: Final = 1.2e-6
"""GB of log of one POST: 0.9 KB are ours, measured; the rest are Lambda's own lines, assumed."""
_KEEPS_UP: Final = 3.0
"""Seconds after the last review; the event source's window is one of them."""

HEADER: Final = (
    "configuration", "accepted/s", "throttled/s", "conflicted/s", "backlog", "iterator age s",
    "lag p50 s", "p99 s", "max s", "drain s", "write units/review", "tables $/h", "all $/h",
    "bottleneck",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration and what became of it."""

    settings: Settings
    intake: Intake
    outcome: Outcome

    @property
    def bottleneck(self) -> str:
        """The limit that bound the intake and, if it fell behind, the one that bound the tally."""
        caps = simulation_tally.limits(self.settings)
        behind = self.outcome.drained > _KEEPS_UP
        bounds = [self.intake.bottleneck, min(caps, key=lambda cap: caps[cap]) if behind else ""]
        return ", then ".join(bound for bound in bounds if bound) or "none"

    @property
    def units(self) -> float:
        """Write units for each accepted review, what was refused on the way included."""
        return self.intake.units / self.intake.accepted + self.outcome.units / self.outcome.accepted

    @property
    def tables(self) -> float:
        """Dollars for an hour of both tables, at the rates of this run."""
        seconds = self.settings.minutes * 60 + self.outcome.drained
        written = self.intake.units + self.outcome.units / seconds
        read = self.outcome.read_units / seconds
        return 3600 * (written * DOLLARS["write"] + read * DOLLARS["read"])

    def cells(self) -> tuple[str, ...]:
        """Give the row as the table prints it."""
        intake, outcome = self.intake, self.outcome
        return (
            self.settings.name,
            f"{intake.accepted:.0f}",
            f"{intake.throttled:.0f}",
            f"{intake.conflicted:.0f}",
            f"{outcome.peak_backlog}",
            f"{outcome.iterator_age:.1f}",
            *(f"{outcome.lag(share):.1f}" for share in (0.5, 0.99, 1)),
            f"{outcome.drained:.0f}",
            f"{self.units:.1f}",
            f"{self.tables:.0f}",
            f"{self.tables + sum(requests(self.settings).values()):.0f}",
            self.bottleneck,
        )


def requests(settings: Settings) -> dict[str, float]:
    """
    Say what an hour of the requests costs in dollars, the tables aside.

    What API Gateway refuses costs nothing; what Lambda has no container for
    costs a request of API Gateway and nothing else.
    """
    passed = min(settings.rate, settings.gateway)
    run = min(passed, settings.concurrency / SUBMISSION)
    call = DOLLARS["invocation"] + SUBMISSION * MEMORY * DOLLARS["arm64"]
    return {
        "API Gateway": 3600 * passed * DOLLARS["api"],
        "Lambda": 3600 * run * call,
        "logs": 3600 * run * LOGGED * DOLLARS["logs"],
    }


def ladder(rate: int, minutes: float) -> Iterator[Settings]:
    """Turn one knob after the other, each time the one that binds."""
    settings = Settings("today", rate=rate, minutes=minutes)
    yield settings
    for name, knobs in (
        ("+ gate read, not checked", {"gates": 0}),
        ("+ 32 partitions", {"shards": 32}),
        ("+ 1 tally worker", {"workers": 1}),
        ("+ 16 index suffixes", {"suffixes": 16}),
        ("+ 3000 containers", {"concurrency": 3_000}),
        ("+ 64 tally shards, a worker each", {"tally_shards": 64, "workers": 0}),
    ):
        settings = replace(settings, name=name, **knobs)
        yield settings


def play(settings: Settings, seed: int) -> Row:
    """
    Play one configuration.

    Raises:
        RuntimeError: Not as many reviews are counted as were accepted.
    """
    intake = take_in(settings)
    outcome = TallySimulation(settings, intake.accepted, seed).run()
    if outcome.counted != outcome.accepted:
        raise RuntimeError(f"{outcome.accepted} accepted, {outcome.counted} counted")
    return Row(settings, intake, outcome)


def table(rows: Sequence[Row]) -> str:
    """Write the rows as a Markdown table."""
    lines = [HEADER, ("---", *["--:"] * (len(HEADER) - 2), "---"), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def limits(first: Settings, last: Settings) -> str:
    """Write what each limit lets through, before and after, as a Markdown table."""
    before, after = (
        {"gate conflicts": _gate_conflicts(settings)}
        | simulation_intake.limits(settings)
        | simulation_tally.limits(settings)
        for settings in (first, last)
    )
    lines = [("reviews per second", first.name, "at the end"), ("---", "--:", "--:")]
    lines += [(name, f"{before[name]:.0f}", f"{after[name]:.0f}") for name in before]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("inf", "none")


def _gate_conflicts(settings: Settings) -> float:
    return simulation_intake.sustained(settings) if settings.gates else math.inf


def main(arguments: Sequence[str]) -> int:
    """Print the ladder, or the one configuration that was asked for."""
    asked = _parser().parse_args(arguments)
    knobs = {
        name: value
        for name in ("gates", "shards", "suffixes", "concurrency", "gateway", "tally_shards",
                     "parallelization", "batch", "workers")
        if (value := getattr(asked, name)) is not None
    }  # fmt: skip
    steps: list[Settings] = list(ladder(asked.rate, asked.minutes))
    if knobs:
        steps = [steps[0], replace(steps[0], name="as asked", **knobs)]
    rows = [play(settings, asked.seed) for settings in steps]
    sys.stdout.write(f"{table(rows)}\n\n{limits(steps[0], steps[-1])}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.hot_article", description=__doc__)
    parser.add_argument("--rate", type=int, default=10_000, help="submissions per second")
    parser.add_argument(
        "--minutes", type=float, default=0.5, help="of the burst; ten of them take a minute to play"
    )
    parser.add_argument("--seed", type=int, default=1)
    for knob, meaning in (
        ("gates", "copies of the gate; 0 = read, not checked"),
        ("shards", "partitions of the article's rows and of the stream"),
        ("suffixes", "keys of the article in each public index"),
        ("concurrency", "containers of the API"),
        ("gateway", "requests per second of the account"),
        ("tally-shards", "rows that the tally is the sum of"),
        ("parallelization", "batches of a stream shard at once"),
        ("batch", "most records in an invocation"),
        ("workers", "containers of the tally; 0 = one for every lane"),
    ):
        parser.add_argument(f"--{knob}", type=int, help=meaning)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
