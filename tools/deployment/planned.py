"""
What a deployment would make or change, beside what there is.

Nothing is packaged for that: whether the code differs is not known, and Chalice
uploads it anyway.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import boto3
from botocore.exceptions import ClientError

from tools.deployment import (
    event_source,
    gateway,
    log_groups,
    stack,
    stacks,
    staging,
    state,
    templates,
)
from tools.deployment.account import Account
from tools.deployment.command import PATIENT
from tools.deployment.templates import Template

CREATE: Final = "create"
CHANGE: Final = "change"
KEEP: Final = "as it is"
DELETE: Final = "delete"
LEAVE: Final = "leave, it keeps its rows"

RUNTIME: Final = "python3.13"
_MISSING: Final = frozenset({"ResourceNotFoundException", "NoSuchEntity", "NotFoundException"})


class Resource(NamedTuple):
    """One resource, what would happen to it, and which settings would change."""

    kind: str
    name: str
    fate: str
    changes: str = ""


class Function(NamedTuple):
    """A Lambda as it is wanted; `policy` are the statements of its role."""

    name: str
    role: str
    memory_mb: int
    timeout_seconds: int
    environment: dict[str, str]
    policy: list[dict[str, Any]]


class There(NamedTuple):
    """
    The account as it is.

    Attributes:
        tables: Outputs of the tables' stack, none before it is made.
        is_one_stack: The stage is deployed by CloudFormation, functions and all.
    """

    account: Account
    tables: Mapping[str, str]
    is_one_stack: bool = False


def functions(stage: str, there: There | None) -> list[Function]:
    """Give the Lambdas of a stage."""
    settings, values = staging.settings(stage), _values(stage, there)
    environment = {
        **settings["stages"][stage]["environment_variables"],
        "RELEASE": staging.release(),
        "CONTENT_STREAM_ARN": values["ContentTable.StreamArn"],
    }
    return [
        Function(
            state.api_function(stage) + ("" if name == "api_handler" else f"-{name}"),
            f"plaudit-{stage}-{name}",
            special.get("lambda_memory_size", settings["lambda_memory_size"]),
            special.get("lambda_timeout", settings["lambda_timeout"]),
            environment,
            _policy(special["iam_policy_file"], values),
        )
        for name, special in settings["lambda_functions"].items()
    ]


def resources(
    stage: str, architecture: str, there: There | None, memory: Path = state.DIRECTORY
) -> Iterator[Resource]:
    """Give every resource of a stage that Chalice deploys."""
    yield from of_tables(stage, stacks.template_of(stacks.tables_of(stage)) if there else None)
    for function in functions(stage, there):
        found = _role(function.role) if there else None
        yield Resource("IAM role", function.role, _fate(found, function.policy))
        yield _of_function(function, architecture, there)
    for group in log_groups.names(stage):
        kept = there is not None and log_groups.exists(group)
        yield Resource("log group", group, KEEP if kept else CREATE)
    for name in state.SCHEDULED:
        rule = f"{state.worker_function(stage, name)}-event"
        yield Resource("schedule", rule, KEEP if there and _has_rule(rule) else CREATE)
    for reader in state.STREAM_READERS:
        yield _of_event_source(stage, reader, there)
    yield from _of_api(stage, there, memory)


def of_tables(stage: str, deployed: Template | None) -> Iterator[Resource]:
    """Compare the tables' template with the one that is deployed."""
    wanted = stack.tables()["Resources"]
    there = deployed["Resources"] if deployed else {}
    for name, described in wanted.items():
        fate = _fate(there.get(name), described)
        kind = described["Type"].removeprefix("AWS::").replace("::", " ")
        changes = [] if fate != CHANGE else _different(described, there[name])
        yield Resource(kind, _physical(name, described, stage), fate, ", ".join(changes))
    for name in there.keys() - wanted.keys():
        kept = there[name].get("DeletionPolicy") == "Retain"
        yield Resource(there[name]["Type"], name, LEAVE if kept else DELETE)


def _of_function(function: Function, architecture: str, there: There | None) -> Resource:
    found = _configuration(function.name) if there else None
    if found is None:
        return Resource("Lambda", function.name, CREATE)
    wanted: dict[str, Any] = {
        "Runtime": RUNTIME,
        "Architectures": [architecture],
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout_seconds,
    }
    changes = [
        f"{key} {found.get(key)} to {value}"
        for key, value in wanted.items()
        if found.get(key) != value
    ]
    has = found.get("Environment", {}).get("Variables", {})
    names = sorted(has.keys() | function.environment.keys())
    changes += [name for name in names if has.get(name) != function.environment.get(name)]
    return Resource("Lambda", function.name, CHANGE if changes else KEEP, ", ".join(changes))


def _of_event_source(stage: str, reader: str, there: There | None) -> Resource:
    name = f"plaudit-{stage}-content to {state.worker_function(stage, reader)}"
    if there is None or not there.tables:
        return Resource("event source", name, CREATE)
    function = there.account.function(state.worker_function(stage, reader))
    found = event_source.find(function, there.tables["ContentStreamArn"])
    if found is None:
        return Resource("event source", name, CREATE)
    wanted = event_source.wanted(reader, there.tables["TallyFailuresArn"])
    changes = event_source.differing(wanted, found)
    fate = CHANGE if changes else KEEP
    return Resource("event source", name, fate, ", ".join(sorted(changes)))


def _of_api(stage: str, there: There | None, memory: Path) -> Iterator[Resource]:
    known = there is not None and bool(state.recorded(stage, memory))
    yield Resource("REST API", f"plaudit, stage {stage}", KEEP if known else CREATE)
    wanted = sorted(gateway.wanted(stage))
    causes = gateway.differing(state.api_id(stage, memory), stage) if known else wanted
    fate = (CHANGE if causes else KEEP) if known else CREATE
    yield Resource("gateway answers", f"{len(wanted)} causes", fate, ", ".join(causes))


def _policy(name: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
    policy = json.loads((staging.ROOT / ".chalice" / name).read_text())
    statements: list[dict[str, Any]] = templates.filled(policy, values)["Statement"]
    return statements


def _values(stage: str, there: There | None) -> dict[str, str]:
    """Give what the placeholders stand for; what only AWS knows is named in capitals."""
    where = there.account if there else Account("ACCOUNT", "REGION", "aws")
    of_region = f"{where.region}:{where.number}"
    tables = f"arn:{where.partition}:dynamodb:{of_region}:table/plaudit-{stage}"
    supposed = {
        "ContentTableArn": f"{tables}-content",
        "ContentStreamArn": f"{tables}-content/stream/TIME",
        "DerivedTableArn": f"{tables}-derived",
        "TallyFailuresArn": f"arn:{where.partition}:sqs:{of_region}:plaudit-{stage}-tally-failures",
    }
    outputs = {**supposed, **(there.tables if there else {})}
    arns = {name: outputs[output] for name, output in stacks.PLACEHOLDERS.items()}
    return {**where.placeholders(stage), **arns}


def _fate(found: Any, wanted: Any) -> str:
    if found is None:
        return CREATE
    return KEEP if found == wanted else CHANGE


def _different(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    ours, theirs = wanted.get("Properties", {}), found.get("Properties", {})
    return sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))


def _physical(logical: str, described: dict[str, Any], stage: str) -> str:
    for key, value in described.get("Properties", {}).items():
        if key.endswith("Name") and isinstance(value, dict) and "Fn::Sub" in value:
            return str(value["Fn::Sub"]).replace("${Stage}", stage)
    return logical


def _configuration(function: str) -> Mapping[str, Any] | None:
    client = boto3.client("lambda", config=PATIENT)
    try:
        return client.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise


def _role(name: str) -> list[dict[str, Any]] | None:
    client = boto3.client("iam", config=PATIENT)
    try:
        # Chalice names a role's one policy after the role.
        document = client.get_role_policy(RoleName=name, PolicyName=name)["PolicyDocument"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise
    statements: list[dict[str, Any]] = dict(document)["Statement"]
    return statements


def _has_rule(name: str) -> bool:
    found = boto3.client("events", config=PATIENT).list_rules(NamePrefix=name)["Rules"]
    return bool(found)
