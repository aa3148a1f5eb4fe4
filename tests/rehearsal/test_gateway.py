"""What API Gateway answers before any code of ours."""

import pytest

from tests.client import Api

ORIGIN = "http://localhost:3000"
"""Of the stage dev, in .chalice/config.json."""


@pytest.mark.parametrize("token", [None, "nobodys"], ids=["anonymous", "with a bearer token"])
def test_an_unknown_path_is_a_problem_that_browsers_may_read(
    token: str | None, visitor: Api
) -> None:
    answer = visitor.get("/no/such/path", token=token, Origin=ORIGIN)

    assert (answer.status, answer.code) == (404, "route_not_found")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["vary"] == "Origin"
    assert answer.body["request_id"]


def test_a_method_that_a_path_does_not_have_is_refused_by_the_app(visitor: Api) -> None:
    answer = visitor.delete("/articles", editor=True)

    assert (answer.status, answer.code) == (405, "method_not_allowed")


@pytest.mark.parametrize(("origin", "may"), [(ORIGIN, True), ("https://evil.example", False)])
def test_a_preflight_reaches_the_app(origin: str, may: bool, visitor: Api) -> None:
    answer = visitor.request(
        "OPTIONS",
        "/articles/lamp/reviews",
        Origin=origin,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type",
    )

    assert answer.status == 204
    assert answer.headers.get("access-control-allow-origin") == (origin if may else None)
    assert ("access-control-allow-methods" in answer.headers) == may
