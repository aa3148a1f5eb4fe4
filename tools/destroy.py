"""
`python -m tools.destroy STAGE`: a stage's functions, API, logs and stack go.

Asks for the stack's name to be typed. Refuses while a table is protected
against deletion. Tables keep their rows even then (`DeletionPolicy: Retain`),
and secrets stay where they are; what is left is said at the end.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import boto3
from botocore.exceptions import ClientError

from tools import secrets, tables
from tools.deployment import account, chalice_cli, command, log_groups, stacks, staging, state
from tools.deployment.account import Account
from tools.deployment.command import PATIENT, RefusedError

_APP: Final = "from chalice.app import Chalice\n\napp = Chalice(app_name='plaudit')\n"


def main(arguments: Sequence[str]) -> int:
    """
    Ask, then destroy.

    Returns:
        The exit status, as `tools.deployment.command` has it.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = command.parser("tools.destroy", "Remove a stage, but its rows and secrets.")
    parser.add_argument(
        "--memory", type=Path, default=state.DIRECTORY, help="where Chalice keeps it"
    )
    given = parser.parse_args(arguments)
    return command.run("tools.destroy", lambda: destroy(given.stage, given.memory))


def destroy(
    stage: str, memory: Path = state.DIRECTORY, ask: Callable[[], str] = sys.stdin.readline
) -> None:
    """
    Remove a stage.

    Args:
        ask: Gives the line that a person types.

    Raises:
        StageError: There is no such stage to deploy.
        RefusedError: The name was not typed, a table is protected, or Chalice's
            memory is lost or of something else.
        ChaliceError: Chalice failed.
    """
    staging.settings(stage)
    where = account.current()
    is_whole = stacks.find(stacks.whole_of(stage)) is not None
    name = stacks.whole_of(stage) if is_whole else stacks.tables_of(stage)
    if not is_whole:
        state.check(stage, where, memory)
    _refuse_protected(stage)
    command.say(f"This removes {stage} from account {where.number} in {where.region}.")
    command.say(f"Type {name} to go on:")
    if ask().strip() != name:
        msg = "that is another name; nothing was removed"
        raise RefusedError(msg)
    if not is_whole and state.recorded(stage, memory):
        _with_chalice(stage, where, memory)
        log_groups.delete(stage)
    stacks.delete(name)
    command.say(f"{name}: gone")
    _tell_what_is_left(stage)


def _refuse_protected(stage: str) -> None:
    protected = [table for table in tables.table_names(stage) if _is_protected(table)]
    if protected:
        switches = "".join(
            f"\n  aws dynamodb update-table --table-name {table} --no-deletion-protection-enabled"
            for table in protected
        )
        named = " and ".join(protected)
        msg = f"protected against deletion: {named}. To switch that off, run:{switches}"
        raise RefusedError(msg)


def _is_protected(table: str) -> bool:
    try:
        described = boto3.client("dynamodb", config=PATIENT).describe_table(TableName=table)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return described["Table"].get("DeletionProtectionEnabled", False)


def _with_chalice(stage: str, where: Account, memory: Path) -> None:
    """Have Chalice delete what it remembers; of the app it asks only that it can be imported."""
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory)
        (project / ".chalice").mkdir()
        (project / ".chalice" / "config.json").write_text(json.dumps(staging.settings(stage)))
        (project / "app.py").write_text(_APP)
        state.lend(project, memory)
        region = {"AWS_REGION": where.region, "AWS_DEFAULT_REGION": where.region}
        said = chalice_cli.run(project, "delete", "--stage", stage, environ=region)
        command.say(said.strip())
    state.forget(stage, memory)


def _tell_what_is_left(stage: str) -> None:
    for table in tables.table_names(stage):
        if tables.exists(table):
            command.say(f"kept: table {table}  (aws dynamodb delete-table --table-name {table})")
    path = secrets.path_of(stage)
    for name in sorted(secrets.present(boto3.client("ssm", config=PATIENT), path)):
        command.say(f"kept: secret {path}/{name}  (aws ssm delete-parameter --name {path}/{name})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
