"""`python -m tools.restore`: the restore drill of docs/operations.md, but for AWS's own part."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.store import client
from localdev import tables
from tests import builders, moto_tables, rows
from tests.actions import ARTICLE, edit, listed, submit, vote, withdraw
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults
from tools import rebuild, reconcile, restore

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, list[str], str]]
RESTORED = "plaudit-local-content-restored"


def content(table: str | None = None) -> list[dict[str, Any]]:
    """Give every row of a table of content."""
    found = boto3.client("dynamodb").scan(TableName=table or settings.current().content_table)
    return sorted(found["Items"], key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


@pytest.fixture
def restored(api: Api, deliver: Deliver, published: str) -> dict[str, Any]:
    """A table as recovery makes it, and what happened after its moment; gives a review."""
    review = submit(api, rating=4).body
    for reader in range(3):
        submit(api, email=f"{reader}@example.com", rating=5)
    vote(api, review)
    deliver()
    entry = {"kind": "word", "value": "casino"}
    blocked = api.post("/editor/blocks", entry, editor=True).body
    moto_tables.copy("ContentTable", RESTORED, with_rows=True)
    api.delete(f"/editor/blocks/{blocked['id']}", editor=True)
    edit(api, review, rating=1)
    submit(api, email="late@example.com", rating=1)
    api.put("/articles/late", builders.article())
    api.delete(ARTICLE, editor=True, If_Match="*")
    deliver()
    return dict(review)


@pytest.fixture(autouse=True)
def _tables_of_this_test_alone(aws: None) -> Any:
    yield
    names = boto3.client("dynamodb").list_tables()["TableNames"]
    if RESTORED in names:
        boto3.client("dynamodb").delete_table(TableName=RESTORED)


@pytest.fixture
def run(restored: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the tool; gives its status, the lines that it printed and its complaint."""

    def run_with(*arguments: str) -> tuple[int, list[str], str]:
        capsys.readouterr()
        status = restore.main(arguments)
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err

    return run_with


def test_the_drill_brings_back_what_was_and_counts_it(
    run: Run, restored: dict[str, Any], api: Api, deliver: Deliver
) -> None:
    status, lines, complaint = run(RESTORED, "--write")
    deliver()
    rebuild.main([])

    # The retracted article and its gate, the edited review, the block list; then what the
    # retracted one was, and the late review, article and gate.
    assert (status, lines, complaint) == (0, ["rows: 10, written: 4, deleted: 6"], "")
    assert content() == content(RESTORED)
    assert reconcile.main([]) == 0
    assert api.get(f"{ARTICLE}/tally").body["histogram"] == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 3}
    assert [one["slug"] for one in api.get("/articles").body["items"]] == [builders.SLUG]
    assert [one["slug"] for one in api.get("/articles?sort=top").body["items"]] == [builders.SLUG]
    assert len(listed(api)) == 4


def test_life_goes_on_after_the_drill(
    run: Run, restored: dict[str, Any], api: Api, deliver: Deliver
) -> None:
    run(RESTORED, "--write")
    deliver()
    rebuild.main([])

    edit(api, restored, rating=2)
    submit(api, email="late@example.com", rating=3)
    withdraw(api, restored)
    api.patch(ARTICLE, {"tags": ["anew"]}, editor=True, If_Match="*")
    api.put("/articles/late", builders.article())
    deliver()

    assert rows.numbers_of() == rows.recount_of()
    assert rows.numbers_of().count == 4
    assert {one["slug"] for one in api.get("/articles?sort=top").body["items"]} == {
        builders.SLUG,
        "late",
    }
    assert reconcile.main([]) == 0


def test_without_write_it_says_what_differs(run: Run) -> None:
    before = content()

    status, lines, _ = run(RESTORED)

    assert (status, lines) == (1, ["rows: 10, to write: 4, to delete: 6"])
    assert content() == before


def test_a_second_time_nothing_is_written(run: Run) -> None:
    run(RESTORED, "--write")

    with Faults(client.dynamodb()) as faults:
        status, lines, _ = run(RESTORED, "--write")

    assert (status, lines) == (0, ["rows: 10, written: 0, deleted: 0"])
    assert set(faults.calls) == {"Scan", "BatchGetItem"}
    assert run(RESTORED)[0] == 0


def test_a_run_that_broke_off_is_repeated(run: Run) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(4, "lost_answer")
        broken, _, complaint = run(RESTORED, "--write")

    status, _, _ = run(RESTORED, "--write")

    assert (broken, complaint) == (3, complaint)
    assert complaint.startswith("tools.restore: AWS does not answer")
    assert (status, content()) == (0, content(RESTORED))


def test_the_block_list_comes_back_with_the_rest(api: Api, run: Run) -> None:
    run(RESTORED, "--write")

    items = api.get("/editor/blocks", editor=True).body["items"]
    assert [one["value"] for one in items] == ["casino"]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("plaudit-local-content", "that is the content table itself"),
        ("plaudit-local-derived", "plaudit-local-derived holds other rows than those"),
        ("plaudit-local-empty", "plaudit-local-empty is empty"),
    ],
)
def test_a_wrong_table_changes_nothing(run: Run, table: str, complaint: str) -> None:
    if table.endswith("empty"):
        moto_tables.copy("ContentTable", table, with_rows=False)
    before = content()

    status, _, said = run(table, "--write")

    assert status == 2
    assert said.startswith(f"tools.restore: {complaint}")
    assert content() == before


def test_a_long_run_says_how_far_it_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore, "_STEP", 3)
    monkeypatch.setattr(restore, "_SAID", 6)

    _, lines, _ = run(RESTORED)

    assert lines[0] == f"… 6 rows of {RESTORED}"


def test_a_table_that_is_not_there_is_one_line(run: Run) -> None:
    status, _, complaint = run("no-such", "--write")

    assert (status, complaint.count("\n")) == (3, 1)
    assert tables.name("ContentTable", "local") == settings.current().content_table
