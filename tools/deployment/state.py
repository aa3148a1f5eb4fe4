"""
Chalice's memory of what it deployed: `.chalice/deployed/<stage>.json`.

By it Chalice knows its REST API and its event source again. Without it, it
would make a second API beside the first; with another account's or another
stream's, it would change what is not meant, or go on reading a dead table. So
it is looked at before Chalice sees it.

Source:
    chalice 1.34, chalice/deploy/planner.py: `_resource_exists_restapi` and
    `_plan_dynamodbeventsource` ask the file, not the account.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import boto3
from botocore.exceptions import ClientError

from tools.deployment import command, staging
from tools.deployment.account import Account
from tools.deployment.command import PATIENT, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

Resource: TypeAlias = dict[str, Any]

DIRECTORY: Final = staging.ROOT / ".chalice" / "deployed"
STREAM_READERS: Final = ("tally_ratings", "deliver_notifications")
"""Functions that read the content table's stream."""
SCHEDULED: Final = ("reconcile_tallies", "every_minute")
"""Functions that a clock calls."""


def api_function(stage: str) -> str:
    """Name the API's function."""
    return f"plaudit-{stage}"


def worker_function(stage: str, name: str) -> str:
    """Name a worker's function, `tally_ratings`, in a stage."""
    return f"plaudit-{stage}-{name}"


def lend(project: Path, directory: Path = DIRECTORY) -> None:
    """Let Chalice keep its memory of a staged project in the repository."""
    directory.mkdir(parents=True, exist_ok=True)
    link = project / ".chalice" / "deployed"
    link.unlink(missing_ok=True)
    link.symlink_to(directory.resolve())


def recorded(stage: str, directory: Path = DIRECTORY) -> list[Resource]:
    """Give what Chalice remembers of a stage: nothing, or a resource each."""
    path = directory / f"{stage}.json"
    if not path.exists():
        return []
    found: list[Resource] = json.loads(path.read_text())["resources"]
    return found


def forget(stage: str, directory: Path = DIRECTORY) -> None:
    """Remove what Chalice remembers of a stage that is gone."""
    (directory / f"{stage}.json").unlink(missing_ok=True)


def url(stage: str, directory: Path = DIRECTORY) -> str:
    """Give the address of the deployed API, without a slash at its end."""
    (api,) = (one for one in recorded(stage, directory) if one["resource_type"] == "rest_api")
    address: str = api["rest_api_url"]
    return address.rstrip("/")


def api_id(stage: str, directory: Path = DIRECTORY) -> str:
    """Give the id of the deployed API."""
    (api,) = (one for one in recorded(stage, directory) if one["resource_type"] == "rest_api")
    found: str = api["rest_api_id"]
    return found


def check(stage: str, where: Account, directory: Path = DIRECTORY) -> None:
    """
    Refuse what Chalice would do with a memory that is lost or another account's.

    Raises:
        RefusedError: It is; with the way out.
    """
    resources = recorded(stage, directory)
    arns = [one["lambda_arn"].split(":") for one in resources if "lambda_arn" in one]
    elsewhere = {(arn[4], arn[3]) for arn in arns} - {(where.number, where.region)}
    if elsewhere:
        (number, region), *_ = elsewhere
        msg = (
            f".chalice/deployed/{stage}.json is of account {number} in {region}; these credentials "
            f"are of {where.number} in {where.region}. Use the other ones, or move the file away"
        )
        raise RefusedError(msg)
    there = [name for name in _looked_for(stage) if _find_function(name) is not None]
    if not resources and there:
        msg = (
            f"{' and '.join(there)} exist, but .chalice/deployed/{stage}.json is not here, "
            "without which Chalice would make a second API. Put the file back, or have it made "
            f"anew from what is in the account: make deploy STAGE={stage} ADOPT=1"
        )
        raise RefusedError(msg)


def adopt(stage: str, where: Account, directory: Path = DIRECTORY) -> None:
    """
    Make a lost memory anew from the account, as far as Chalice cannot look it up.

    Raises:
        RefusedError: There is nothing to adopt, or more than one API.
    """
    if recorded(stage, directory):
        return
    api, *readers = (_find_function(name) for name in _looked_for(stage))
    if api is None and not any(readers):
        msg = f"there is no function {api_function(stage)} to adopt; deploy without ADOPT"
        raise RefusedError(msg)
    found = [
        *(_apis(stage, api, where) if api else []),
        *(
            source
            for name, reader in zip(STREAM_READERS, readers, strict=True)
            if reader
            for source in _event_sources(name, reader)
        ),
    ]
    memory = {"resources": found, "schema_version": "2.0", "backend": "api"}
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{stage}.json").write_text(json.dumps(memory, indent=2) + "\n")
    command.say(f"adopted: {', '.join(one['name'] for one in found) or 'the functions alone'}")


def leave_other_streams(stage: str, stream_arn: str, directory: Path = DIRECTORY) -> None:
    """
    Delete the event source of a stream that the content table no longer has.

    A table that was restored or made anew has another stream. Chalice would
    keep the mapping that it remembers, and nothing would be counted.
    """
    path = directory / f"{stage}.json"
    if not path.exists():
        return
    memory = json.loads(path.read_text())
    stale = [one for one in memory["resources"] if one.get("stream_arn", stream_arn) != stream_arn]
    for one in stale:
        _delete_mapping(one["event_uuid"])
        command.say(f"left the stream {one['stream_arn']}")
    if stale:
        memory["resources"] = [one for one in memory["resources"] if one not in stale]
        path.write_text(json.dumps(memory, indent=2) + "\n")


def _delete_mapping(uuid: str) -> None:
    try:
        _client().delete_event_source_mapping(UUID=uuid)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _looked_for(stage: str) -> list[str]:
    """Name the functions of what Chalice asks its memory for; it may have failed between them."""
    return [api_function(stage), *(worker_function(stage, name) for name in STREAM_READERS)]


def _find_function(name: str) -> str | None:
    """Give the ARN of a function, None if there is none."""
    try:
        found = _client().get_function_configuration(FunctionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return None
        raise
    return found["FunctionArn"]


def _apis(stage: str, function: str, where: Account) -> list[Resource]:
    """Find the API that may call the function: all stages' APIs have one name."""
    try:
        policy = json.loads(_client().get_policy(FunctionName=function)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    sources = [
        one.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", "")
        for one in policy["Statement"]
    ]
    mentioned = {arn.split(":")[5].split("/")[0] for arn in sources if ":execute-api:" in arn}
    gateway = boto3.client("apigateway", config=PATIENT)
    pages = gateway.get_paginator("get_rest_apis").paginate()
    ids = sorted({api["id"] for page in pages for api in page["items"]} & mentioned)
    if len(ids) > 1:
        msg = (
            f"{len(ids)} APIs may call {api_function(stage)}: {', '.join(ids)}. Delete those "
            "that nobody uses: aws apigateway delete-rest-api --rest-api-id …"
        )
        raise RefusedError(msg)
    name = staging.settings(stage)["api_gateway_stage"]
    domain = f"amazonaws.com{'.cn' if where.partition == 'aws-cn' else ''}"
    return [
        {
            "name": "rest_api",
            "resource_type": "rest_api",
            "rest_api_id": found,
            "rest_api_url": f"https://{found}.execute-api.{where.region}.{domain}/{name}/",
        }
        for found in ids
    ]


def _event_sources(name: str, function: str) -> list[Resource]:
    answer = _client().list_event_source_mappings(FunctionName=function)
    return [
        {
            "name": f"{name}-dynamodb-event-source",
            "resource_type": "dynamodb_event",
            "stream_arn": one["EventSourceArn"],
            "event_uuid": one["UUID"],
            "lambda_arn": one["FunctionArn"],
        }
        for one in answer["EventSourceMappings"]
    ]


def _client() -> "LambdaClient":
    return boto3.client("lambda", config=PATIENT)
