"""What API Gateway answers by itself looks as if we had answered."""

import json
from typing import Any

import pytest

from chalicelib import errors
from chalicelib.api import cors, http
from tools.deployment import stack, staging

RESPONSES: dict[str, Any] = stack.gateway_responses("dev")
ORIGIN = "http://localhost:3000"
"""Of the stage dev, in .chalice/config.json."""

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
    granted = cors.of_answer({"Access-Control-Allow-Origin": ORIGIN})

    ours = granted | http.SECURITY_HEADERS | answered(name).headers

    assert headers == {key: f"'{value}'" for key, value in ours.items()}


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        ("https://a.example", "'https://a.example'"),
        ("https://a.example, https://b.example", "'https://a.example'"),
        (" ,https://a.example", "'https://a.example'"),
        ("*", "'*'"),
        ("", None),
        (None, None),
    ],
)
def test_the_gateway_lets_in_the_first_origin_of_the_stage(
    monkeypatch: pytest.MonkeyPatch, origins: str | None, allowed: str | None
) -> None:
    environment = {} if origins is None else {"CORS_ORIGINS": origins}
    monkeypatch.setattr(
        staging,
        "settings",
        lambda stage: {"stages": {stage: {"environment_variables": environment}}},
    )

    for response in stack.gateway_responses("dev").values():
        headers = response["ResponseParameters"]["Headers"]
        assert headers.get("Access-Control-Allow-Origin") == allowed
        assert headers["Vary"] == "'Origin'"
