"""
IAM for tests: what each Lambda's policy allows, and what its code asks for.

Knows what the policies of `.chalice/` use: Allow statements, `*` in actions and resources,
and the condition `ForAllValues:StringLike` on `dynamodb:LeadingKeys`, which names the partition
keys of a request.

Source:
    docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
"""

import json
import re
import sys
from collections.abc import Iterator
from email.utils import parseaddr
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from botocore.client import BaseClient

POLICIES: Final = Path(__file__).parent.parent / ".chalice"
LAMBDAS: Final = ("api", "tally", "reconcile", "notify", "schedule")
_ENTRANCES: Final = {
    "chalicelib.api.http": "api",
    "chalicelib.workers.tally": "tally",
    "chalicelib.workers.reconcile": "reconcile",
    "chalicelib.workers.notify": "notify",
    "chalicelib.workers.schedule": "schedule",
}
"""The module that everything of a Lambda runs below."""
_TABLE: Final = "arn:aws:dynamodb:us-east-1:123456789012:table/plaudit-local"
HERE: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "Stage": "local",
    "ContentTable.Arn": f"{_TABLE}-content",
    "ContentTable.StreamArn": f"{_TABLE}-content/stream/2026-11-25T00:00:00.000",
    "DerivedTable.Arn": f"{_TABLE}-derived",
    "TallyFailures.Arn": "arn:aws:sqs:us-east-1:123456789012:plaudit-local-tally-failures",
}
"""What stands for the placeholders of the policies."""


class Request(NamedTuple):
    """
    One permission that a call needs.

    Attributes:
        action: `dynamodb:GetItem`.
        resource: An ARN.
        leading: Partition keys of the rows that it names.
    """

    action: str
    resource: str
    leading: tuple[str, ...] = ()


class Grant(NamedTuple):
    """One action on one resource that a statement allows, under its condition."""

    sid: str
    action: str
    resource: str
    leading: tuple[str, ...]

    def covers(self, request: Request) -> bool:
        """Tell whether it allows a request."""
        return (
            fnmatchcase(request.action, self.action)
            and fnmatchcase(request.resource, self.resource)
            and (not self.leading or all(map(self._leads, request.leading)))
        )

    def _leads(self, key: str) -> bool:
        return any(fnmatchcase(key, pattern) for pattern in self.leading)


@cache
def grants(name: str) -> tuple[Grant, ...]:
    """Give what a Lambda's policy allows, `api`, `tally` or `reconcile`, one by one."""
    text = (POLICIES / f"policy-{name}.json").read_text()
    policy = json.loads(re.sub(r"\$\{(.+?)\}", lambda match: HERE[match[1]], text))
    return tuple(grant for statement in policy["Statement"] for grant in _grants(statement))


def is_allowed(name: str, request: Request) -> bool:
    """Tell whether a Lambda may do what a request asks."""
    return any(grant.covers(request) for grant in grants(name))


class Recorder:
    """
    Writes down what the code of each Lambda asks of AWS, in `asked`.

    What is called outside of the Lambdas' handlers, by a test or a tool, is left out.
    """

    def __init__(self) -> None:
        self.asked: dict[str, set[Request]] = {}
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.asked = {name: set() for name in LAMBDAS}

    def watch(self, client: BaseClient) -> None:
        """Listen to a client of the app."""
        client.meta.events.register("before-parameter-build", self._record, unique_id=str(id(self)))

    def leave(self, client: BaseClient) -> None:
        """Listen no more."""
        client.meta.events.unregister("before-parameter-build", unique_id=str(id(self)))

    def denied(self) -> list[tuple[str, Request]]:
        """What was asked and no policy allows."""
        return [
            (name, request)
            for name, requests in self.asked.items()
            for request in requests
            if not is_allowed(name, request)
        ]

    def _record(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        name = _lambda_above(sys._getframe())
        if name is not None:
            self.asked[name].update(_requests(model.name, params))


def _lambda_above(frame: FrameType | None) -> str | None:
    """Say whose code makes a call; None if a test makes it, or a tool with an operator's rights."""
    found = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("tools."):
            return None
        if module.startswith("tests.") and module != __name__:
            return found
        found = found or _ENTRANCES.get(module)
        frame = frame.f_back
    return found


def _requests(operation: str, parameters: dict[str, Any]) -> Iterator[Request]:
    match operation:
        case "GetParameters" | "SendEmail":
            yield from _of_other_services(parameters)
        case "TransactWriteItems":
            for action in parameters["TransactItems"]:
                ((kind, inner),) = action.items()
                verb = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
                yield _on_row(verb, inner)
        case "BatchGetItem":
            for name, request in parameters["RequestItems"].items():
                leading = {key["pk"]["S"] for key in request["Keys"]}
                yield Request("dynamodb:BatchGetItem", table(name), tuple(sorted(leading)))
        case "Query":
            index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
            key = re.match(r"#?\w+ = (:\w+)", parameters["KeyConditionExpression"])
            assert key is not None
            leading = parameters["ExpressionAttributeValues"][key[1]]["S"]
            yield Request("dynamodb:Query", table(parameters["TableName"]) + index, (leading,))
        case _:
            yield _on_row(operation, parameters)


def _of_other_services(parameters: dict[str, Any]) -> Iterator[Request]:
    for name in parameters.get("Names", ()):
        yield Request("ssm:GetParameters", arn("ssm", f"parameter{name}"))
    if "Content" in parameters:
        # A message that is given as a whole needs this, though the operation has another name.
        assert "Raw" in parameters["Content"]
        address = parseaddr(parameters["FromEmailAddress"])[1]
        yield Request("ses:SendRawEmail", arn("ses", f"identity/{address}"))


def _on_row(verb: str, parameters: dict[str, Any]) -> Request:
    key = parameters.get("Key") or parameters["Item"]
    return Request(f"dynamodb:{verb}", table(parameters["TableName"]), (key["pk"]["S"],))


def table(name: str) -> str:
    """Give the ARN of a table."""
    return arn("dynamodb", f"table/{name}")


def arn(service: str, resource: str) -> str:
    """Give the ARN of something in this account."""
    return f"arn:aws:{service}:{HERE['AWS::Region']}:{HERE['AWS::AccountId']}:{resource}"


def _grants(statement: dict[str, Any]) -> Iterator[Grant]:
    assert statement["Effect"] == "Allow"
    assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}
    leading = _leading(statement.get("Condition"))
    for action in statement["Action"]:
        for resource in _several(statement["Resource"]):
            yield Grant(statement["Sid"], action, resource, leading)


def _leading(condition: Any) -> tuple[str, ...]:
    if condition is None:
        return ()
    ((operator, named),) = condition.items()
    ((key, patterns),) = named.items()
    assert (operator, key) == ("ForAllValues:StringLike", "dynamodb:LeadingKeys")
    return tuple(patterns)


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
