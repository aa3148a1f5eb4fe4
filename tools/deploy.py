"""
`python -m tools.deploy STAGE [--arch ARCH] [--adopt] [--url URL]`: `chalice deploy`, and the rest.

Needs the tables' stack and the secrets. Deploys the staged project, then sets
what Chalice cannot say where it differs, then asks the API whether it is up,
and prints its address. Run again it changes nothing, but that Chalice uploads
the same code and deploys the same API once more.

    --adopt   make Chalice's lost memory anew from what is in the account
    --url     ask there, if readers do (a domain of your own)
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tools import environment, interpreter, secrets, smoke
from tools.deployment import (
    account,
    chalice_cli,
    command,
    event_source,
    gateway,
    log_groups,
    stacks,
    staging,
    state,
    wheels,
)
from tools.deployment.account import Account
from tools.deployment.command import RefusedError


class Options(NamedTuple):
    """What the command line says."""

    stage: str
    arch: str = "arm64"
    adopt: bool = False
    url: str | None = None
    fallback: bool = False
    build: Path = staging.BUILD
    memory: Path = state.DIRECTORY


def main(arguments: Sequence[str]) -> int:
    """
    Deploy.

    Returns:
        The exit status, as `tools.deployment.command` has it.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    parser = command.parser("tools.deploy", "Deploy a stage's functions and API with Chalice.")
    parser.add_argument("--arch", choices=sorted(wheels.MACHINES), default="arm64")
    parser.add_argument("--adopt", action="store_true", help="take over what Chalice forgot")
    parser.add_argument("--url", help="where to ask whether it is up, if not at API Gateway's")
    parser.add_argument(
        "--fallback", action="store_true", help="take this Python, for a trial that is not deployed"
    )
    parser.add_argument("--build", type=Path, default=staging.BUILD, help="where to work")
    parser.add_argument(
        "--memory", type=Path, default=state.DIRECTORY, help="where Chalice keeps it"
    )
    options = Options(**vars(parser.parse_args(arguments)))
    return command.run("tools.deploy", lambda: deploy(options))


def deploy(options: Options) -> None:
    """
    Deploy a stage.

    Raises:
        StageError: There is no such stage to deploy, or a setting of it is malformed.
        RefusedError: Tables or secrets are missing, Chalice's memory is of
            something else, or the API did not come up.
        ChaliceError: Chalice failed.
        WheelError: A pinned wheel cannot be had.
        InterpreterError: This is not the Lambdas' Python.
    """
    settings = staging.settings(options.stage)
    environment.check(options.stage)
    if not options.fallback:
        interpreter.require()
    where = account.current()
    tables = _prepared(options.stage)
    if options.adopt:
        state.adopt(options.stage, where, options.memory)
    state.check(options.stage, where, options.memory)
    state.leave_other_streams(options.stage, tables["ContentStreamArn"], options.memory)
    if log_groups.ensure(options.stage, settings["log_retention_in_days"]):
        command.say(f"logs of the API: {log_groups.of_api(options.stage)}")
    _with_chalice(options, where, tables)
    for name in state.STREAM_READERS:
        function = where.function(state.worker_function(options.stage, name))
        wanted = event_source.wanted(name, tables["TallyFailuresArn"])
        event_source.report(name, event_source.apply(function, wanted, tables["ContentStreamArn"]))
    api = state.api_id(options.stage, options.memory)
    gateway.report(gateway.apply(api, options.stage, settings["api_gateway_stage"]))
    url = state.url(options.stage, options.memory)
    try:
        smoke.check(options.url or url, stage=options.stage, release=staging.release())
    finally:
        command.say(url)


def _prepared(stage: str) -> dict[str, str]:
    """Give the outputs of the tables' stack, if everything is there that a deployment needs."""
    whole = stacks.whole_of(stage)
    if stacks.find(whole) is not None:
        msg = f"{stage} is the one stack {whole}: run make package STAGE={stage} and what it prints"
        raise RefusedError(msg)
    tables = stacks.outputs(stacks.tables_of(stage))
    if tables is None:
        msg = f"there is no stack {stacks.tables_of(stage)}; run: make tables STAGE={stage}"
        raise RefusedError(msg)
    missing = secrets.missing(stage)
    if missing:
        msg = f"no {' and no '.join(missing)} in Parameter Store; run: make secrets STAGE={stage}"
        raise RefusedError(msg)
    return tables


def _with_chalice(options: Options, where: Account, tables: Mapping[str, str]) -> None:
    arns = {placeholder: tables[output] for placeholder, output in stacks.PLACEHOLDERS.items()}
    project = staging.stage(
        options.stage,
        architecture=options.arch,
        policies={**where.placeholders(options.stage), **arns},
        content_stream_arn=tables["ContentStreamArn"],
        build=options.build,
    )
    state.lend(project, options.memory)
    # Named outright: a region of the profile must not lose against a default.
    region = {"AWS_REGION": where.region, "AWS_DEFAULT_REGION": where.region}
    command.say(
        chalice_cli.run(project, "deploy", "--stage", options.stage, environ=region).strip()
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
