"""
`python -m tools.tables STAGE`: the stack of a stage's tables, queue and alarms.

Creates it or brings it up to date, and prints its outputs. Run again it
changes nothing. The functions are deployed on it by `tools.deploy`.
"""

import sys
from collections.abc import Sequence

import boto3
from botocore.exceptions import ClientError

from tools.deployment import command, stack, stacks, staging
from tools.deployment.command import PATIENT, RefusedError


def main(arguments: Sequence[str]) -> int:
    """
    Make the stack.

    Returns:
        The exit status, as `tools.deployment.command` has it.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = command.parser("tools.tables", "Make the tables, the queue and the alarms of a stage.")
    parser.add_argument(
        "--alarm-email", metavar="ADDRESS", help="who is written to; as before unless told"
    )
    given = parser.parse_args(arguments)
    return command.run("tools.tables", lambda: make(given.stage, given.alarm_email))


def make(stage: str, alarm_email: str | None = None) -> None:
    """
    Make or update the stack `plaudit-<stage>-tables`.

    Args:
        alarm_email: Address that alarms write to, "" for none. None leaves it
            as it was.

    Raises:
        StageError: There is no such stage to deploy.
        RefusedError: The stage is one stack, its tables belong to no stack, or
            CloudFormation failed.
    """
    staging.settings(stage)
    name = stacks.tables_of(stage)
    if stacks.find(stacks.whole_of(stage)) is not None:
        msg = f"{stage} is the one stack {stacks.whole_of(stage)}, which has its own tables"
        raise RefusedError(msg)
    template = stack.tables()
    if stacks.find(name) is None:
        _refuse_orphans(stage)
    parameters = {"Stage": stage}
    if alarm_email is not None:
        parameters["AlarmEmail"] = alarm_email
    changed = stacks.put(name, template, parameters)
    command.say(f"{name}: {'done' if changed else 'nothing to change'}")
    for key, value in sorted((stacks.outputs(name) or {}).items()):
        command.say(f"  {key}  {value}")


def _refuse_orphans(stage: str) -> None:
    """Refuse to make tables that are there: those of a stack that was deleted are kept."""
    kept = [table for table in table_names(stage) if exists(table)]
    if kept:
        msg = (
            f"{' and '.join(kept)} exist without a stack, as after make destroy or a failed first "
            "attempt. "
            f"Bring them back into {stacks.tables_of(stage)} by CloudFormation's import of "
            "existing resources, or, if nothing in them is needed, run: "
            + "; ".join(map(_deletion, kept))
        )
        raise RefusedError(msg)


def _deletion(table: str) -> str:
    name = f"--table-name {table}"
    return (
        f"aws dynamodb update-table {name} --no-deletion-protection-enabled; "
        f"aws dynamodb delete-table {name}"
    )


def table_names(stage: str) -> list[str]:
    """Name both tables of a stage."""
    resources = stack.tables()["Resources"]
    named = (
        resources[table]["Properties"]["TableName"] for table in ("ContentTable", "DerivedTable")
    )
    return [name["Fn::Sub"].replace("${Stage}", stage) for name in named]


def exists(table: str) -> bool:
    """Say whether there is a table of this name."""
    client = boto3.client("dynamodb", config=PATIENT)
    try:
        client.describe_table(TableName=table)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
