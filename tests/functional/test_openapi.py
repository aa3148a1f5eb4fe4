"""The OpenAPI document: valid, complete, and the measure of every answer in this suite."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError
from openapi_spec_validator import validate

from app import app
from chalicelib.api import http, openapi, shapes
from chalicelib.errors import ArticleNotFoundError, PlauditError
from chalicelib.model import Tally
from chalicelib.store.articles import Shown
from tests import builders, rows
from tests.client import Answer, Api, check_contract

ARTICLE = f"/articles/{builders.SLUG}"


@cache
def document() -> dict[str, Any]:
    described: dict[str, Any] = json.loads(json.dumps(openapi.describe(app)))
    return described


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def every_error(root: type[PlauditError] = PlauditError) -> Iterator[type[PlauditError]]:
    for error in root.__subclasses__():
        yield error
        yield from every_error(error)


def test_the_document_is_valid() -> None:
    validate(document())


def test_the_document_can_be_read_at_its_route(api: Api) -> None:
    answer = api.get("/openapi.json")

    assert (answer.status, answer.body) == (200, document())


def test_every_schema_is_a_schema() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_route_is_described_and_nothing_else() -> None:
    routed = {
        (method.lower(), path)
        for path, entries in app.routes.items()
        for method, entry in entries.items()
        if entry.view_function.__name__ not in {"method_not_allowed", "preflight"}
    }

    assert {(method, path) for method, path, _ in operations()} == routed


def test_the_contract_of_the_design_is_there() -> None:
    reviews, article = "/articles/{slug}/reviews", "/articles/{slug}"

    assert {
        *(("get", "/articles"), ("get", article), ("get", reviews), ("get", f"{article}/tally")),
        *(("post", reviews), ("patch", f"{reviews}/{{id}}"), ("delete", f"{reviews}/{{id}}")),
        *(("put", article), ("patch", article), ("delete", article)),
        *(("get", "/editor/articles"), ("get", "/editor/reviews")),
        ("post", "/editor/reviews/decisions"),
        ("put", f"/editor{reviews}/{{id}}/reply"),
        *(("get", "/health"), ("get", "/openapi.json")),
    } <= {(method, path) for method, path, _ in operations()}


def test_what_can_be_read_can_be_asked_for_by_head() -> None:
    described = {(method, path) for method, path, _ in operations()}

    assert {path for method, path in described if method == "get"} == {
        path for method, path in described if method == "head"
    }


def test_every_operation_says_what_it_does_under_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]

    assert len(names) == len(set(names))
    assert [one["operationId"] for _, _, one in operations() if not one["summary"]] == []


def test_every_path_parameter_is_described() -> None:
    for _, path, operation in operations():
        in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert in_path == {part[1:-1] for part in path.split("/") if part.startswith("{")}


@pytest.mark.parametrize("error", [*every_error()], ids=lambda error: error.__name__)
def test_every_code_is_in_the_document(error: type[PlauditError]) -> None:
    assert f"`{error.code}`" in json.dumps(document())


def test_every_error_of_a_route_is_described_with_its_status() -> None:
    for path, method, _, contract in openapi.routes_of(app):
        responses = document()["paths"][path][method.lower()]["responses"]
        for error in openapi.problems_of(contract):
            response = responses[str(error.status)]
            assert f"`{error.code}`" in response["description"]
            if method != "HEAD":
                schema = json.dumps(response["content"]["application/problem+json"]["schema"])
                assert f'"{error.code}"' in schema


def test_a_reference_leads_somewhere() -> None:
    described = document()
    text = json.dumps(described)
    references = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}

    assert references <= set(described["components"]["schemas"])


def test_a_route_for_editors_or_readers_says_so() -> None:
    declared = {
        (method.upper(), path): [*operation.get("security", [{}])[0]]
        for method, path, operation in operations()
    }

    assert declared == {
        (method, path): [contract.security] if contract.security else []
        for path, method, _, contract in openapi.routes_of(app)
    }


@pytest.fixture
def article() -> Answer:
    """An answer as the document describes it."""
    body = http.dump(
        shapes.article(Shown(rows.article(), Tally(), (rows.article().summary.teaser,)))
    )
    return Answer(200, {"content-type": "application/json"}, body)


def with_body(answer: Answer, **changes: Any) -> Answer:
    return replace(answer, text=json.dumps(answer.body | changes))


def test_a_described_answer_passes(article: Answer) -> None:
    check_contract(app, "GET", ARTICLE, article)


def test_an_undescribed_status_fails(article: Answer) -> None:
    with pytest.raises(AssertionError):
        check_contract(app, "GET", ARTICLE, replace(article, status=418))


def test_an_undescribed_media_type_fails(article: Answer) -> None:
    html = replace(article, headers=article.headers | {"content-type": "text/html"})

    with pytest.raises(AssertionError):
        check_contract(app, "GET", ARTICLE, html)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "x"},
        {"title": None},
        {"revision": "1"},
        {"tally": {}},
        {"image": {"url": "x", "alt": "", "credit": "", "size": 1}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_undescribed_field_fails(article: Answer, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        check_contract(app, "GET", ARTICLE, with_body(article, **changes))


def test_a_missing_field_fails(article: Answer) -> None:
    shorter = replace(article, text=json.dumps(builders.without(article.body, "tally")))

    with pytest.raises(ValidationError):
        check_contract(app, "GET", ARTICLE, shorter)


@pytest.mark.parametrize("code", ["slug_taken", "review_not_found"])
def test_an_undescribed_code_fails(code: str) -> None:
    problem = http.problem(ArticleNotFoundError(), "").to_dict()
    missing = Answer(404, {"content-type": http.PROBLEM_TYPE}, problem["body"])

    with pytest.raises(ValidationError):
        check_contract(app, "GET", ARTICLE, with_body(missing, code=code))


def test_a_body_where_none_is_described_fails() -> None:
    with pytest.raises(AssertionError):
        check_contract(app, "DELETE", ARTICLE, Answer(204, {}, "{}"))


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("DELETE", "/articles")])
def test_an_answer_of_an_undescribed_route_fails(article: Answer, method: str, path: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        check_contract(app, method, path, article)
