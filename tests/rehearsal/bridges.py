"""What ministack 1.5.33 does not do, done for it. Each goes when its reason does."""

import json

from tests.rehearsal import operator
from tests.rehearsal.stacks import Stack


def bridge(stack: Stack) -> None:
    """Bridge all gaps that a stack would otherwise fall into."""
    _grant_several_parameters(stack)
    _put_gateway_responses(stack)


def _grant_several_parameters(stack: Stack) -> None:
    """
    Let the API read its secrets.

    AWS holds each name of GetParameters against the policy. ministack asks for
    the resource `*`, which our policy gives nobody.
    """
    statement = {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"}
    stack.emulator.client("iam").put_role_policy(
        RoleName=stack.resources["ApiHandlerRole"],
        PolicyName="GetParametersInMinistack",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def _put_gateway_responses(stack: Stack) -> None:
    """
    Give the API the answers of its own that the template has for it.

    SAM writes them into the OpenAPI body, `x-amazon-apigateway-gateway-responses`,
    which ministack's importer passes over. It takes them one by one, as the
    other way of deploying puts them.
    """
    arguments = (stack.resources["RestAPI"], stack.stage, "v1")
    put = f"from tools.deployment import gateway; gateway.apply{arguments}"
    operator.succeed(stack.emulator, "-c", put)
