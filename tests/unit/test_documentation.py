"""The documents say what the code does: every route, code, setting and index, and no dead link."""

import ast
import builtins
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from app import app
from chalicelib import errors, metrics
from chalicelib.api import openapi, schemas
from chalicelib.rules import spam
from localdev import tables
from tests.client import described

ROOT: Final = Path(__file__).parent.parent.parent
MODULES: Final = sorted((ROOT / "chalicelib").rglob("*.py"))
PAGES: Final = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROUTE_HEADING: Final = re.compile(r"^### `([A-Z]+) (/[^`]*)`$")
LOGGED: Final = {"logs.write", "logs.failure", "write"}
RAISES: Final = re.compile(r"^ {4}(\w+):", re.MULTILINE)

Definition = ast.FunctionDef | ast.ClassDef


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def public_definitions(parent: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    for node in parent.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node)


def problems() -> set[type[errors.PlauditError]]:
    return {
        error
        for error in vars(errors).values()
        if isinstance(error, type)
        and issubclass(error, errors.PlauditError)
        and error is not errors.PlauditError
    }


def settings_named_in_the_code() -> set[str]:
    texts = {
        node.value
        for node in ast.walk(tree_of(ROOT / "chalicelib/settings.py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if re.fullmatch(r"[A-Z]+(_[A-Z]+)*", text)}


def events_in_the_code() -> set[str]:
    """Give every event that is logged by its name; the codes of errors come besides."""
    calls = (
        node
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in LOGGED
    )
    names = (call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant))
    return {name for name in names if isinstance(name, str)}


def table_after(heading: str, first: str) -> dict[str, str]:
    """Give the rows of the table with this first column, by what stands in it."""
    section = page("docs/operations.md").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = section.partition(f"| {first} |")[2].partition("\n\n")[0]
    return dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE))


def indexes() -> Iterator[tuple[str, dict[str, Any]]]:
    for table, resource in (("content", "ContentTable"), ("derived", "DerivedTable")):
        for index in tables.schema(resource)["GlobalSecondaryIndexes"]:
            yield table, index


def index_row(table: str, index: dict[str, Any]) -> str:
    keys = [f"`{part['AttributeName']}`" for part in index["KeySchema"]]
    projection = index["Projection"]
    copied = ", ".join(f"`{name}`" for name in projection.get("NonKeyAttributes", ()))
    cells = [table, f"`{index['IndexName']}`", keys[0], *(keys[1:] or [""])]
    cells.append(f"{projection['ProjectionType']} {copied}".strip())
    return re.sub(" +", " ", f"| {' | '.join(cells)} |")


def anchors(text: str) -> set[str]:
    """Give GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def relative_links(text: str) -> list[str]:
    links = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text))
    return [link for link in links if not re.match(r"[a-z]+:", link)]


def leads_nowhere(source: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (source.parent / path).resolve() if path else source
    if not target.exists():
        return True
    return bool(anchor) and anchor not in anchors(target.read_text(encoding="utf-8"))


def examples_of_answers() -> Iterator[tuple[str, str, Any]]:
    """Give method, path and body of every answer that api.md shows under a route."""
    for section in re.split(r"^(?=##)", page("docs/api.md"), flags=re.MULTILINE):
        heading = ROUTE_HEADING.match(section.partition("\n")[0])
        for language, text in FENCE.findall(section) if heading else ():
            body = text.partition("\n\n")[2] if language == "http" else text
            if heading and language in {"http", "json"} and body:
                yield heading[1], heading[2], json.loads(body)


def schema_of(method: str, path: str, body: Any) -> dict[str, Any]:
    document = described(app)
    schema: dict[str, Any] = {"$ref": "#/components/schemas/Problem"}
    if "request_id" not in body:
        responses = document["paths"][path][method.lower()]["responses"]
        answer = next(responses[status] for status in ("201", "202", "200") if status in responses)
        schema = answer["content"]["application/json"]["schema"]
    return {**schema, "components": document["components"]}


def is_error(name: str) -> bool:
    kind = getattr(builtins, name, None)
    return isinstance(kind, type) and issubclass(kind, Exception)


def raised_by(definition: Definition) -> list[str]:
    section = (ast.get_docstring(definition) or "").partition("Raises:\n")[2].partition("\n\n")[0]
    return RAISES.findall(section)


class TestApi:
    def test_every_route_has_a_section(self) -> None:
        lines = page("docs/api.md").splitlines()

        documented = {match.groups() for match in map(ROUTE_HEADING.match, lines) if match}

        routes = {(method, path) for path, method, _, _ in openapi.routes_of(app)}
        assert documented == {(method, path) for method, path in routes if method != "HEAD"}

    def test_every_route_stands_in_the_table_of_routes(self) -> None:
        table = page("docs/api.md").partition("## Routes")[2].partition("## Reading")[0]

        listed = set(re.findall(r"^\| \[`([A-Z]+) (/[^`]*)`\]", table, re.MULTILINE))

        routes = {(method, path) for path, method, _, _ in openapi.routes_of(app)}
        assert listed == {(method, path) for method, path in routes if method != "HEAD"}

    def test_every_problem_code_is_explained_with_its_status(self) -> None:
        rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", page("docs/api.md"), re.MULTILINE)

        documented = {(code, int(status)) for code, status in rows}

        assert documented == {(error.code, error.status) for error in problems()}

    def test_every_field_code_is_there_with_its_message(self) -> None:
        table = page("docs/api.md").partition("### Codes of fields")[2].partition("\n## ")[0]

        documented = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))

        assert documented == schemas.MESSAGES

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            pytest.param(*example, id=f"{example[0]} {example[1]} {number}")
            for number, example in enumerate(examples_of_answers())
        ],
    )
    def test_examples_fit_the_openapi_document(self, method: str, path: str, body: Any) -> None:
        schema = schema_of(method, path, body)

        faults = [error.message for error in Draft202012Validator(schema).iter_errors(body)]

        assert faults == []


def test_every_setting_has_a_row_in_the_table_of_settings() -> None:
    table = page("docs/operations.md").partition("## Settings")[2].partition("Two more")[0]

    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))

    assert documented == settings_named_in_the_code()


def test_every_event_of_the_log_is_explained() -> None:
    of_errors = {error.code for error in problems() if error.status >= 500}

    documented = set(table_after("Logs", "event"))

    assert documented == events_in_the_code() | of_errors


def test_every_metric_is_explained_with_its_event() -> None:
    documented = table_after("Metrics", "metric")

    assert documented.keys() == metrics.UNITS.keys()
    events = {event for row in documented.values() for event in re.findall(r"`([a-z]+)`", row)}
    assert events <= events_in_the_code()


def test_every_cause_that_the_reconciler_gives_is_explained() -> None:
    texts = {
        node.value
        for node in ast.walk(tree_of(ROOT / "chalicelib/workers/reconcile.py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    causes = {text for text in texts if re.fullmatch(r"(a|the) [a-z' ]+( \()?", text)}

    documented = page("docs/operations.md").partition("| cause | means |")[2].partition("\n\n")[0]

    assert len(causes) == 11
    assert {cause for cause in causes if f"`{cause}" not in documented} == set()


@pytest.mark.parametrize(
    "row", [pytest.param(index_row(*each), id=each[1]["IndexName"]) for each in indexes()]
)
def test_every_index_is_described_with_its_keys_and_projection(row: str) -> None:
    lines = page("docs/data-model.md").splitlines()

    described_rows = [re.sub(" +", " ", line) for line in lines]

    assert [line for line in described_rows if line.startswith(row)] != []


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_every_public_name_has_a_docstring(module: Path) -> None:
    tree = tree_of(module)

    bare = [node.name for node in public_definitions(tree) if not ast.get_docstring(node)]

    assert bare == []
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_docstrings_raise_only_errors_that_exist(module: Path) -> None:
    classes = [
        n for each in MODULES for n in ast.walk(tree_of(each)) if isinstance(n, ast.ClassDef)
    ]
    ours = {one.name for one in classes if one.name.endswith("Error")}

    definitions = [node for node in ast.walk(tree_of(module)) if isinstance(node, Definition)]
    raised = {name for definition in definitions for name in raised_by(definition)}

    assert {name for name in raised - ours if not is_error(name)} == set()


@pytest.mark.parametrize("source", PAGES, ids=named)
def test_every_relative_link_leads_somewhere(source: Path) -> None:
    links = relative_links(source.read_text(encoding="utf-8"))

    dead = [link for link in links if leads_nowhere(source, link)]

    assert dead == []


def test_every_test_that_the_checklist_names_exists() -> None:
    checklist = page("docs/security.md").partition("## Checklist")[2].partition("\n## ")[0]
    files = (ROOT / "tests").rglob("test_*.py")
    definitions = re.compile(r"^ *def (test_\w+)", re.MULTILINE)
    defined = {name for file in files for name in definitions.findall(file.read_text("utf-8"))}

    rows = re.findall(r"^\| (\d+) \|.*$", checklist, re.MULTILINE)
    named_there = set(re.findall(r"`(test_\w+)`", checklist))

    assert [int(number) for number in rows] == [*range(1, len(rows) + 1)]
    assert named_there - defined == set()


def test_every_reason_of_the_queue_is_explained() -> None:
    table = page("docs/moderation.md").partition("## Reasons")[2].partition("\n## ")[0]

    documented = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", table, re.MULTILINE))

    assert documented == spam.REASONS
