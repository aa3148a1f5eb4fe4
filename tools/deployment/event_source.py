"""
What Chalice cannot say of the event sources, from `infra/stack.yaml`.

Without these settings one record that cannot be counted holds up its shard for
a day, what fails leaves no trace, and the worker that tells is called for every write.

Source:
    docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import boto3

from tools.deployment import command, stack, templates
from tools.deployment.command import PATIENT, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_FIXED: Final = ("Stream", "StartingPosition")
"""What is chosen once, when the mapping is made; Chalice does that."""
_SETTLED: Final = frozenset({"Enabled", "Disabled"})
_SECONDS: Final = 2
_ATTEMPTS: Final = 60
_LAGGING: Final = 5


def wanted(function: str, queue_arn: str) -> dict[str, Any]:
    """
    Give the settings in Lambda's own terms.

    Args:
        function: One of `state.STREAM_READERS`.
        queue_arn: Of the dead letters.
    """
    logical = "".join(word.capitalize() for word in function.split("_"))
    events = templates.load(stack.INFRA / "stack.yaml")["Resources"][logical]["Properties"]
    (source,) = events["Events"].values()
    settings = {key: value for key, value in source["Properties"].items() if key not in _FIXED}
    if "DestinationConfig" in settings:
        # SAM asks for the kind of destination besides, and takes a function of CloudFormation.
        settings["DestinationConfig"] = {"OnFailure": {"Destination": queue_arn}}
    return settings


def differing(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """Give the settings that are not as wanted; an empty `OnSuccess` is no difference."""
    return {
        key: value
        for key, value in wanted.items()
        if (_of_failure(found.get(key)) if key == "DestinationConfig" else found.get(key)) != value
    }


def find(function_arn: str, stream_arn: str) -> Mapping[str, Any] | None:
    """Give the event source of a function by ARN; None if it does not read this stream."""
    found: list[Mapping[str, Any]] = [
        *_client().list_event_source_mappings(FunctionName=function_arn, EventSourceArn=stream_arn)[
            "EventSourceMappings"
        ]
    ]
    return found[0] if found else None


def apply(function: str, wanted: Mapping[str, Any], stream_arn: str) -> list[str]:
    """
    Set what differs.

    Args:
        function: ARN of the one that reads.
        wanted: As `wanted` gives it.

    Returns:
        Names of the settings that were changed, sorted.

    Raises:
        RefusedError: The function does not read this stream.
    """
    found = _settled(function, stream_arn)
    changes = differing(wanted, found)
    if changes:
        _client().update_event_source_mapping(UUID=found["UUID"], **changes)
        _settled(function, stream_arn)
    return sorted(changes)


def _settled(function: str, stream_arn: str) -> Mapping[str, Any]:
    """Wait until the mapping may be changed: Lambda makes and changes one in the background."""
    for attempt in range(_ATTEMPTS):
        found = find(function, stream_arn)
        if found is not None and found["State"] in _SETTLED:
            return found
        # A list may lag behind what was made a moment ago.
        if found is None and attempt == _LAGGING:
            msg = f"{function} does not read {stream_arn}; run the deployment again"
            raise RefusedError(msg)
        time.sleep(_SECONDS)
    msg = f"the event source of {function} does not settle; run the deployment again"
    raise RefusedError(msg)


def _of_failure(destinations: Any) -> Any:
    """Leave out the other half, which Lambda tells though it is empty."""
    named = destinations or {}
    return {"OnFailure": named["OnFailure"]} if named.get("OnFailure") else None


def report(function: str, changed: list[str]) -> None:
    """Tell what was set."""
    said = "set " + ", ".join(changed) if changed else "as it should be"
    command.say(f"event source of {function}: {said}")


def _client() -> "LambdaClient":
    return boto3.client("lambda", config=PATIENT)
