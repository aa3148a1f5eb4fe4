"""`python -m tools.reconcile`: what an operator reads, and what a script gets."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from chalicelib.model import now
from chalicelib.rules.ratings import recount
from chalicelib.store import client, items, keys, quarantine
from tests import builders, rows
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults
from tests.functional.test_reconcile import LOST, count
from tools import reconcile

Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def articles(api: Api, deliver: Deliver) -> None:
    for slug in ("lamp", "moth"):
        api.put(f"/articles/{slug}", builders.article())
    deliver()


@pytest.fixture
def run(articles: None, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the tool; gives its status, the lines that it printed and its complaint."""

    def run_with(*arguments: str) -> tuple[int, list[str], str]:
        capsys.readouterr()
        status = reconcile.main(arguments)
        printed = capsys.readouterr()
        return status, printed.out.splitlines(), printed.err

    return run_with


def break_review(slug: str, sequence_number: int) -> None:
    """Store a review that cannot be read, and let the worker put its record aside."""
    broken = items.review_item(rows.review(7, slug=slug)) | {"rating": {"N": "9"}}
    rows.put(broken)
    count(rows.record_of(None, broken, sequence_number))


def test_it_says_when_all_is_right(run: Run) -> None:
    status, lines, complaint = run()

    assert (status, complaint) == (0, "")
    assert lines == ["articles: 2, drifted: 0, quarantined: 0"]


def test_it_says_what_is_wrong_and_changes_nothing(run: Run) -> None:
    rows.put(rows.review(1, 4, slug="moth"), rows.review(2, 5, slug="moth"))

    status, lines, _ = run()

    assert status == 1
    assert lines == [
        "moth: expected count 2, total 9, stars 0/0/0/1/1;"
        " stored count 0, total 0, stars 0/0/0/0/0",
        f"    {LOST} (2 times)",
        "articles: 2, drifted: 1, quarantined: 0",
    ]
    assert rows.numbers_of("moth") == recount([])


def test_it_repairs_when_told_to_and_still_reports_what_it_found(run: Run) -> None:
    rows.put(rows.review(1, 4, slug="moth"))

    first, lines, _ = run("--repair")
    second, _, _ = run("--repair")

    assert (first, second) == (1, 0)
    assert lines[1:] == [f"    {LOST}; repaired", "articles: 2, drifted: 1, quarantined: 0"]
    assert rows.numbers_of("moth") == recount([4])


def test_it_says_what_it_could_not_repair(run: Run) -> None:
    rows.put(items.review_item(rows.review(1, slug="moth")) | {"rating": {"N": "9"}})
    rows.put(rows.review(2, 4, slug="moth"))

    status, lines, _ = run("--repair")

    unreadable = "a review cannot be read (review_from: ValueError)"
    assert status == 1
    assert lines[1] == f"    {unreadable}; {LOST}; not repaired: {unreadable}"
    assert rows.numbers_of("moth") == recount([4])


def test_it_looks_at_one_article_alone(run: Run) -> None:
    rows.put(rows.review(1, 4, slug="moth"))

    lamp, lamp_lines, _ = run("--article", "lamp", "--repair")
    moth, moth_lines, _ = run("--article", "moth")

    assert (lamp, lamp_lines) == (0, ["articles: 1, drifted: 0, quarantined: 0"])
    assert (moth, moth_lines[-1]) == (1, "articles: 1, drifted: 1, quarantined: 0")


def test_it_leaves_young_writes_to_the_stream(run: Run) -> None:
    rows.put(rows.review(1, 4, slug="moth", changed_at=now()))

    patient, _, _ = run("--grace", "900")
    strict, _, _ = run()

    assert (patient, strict) == (0, 1)


def test_it_lists_what_is_in_quarantine(run: Run) -> None:
    break_review("moth", 44)
    rows.delete(keys.review("moth", rows.review(7).key))

    status, lines, _ = run()

    assert status == 1
    record, summary = lines
    assert record.startswith("quarantined: moth, record 44, 2")
    assert record.endswith("Z, review_from: ValueError")
    assert summary == "articles: 2, drifted: 0, quarantined: 1"


def test_it_releases_what_is_settled_when_told_to_repair(run: Run) -> None:
    break_review("moth", 44)
    rows.delete(keys.review("moth", rows.review(7).key))

    status, lines, _ = run("--repair")

    assert (status, lines) == (0, ["articles: 2, drifted: 0, quarantined: 0"])
    assert quarantine.list_all() == []


def test_the_quarantine_of_other_articles_is_not_that_of_the_one(run: Run) -> None:
    break_review("moth", 44)
    count(rows.record_of(None, items.review_item(rows.review()) | {"pk": {"S": "A#"}}, 45))

    lamp, _, _ = run("--article", "lamp")
    _, lines, _ = run()

    assert lamp == 0
    assert [line.split(", 2")[0] for line in lines if line.startswith("quarantined")] == [
        "quarantined: moth, record 44",
        "quarantined: unknown article, record 45",
    ]


@pytest.mark.parametrize("slug", ["quiet", "", "Not a slug"])
def test_an_unknown_article_is_bad_usage(run: Run, slug: str) -> None:
    status, lines, complaint = run("--article", slug)

    assert (status, lines) == (2, [])
    assert complaint == "tools.reconcile: there is no such article\n"


def test_an_article_that_cannot_be_read_is_known(run: Run) -> None:
    rows.put(items.article_item(rows.article(slug="lamp")) | {"title": {"N": "1"}})

    status, lines, _ = run("--article", "lamp")

    assert status == 1
    assert lines[1] == "    the article cannot be read (article_from: TypeError)"


@pytest.mark.parametrize(
    "arguments",
    [("--grace", "soon"), ("--grace", "-1"), ("--grace", "1.5"), ("--fix",), ("lamp",)],
)
def test_a_command_line_that_cannot_be_read_is_bad_usage(run: Run, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        run(*arguments)

    assert raised.value.code == 2


def test_a_missing_setting_is_bad_usage(run: Run, setting: Callable[..., None]) -> None:
    setting(DERIVED_TABLE=None)

    status, _, complaint = run()

    assert (status, complaint) == (2, "tools.reconcile: DERIVED_TABLE is not set\n")


def test_throttling_is_one_line(run: Run) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(1, "throttle")
        status, _, complaint = run()

    assert status == 3
    assert complaint.startswith("tools.reconcile: AWS does not answer: ")
    assert "ThrottlingException" in complaint
    assert complaint.count("\n") == 1


def test_a_table_that_is_not_there_is_one_line(run: Run, setting: Callable[..., None]) -> None:
    setting(DERIVED_TABLE="no-such-table")

    status, _, complaint = run()

    assert status == 3
    assert "ResourceNotFoundException" in complaint
    assert complaint.count("\n") == 1


def test_missing_credentials_are_one_line(run: Run) -> None:
    events = client.dynamodb().meta.events

    def refuse(**_: Any) -> None:
        raise NoCredentialsError

    events.register("before-call.dynamodb", refuse)
    status, _, complaint = run()
    events.unregister("before-call.dynamodb", refuse)

    said = "no credentials: set AWS_PROFILE, or run aws configure or aws sso login"
    assert (status, complaint) == (3, f"tools.reconcile: {said}\n")


def test_it_is_a_command() -> None:
    command = [sys.executable, "-m", "tools.reconcile", "--grace", "soon"]

    ended = subprocess.run(  # noqa: S603 - our own interpreter and module
        command,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 2
    assert "usage: python -m tools.reconcile" in ended.stderr
