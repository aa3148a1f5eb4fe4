"""
Stacks of CloudFormation: made, brought up to date, waited for, deleted.

Source:
    docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import boto3
from botocore.exceptions import ClientError, WaiterError

from tools.deployment.command import PATIENT, RefusedError
from tools.deployment.templates import Template

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, WaiterConfigTypeDef

_Change: TypeAlias = Literal["create", "update", "delete"]
_WAITING: Final["WaiterConfigTypeDef"] = {"Delay": 5, "MaxAttempts": 360}
"""Seconds between looks, and how many: half an hour."""
_NOTHING_NEW: Final = "No updates are to be performed"
_BROKEN: Final = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
)

PLACEHOLDERS: Final = {
    "ContentTable.Arn": "ContentTableArn",
    "ContentTable.StreamArn": "ContentStreamArn",
    "DerivedTable.Arn": "DerivedTableArn",
    "TallyFailures.Arn": "TallyFailuresArn",
}
"""Placeholders of the policies, and the outputs of the tables' stack that they are."""


def tables_of(stage: str) -> str:
    """Name the stack of a stage's tables, for functions that Chalice deploys."""
    return f"plaudit-{stage}-tables"


def whole_of(stage: str) -> str:
    """Name the one stack of a stage, which `make package` is for."""
    return f"plaudit-{stage}"


def find(name: str) -> Mapping[str, Any] | None:
    """Give a stack as CloudFormation describes it; None if there is none."""
    try:
        (stack,) = _client().describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    return stack


def outputs(name: str) -> dict[str, str] | None:
    """Give the outputs of a stack; None before it is complete for the first time."""
    stack = find(name)
    if stack is None or not stack.get("Outputs"):
        return None
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def template_of(name: str) -> Template | None:
    """Give the resources' template of a stack as it was sent; None if there is no stack."""
    if find(name) is None:
        return None
    return dict(_client().get_template(StackName=name, TemplateStage="Original")["TemplateBody"])


def put(name: str, template: Template, parameters: Mapping[str, str]) -> bool:
    """
    Create a stack or bring it up to date, and wait for it.

    Args:
        parameters: Those that are not named keep the value that they have.

    Returns:
        Whether anything was changed.

    Raises:
        RefusedError: It failed, with the resource that did and why; or what is
            left of an earlier failure is in the way.
    """
    stack = find(name)
    if stack is not None and stack["StackStatus"] in _BROKEN:
        msg = (
            f"the stack {name} is {stack['StackStatus']} since an earlier attempt; look at "
            f"it, then run: aws cloudformation delete-stack --stack-name {name}"
        )
        raise RefusedError(msg)
    change: _Change = "create" if stack is None else "update"
    begun = _begin(change, name, template, _given(stack, template, parameters))
    if begun is not None:
        _wait(change, begun)
    return begun is not None


def delete(name: str) -> None:
    """
    Delete a stack and wait until it is gone.

    Raises:
        RefusedError: It failed, with the resource that did and why.
    """
    stack = find(name)
    if stack is None:
        return
    _client().delete_stack(StackName=stack["StackId"])
    _wait("delete", stack["StackId"])


def _given(
    stack: Mapping[str, Any] | None, template: Template, parameters: Mapping[str, str]
) -> "list[ParameterTypeDef]":
    had = {one["ParameterKey"] for one in (stack or {}).get("Parameters", [])}
    kept = had & template.get("Parameters", {}).keys() - parameters.keys()
    previous: list[ParameterTypeDef] = [
        {"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)
    ]
    return previous + [
        {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
    ]


def _begin(
    change: _Change, name: str, template: Template, parameters: "list[ParameterTypeDef]"
) -> str | None:
    """Begin the change; None if there is nothing to change."""
    client = _client()
    begin = client.create_stack if change == "create" else client.update_stack
    # Without spaces: a template that is sent along has at most 51 200 bytes.
    body = json.dumps(template, separators=(",", ":"))
    try:
        answer = begin(StackName=name, TemplateBody=body, Parameters=parameters)
    except ClientError as error:
        if _NOTHING_NEW in error.response["Error"]["Message"]:
            return None
        raise
    return answer["StackId"]


def _wait(change: _Change, stack_id: str) -> None:
    client = _client()
    try:
        if change == "create":
            client.get_waiter("stack_create_complete").wait(
                StackName=stack_id, WaiterConfig=_WAITING
            )
        elif change == "update":
            client.get_waiter("stack_update_complete").wait(
                StackName=stack_id, WaiterConfig=_WAITING
            )
        else:
            client.get_waiter("stack_delete_complete").wait(
                StackName=stack_id, WaiterConfig=_WAITING
            )
    except WaiterError as error:
        raise RefusedError(_reasons(client, change, stack_id)) from error


def _reasons(client: "CloudFormationClient", change: str, stack_id: str) -> str:
    """Say which resources failed, the first cause first; what was then given up is left out."""
    events = client.describe_stack_events(StackName=stack_id)["StackEvents"]
    failed = [
        f"  {event.get('LogicalResourceId')}: {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if str(event.get("ResourceStatus", "")).endswith("FAILED")
        and "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    name = stack_id.rpartition("stack/")[2].partition("/")[0]
    return "\n".join([f"could not {change} the stack {name}:", *failed])


def _client() -> "CloudFormationClient":
    return boto3.client("cloudformation", config=PATIENT)
