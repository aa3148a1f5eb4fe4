"""
What API Gateway answers by itself, from `infra/stack.yaml`; Chalice cannot say it.

Chalice imports its description over the API each time, which may take these
answers away; so they are compared after every deployment, and the stage is
deployed again only when one had to be put.

Source:
    chalice 1.34, chalice/awsclient.py: `put_rest_api(mode="overwrite")`
    docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import boto3

from tools.deployment import command, stack
from tools.deployment.command import PATIENT

if TYPE_CHECKING:
    from mypy_boto3_apigateway.literals import GatewayResponseTypeType

_HEADER: Final = "gatewayresponse.header."


class Answer(NamedTuple):
    """One answer: status as text, headers and templates as API Gateway names them."""

    status: str
    parameters: dict[str, str]
    templates: dict[str, str]


def wanted(stage: str) -> dict[str, Answer]:
    """Give a stage's answers by API Gateway's names of their causes."""
    return {name: _wanted(one) for name, one in stack.gateway_responses(stage).items()}


def differing(api_id: str, stage: str) -> list[str]:
    """Name the causes whose answer is not as wanted, sorted."""
    client = boto3.client("apigateway", config=PATIENT)
    found: dict[str, Answer] = {
        one["responseType"]: _found(cast("dict[str, Any]", one))
        for one in client.get_gateway_responses(restApiId=api_id, limit=500)["items"]
    }
    return sorted(name for name, answer in wanted(stage).items() if found.get(name) != answer)


def apply(api_id: str, stage: str, gateway_stage: str) -> list[str]:
    """
    Put the answers that differ, and deploy the API's stage if there was one.

    Args:
        gateway_stage: Name of API Gateway's own stage, `v1`.

    Returns:
        Names of the causes whose answer was put, sorted.
    """
    client = boto3.client("apigateway", config=PATIENT)
    put, answers = differing(api_id, stage), wanted(stage)
    for name in put:
        answer = answers[name]
        client.put_gateway_response(
            restApiId=api_id,
            responseType=cast("GatewayResponseTypeType", name),
            statusCode=answer.status,
            responseParameters=answer.parameters,
            responseTemplates=answer.templates,
        )
    if put:
        client.create_deployment(
            restApiId=api_id, stageName=gateway_stage, description="Answers of the gateway"
        )
    return put


def report(put: list[str]) -> None:
    """Tell what was put."""
    command.say(f"gateway's answers: {f'put {len(put)}' if put else 'as they should be'}")


def _wanted(described: dict[str, Any]) -> Answer:
    headers = described["ResponseParameters"]["Headers"]
    return Answer(
        str(described["StatusCode"]),
        {f"{_HEADER}{name}": value for name, value in headers.items()},
        described["ResponseTemplates"],
    )


def _found(described: dict[str, Any]) -> Answer:
    return Answer(
        str(described.get("statusCode", "")),
        described.get("responseParameters", {}),
        described.get("responseTemplates", {}),
    )
