"""What API Gateway answers by itself looks as if we had answered."""

import json
from typing import Any

import pytest
from chalice.app import CORSConfig

from app import app
from chalicelib import errors
from chalicelib.api import http
from tools.deployment import templates
from tools.deployment.stack import INFRA

RESPONSES: dict[str, Any] = templates.load(INFRA / "stack.yaml")["Resources"]["RestAPI"][
    "Properties"
]["GatewayResponses"]

# docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
EXPECTED: dict[str, type[errors.PlauditError]] = {
    "ACCESS_DENIED": errors.ForbiddenError,
    "DEFAULT_4XX": errors.InvalidRequestError,
    "DEFAULT_5XX": errors.InternalError,
    "EXPIRED_TOKEN": errors.RouteNotFoundError,
    "INTEGRATION_FAILURE": errors.UnavailableError,
    "INTEGRATION_TIMEOUT": errors.UnavailableError,
    "INVALID_API_KEY": errors.ForbiddenError,
    "INVALID_SIGNATURE": errors.RouteNotFoundError,
    "MISSING_AUTHENTICATION_TOKEN": errors.RouteNotFoundError,
    "QUOTA_EXCEEDED": errors.TooManyRequestsError,
    "REQUEST_TOO_LARGE": errors.PayloadTooLargeError,
    "RESOURCE_NOT_FOUND": errors.RouteNotFoundError,
    "THROTTLED": errors.TooManyRequestsError,
    "UNAUTHORIZED": errors.UnauthorizedError,
    "UNSUPPORTED_MEDIA_TYPE": errors.UnsupportedMediaTypeError,
    "WAF_FILTERED": errors.ForbiddenError,
}
LEFT_TO_THE_DEFAULTS = {
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
}


def answered(name: str) -> Any:
    """What our own code answers for the error."""
    kind = EXPECTED[name]
    forbidden = "This request is not allowed here." if kind is errors.ForbiddenError else None
    error = kind() if forbidden is None else kind(forbidden)
    return http.problem(error, "$context.requestId")


def test_every_answer_of_the_gateway_is_ours() -> None:
    assert RESPONSES.keys() == EXPECTED.keys()
    assert not LEFT_TO_THE_DEFAULTS & RESPONSES.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_body_is_the_problem_that_our_code_would_write(name: str) -> None:
    body = RESPONSES[name]["ResponseTemplates"]["application/json"]

    assert body == answered(name).body
    assert list(json.loads(body)) == ["type", "title", "status", "detail", "code", "request_id"]


@pytest.mark.parametrize("name", EXPECTED)
def test_status_is_that_of_the_body(name: str) -> None:
    assert RESPONSES[name]["StatusCode"] == EXPECTED[name].status


@pytest.mark.parametrize("name", EXPECTED)
def test_headers_are_those_of_our_own_answers(name: str) -> None:
    headers = RESPONSES[name]["ResponseParameters"]["Headers"]
    cors = app.api.cors
    assert isinstance(cors, CORSConfig)

    ours = cors.get_access_control_headers() | http.SECURITY_HEADERS | answered(name).headers

    assert headers == {key: f"'{value}'" for key, value in ours.items()}
