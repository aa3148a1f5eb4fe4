"""
Where the functions log.

Chalice makes a group for each function, but the API's under another name than
the function has, and the policy lets no function make its own: without this
the API's lines would be lost.

Source:
    chalice 1.34, chalice/deploy/appgraph.py: `_create_log_group` takes the
    resource's name, `<app>-<stage>-api_handler`; the function is `<app>-<stage>`
"""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from tools.deployment import command, staging
from tools.deployment.command import PATIENT

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import LogGroupTypeDef


def of_api(stage: str) -> str:
    """Name the group that the API's function writes to."""
    return f"/aws/lambda/plaudit-{stage}"


def names(stage: str) -> list[str]:
    """Name every group of a stage, and the one that Chalice makes for nothing."""
    functions = staging.settings(stage)["lambda_functions"]
    return [of_api(stage), *(f"{of_api(stage)}-{name}" for name in functions)]


def ensure(stage: str, days: int) -> bool:
    """
    Make the API's group keep lines for so many days.

    Returns:
        Whether it did not yet.
    """
    client, name = _client(), of_api(stage)
    found = _find(name)
    if found is not None and found.get("retentionInDays") == days:
        return False
    if found is None:
        client.create_log_group(logGroupName=name)
    client.put_retention_policy(logGroupName=name, retentionInDays=days)
    return True


def exists(name: str) -> bool:
    """Say whether there is a group of this name."""
    return _find(name) is not None


def delete(stage: str) -> None:
    """Delete the groups: Chalice would keep them, and for ever."""
    client = _client()
    for name in names(stage):
        try:
            client.delete_log_group(logGroupName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        else:
            command.say(f"Deleted logs: {name}")


def _find(name: str) -> "LogGroupTypeDef | None":
    groups = _client().describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next((group for group in groups if group["logGroupName"] == name), None)


def _client() -> "CloudWatchLogsClient":
    return boto3.client("logs", config=PATIENT)
