"""
`python -m tools.plan STAGE --articles N --reads N --reviews N`: before it happens.

Prints what would be made or changed, what each Lambda may do and is told, and
what a month costs. Compares with the account if there are credentials; without,
everything is to be made. Changes nothing.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from botocore.exceptions import NoCredentialsError, NoRegionError
from rich.console import Console
from rich.table import Table

from chalicelib import metrics
from chalicelib.model import ReviewStatus
from chalicelib.rules.moderation import DECISIONS
from tools import environment, secrets
from tools.deployment import account, command, cost, planned, stack, stacks, wheels
from tools.deployment.cost import Traffic, Watch
from tools.deployment.planned import Function, There

_WIDTH: Final = 150
"""Columns where nobody watches: a file or a pipe."""


def main(arguments: Sequence[str]) -> int:
    """
    Print the plan.

    Returns:
        The exit status, as `tools.deployment.command` has it.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = command.parser("tools.plan", "Show what a deployment would do, and its cost.")
    parser.add_argument("--arch", choices=sorted(wheels.MACHINES), default="arm64")
    for name, default, what in (
        ("articles", 100, "articles there are"),
        ("reads", 100_000, "requests of readers in a month"),
        ("reviews", 1_000, "reviews submitted in a month"),
    ):
        parser.add_argument(f"--{name}", type=command.whole_number, default=default, help=what)
    given = parser.parse_args(arguments)
    traffic = Traffic(given.articles, given.reads, given.reviews)
    return command.run("tools.plan", lambda: show(given.stage, given.arch, traffic))


def show(stage: str, architecture: str, traffic: Traffic) -> None:
    """
    Print what would be made, allowed, told and paid.

    Raises:
        StageError: There is no such stage to deploy, or a setting of it is malformed.
        ClientError: AWS refuses; without credentials it is not asked.
    """
    environment.check(stage)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    there = _there(console, stage)
    if there is None or not there.is_one_stack:
        console.print(_resources(stage, architecture, there))
    functions = planned.functions(stage, there)
    for function in functions:
        console.print(_statements(function))
    console.print(_environment(functions))
    console.print(_costs(traffic, architecture))


def _there(console: Console, stage: str) -> There | None:
    try:
        where = account.current()
    except (NoCredentialsError, NoRegionError) as error:
        console.print(f"Not compared with an account: {error} Everything is to be made.")
        return None
    console.print(f"Compared with account {where.number} in {where.region}.")
    is_one_stack = stacks.find(stacks.whole_of(stage)) is not None
    if is_one_stack:
        console.print(
            f"{stage} is the one stack {stacks.whole_of(stage)}. CloudFormation itself shows its "
            "changes: add --no-execute-changeset to what make package prints."
        )
    missing = secrets.missing(stage)
    if missing:
        console.print(f"Missing secrets: {', '.join(missing)}. Run: make secrets STAGE={stage}")
    return There(where, stacks.outputs(stacks.tables_of(stage)) or {}, is_one_stack)


def _resources(stage: str, architecture: str, there: There | None) -> Table:
    table = _table("What would happen", "kind", "name", "fate", "what changes")
    for resource in planned.resources(stage, architecture, there):
        table.add_row(*resource)
    return table


def _statements(function: Function) -> Table:
    table = _table(f"What {function.name} may do", "statement", "actions", "resources", "only for")
    for statement in function.policy:
        condition = statement.get("Condition")
        table.add_row(
            statement["Sid"],
            _lines(statement["Action"]),
            _lines(statement["Resource"]),
            json.dumps(condition) if condition else "",
        )
    return table


def _environment(functions: list[Function]) -> Table:
    names = ", ".join(function.name for function in functions)
    table = _table(f"What {names} are told", "name", "value")
    for name, value in sorted(functions[0].environment.items()):
        table.add_row(name, value)
    return table


def _costs(traffic: Traffic, architecture: str) -> Table:
    kinds = [described["Type"] for described in stack.tables()["Resources"].values()]
    watch = Watch(
        # One of them is counted for each status of a review.
        metrics=len(metrics.UNITS) - 1 + len({ReviewStatus.PENDING, *DECISIONS.values()}),
        alarms=kinds.count("AWS::CloudWatch::Alarm"),
        dashboards=kinds.count("AWS::CloudWatch::Dashboard"),
    )
    lines = list(cost.estimate(traffic, watch, architecture))
    title = (
        f"A month with {traffic.articles:,} articles, {traffic.reads:,} reads and "
        f"{traffic.reviews:,} reviews, us-east-1, before free tiers and taxes"
    )
    table = _table(title, "what", "how much", "price's source")
    table.add_column("dollars", justify="right")
    for line in lines:
        table.add_row(line.what, line.arithmetic, line.source, f"{line.dollars:,.3f}")
    table.add_section()
    table.add_row("Sum", "", "", f"{sum(line.dollars for line in lines):,.3f}")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _lines(texts: Any) -> str:
    return texts if isinstance(texts, str) else "\n".join(texts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
