"""`python -m tools.rebuild`: derived can be lost whole, and is made again from content."""

import itertools
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from chalicelib import settings
from chalicelib.store import client, items, keys, tallies
from chalicelib.workers import reconcile
from localdev import tables
from tests import builders, moto_tables, rows
from tests.actions import REVIEWS, decide, edit, submit, withdraw
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults
from tests.iam import Recorder
from tools import forgetting, rebuild, relisting

pytestmark = pytest.mark.slow

Run = Callable[..., tuple[int, list[str], str]]
LISTS = (
    "/articles",
    "/articles?tag=optics",
    "/articles?author=Grace%20Hopper",
    "/articles?sort=top",
    "/articles?sort=top&tag=astronomy",
)


def derived() -> list[dict[str, Any]]:
    """Give every row of derived, without what tells when and how often it was written."""
    table = settings.current().derived_table
    found = boto3.client("dynamodb").scan(TableName=table)["Items"]
    kept = [row for row in found if not _only_remembers(row)]
    return sorted((_settled(row) for row in kept), key=lambda row: (row["pk"]["S"], row["sk"]["S"]))


def _only_remembers(row: Any) -> bool:
    """Tell rows that say which write was seen last, and count and list nothing."""
    is_tally = row["sk"] == {"S": "TALLY"}
    counts_nothing = row.get("contribution") == {"N": "0"} and "outcomes" not in row
    is_empty = row.get("articles") == {"L": []}
    return is_empty or counts_nothing or (is_tally and "rank" not in row)


def _settled(row: Any) -> dict[str, Any]:
    # An entry's revision says up to which write it is known to be right; an
    # edit of the words alone leaves it behind, and the rebuilt one is ahead.
    timing = (
        {"as_of", "revision", "counts_as_of", "counts_revision", "moves"}
        if row["pk"]["S"].startswith("T#")
        else set()
    )
    return {name: value for name, value in row.items() if name not in timing}


def wipe() -> None:
    """Lose derived whole."""
    moto_tables.lose(tables.name("DerivedTable", "local"))


def public_answers(api: Api) -> dict[str, Any]:
    """Give what the public reads, without revisions and dates of tallies."""
    answers = {path: api.get(path).body for path in LISTS}
    for slug in ("first-light", "dusk"):
        answers[slug] = api.get(f"/articles/{slug}").body
    for page in answers.values():
        for one in page.get("items", [page]):
            one["tally"] |= {"as_of": None, "revision": 0}
    return answers


@pytest.fixture
def house(api: Api, deliver: Deliver, setting: Callable[..., None]) -> Api:
    """Articles and reviews in every status, all counted."""
    api.put("/articles/first-light", builders.article())
    api.put(
        "/articles/dusk", builders.article(tags=["optics", "beginnings"], author="Grace Hopper")
    )
    api.put("/articles/draft", builders.article(status="draft"))
    api.put("/articles/gone", builders.article())
    api.delete("/articles/gone", editor=True, If_Match="*")
    counted = submit(api, rating=4).body
    edit(api, counted, message="Still clear.")
    edit(api, submit(api, email="a@example.com", rating=1).body, rating=2)
    withdraw(api, submit(api, email="b@example.com").body)
    api.post(REVIEWS.replace("first-light", "dusk"), builders.submission(rating=3))
    setting(MODERATION="approve_first")
    submit(api, email="c@example.com")
    decide(api, (submit(api, email="d@example.com").body, "reject"))
    decide(api, (submit(api, email="e@example.com", rating=5).body, "publish"))
    deliver()
    return api


@pytest.fixture
def run(house: Api, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the tool; gives its status, the lines that it printed and its complaint."""

    def run_with(*arguments: str) -> tuple[int, list[str], str]:
        capsys.readouterr()
        status = rebuild.main(arguments)
        printed = capsys.readouterr()
        lines = [line for line in printed.out.splitlines() if not line.startswith("{")]
        return status, lines, printed.err

    return run_with


def test_a_lost_table_is_made_again_from_content(run: Run, house: Api) -> None:
    before, answers = derived(), public_answers(house)
    wipe()

    status, lines, complaint = run()

    assert (status, complaint) == (0, "")
    assert lines[-1] == "articles: 4, rebuilt: 4, to rebuild: 0, strays: 0, unreadable: 0"
    assert derived() == before
    assert public_answers(house) == answers


def test_the_reconciler_finds_nothing_afterwards(run: Run) -> None:
    wipe()
    run()

    assert run("--dry-run")[:2] == (
        0,
        ["articles: 4, rebuilt: 0, to rebuild: 0, strays: 0, unreadable: 0"],
    )


def test_a_second_time_nothing_is_written(run: Run) -> None:
    wipe()
    run()

    with Faults(client.dynamodb()) as faults:
        status, lines, _ = run()

    assert (status, lines[-1].partition(",")[0]) == (0, "articles: 4")
    assert not {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"} & set(faults.calls)


def test_a_dry_run_says_what_differs_and_writes_nothing(run: Run) -> None:
    wipe()

    status, lines, _ = run("--dry-run")

    assert (status, derived()) == (1, [])
    assert lines[-1] == "articles: 4, rebuilt: 0, to rebuild: 4, strays: 0, unreadable: 0"
    assert any(line.startswith("first-light: 5 rows of lists; ") for line in lines)


def test_one_article_can_be_rebuilt_alone(run: Run) -> None:
    wipe()

    status, lines, _ = run("--article", "dusk")

    assert (status, lines[-1].partition(",")[0]) == (0, "articles: 1")
    assert {row["pk"]["S"] for row in derived()} == {
        "T#dusk",
        "LIST#all",
        "LIST#status:published",
        "LIST#tag:optics",
        "LIST#tag:beginnings",
        "LIST#author:Grace Hopper",
    }


def test_articles_that_are_rebuilt_alone_are_related_to_each_other(run: Run, house: Api) -> None:
    before = derived()
    wipe()

    for slug in ("first-light", "dusk", "draft", "gone"):
        assert run("--article", slug)[0] == 0

    assert derived() == before
    assert [one["slug"] for one in house.get("/articles/dusk").body["related"]] == ["first-light"]


def test_what_is_related_is_made_again_when_all_lists_are_right(run: Run, house: Api) -> None:
    table = settings.current().derived_table
    kept = {"articles": {"L": []}, "revision": {"N": "3"}}
    client.write({"Put": {"TableName": table, "Item": keys.related("dusk") | kept}})
    looked = run("--dry-run")

    status, lines, _ = run()

    assert (looked[0], looked[1][0]) == (1, "dusk: the related articles are out of date")
    assert (status, lines[-1].split(", ")[1]) == (0, "rebuilt: 1")
    assert [one["slug"] for one in house.get("/articles/dusk").body["related"]] == ["first-light"]


def test_an_article_that_is_not_there_is_one_line(run: Run) -> None:
    assert run("--article", "no-such") == (2, [], "tools.rebuild: there is no such article\n")


def test_rows_of_lists_that_an_article_has_left_are_taken_out(run: Run, house: Api) -> None:
    before = derived()
    table = settings.current().derived_table
    for row in (
        keys.key("LIST#tag:old", "2026-03-14T08:00:00Z#dusk") | {"slug": {"S": "dusk"}},
        keys.key("LIST#all", "2020-01-01T00:00:00Z#no-such") | {"slug": {"S": "no-such"}},
        keys.key("LIST#all", "2020-01-02T00:00:00Z#"),
    ):
        client.write({"Put": {"TableName": table, "Item": row}})
    looked = run("--dry-run")

    status, lines, _ = run()

    assert (looked[0], looked[1][-1].split(", ")[3]) == (1, "strays: 3")
    assert (status, lines[-1].split(", ")[3]) == (0, "strays: 3")
    assert "dusk: a stray row of LIST#tag:old" in lines
    assert derived() == before


def test_an_article_that_content_does_not_know_loses_its_tally(run: Run, house: Api) -> None:
    """As after a restore of content to a moment before the article and its reviews."""
    moto_tables.forget(tables.name("ContentTable", "local"), "A#dusk")

    status, lines, _ = run()

    assert status == 0
    assert any(line.startswith("dusk: a ledger entry has no readable review") for line in lines)
    assert rows.counted_of("dusk") == rows.counted_of("never-seen")
    assert not any(row["pk"]["S"] == "T#dusk" for row in derived())
    assert [one["slug"] for one in house.get("/articles?sort=top").body["items"]] == ["first-light"]
    assert run("--dry-run")[0] == 0


def test_a_row_with_a_foreign_key_is_named(run: Run) -> None:
    rows.put(items.article_item(rows.article()) | {"pk": {"S": "elsewhere"}})

    status, lines, _ = run()

    assert status == 1
    assert "unknown article: the key of its row cannot be read" in lines
    assert lines[-1].endswith("unreadable: 1")


def test_what_cannot_be_read_is_named_and_the_rest_is_made(run: Run, house: Api) -> None:
    wipe()
    rows.put(items.review_item(rows.review(7, slug="dusk")) | {"rating": {"N": "9"}})
    article = items.article_item(rows.article())
    rows.put(article | {"pk": {"S": "A#broken"}, "title": {"N": "1"}})

    status, lines, _ = run()

    assert status == 1
    assert any(line.startswith("broken: the article cannot be read (") for line in lines)
    assert any(line.startswith("dusk: a review cannot be read (") for line in lines)
    assert lines[-1].startswith("articles: 5, rebuilt: 4,")
    assert house.get("/articles/dusk/tally").body["count"] == 1


def test_a_row_of_an_article_that_cannot_be_read_is_left(run: Run) -> None:
    rows.put(items.article_item(rows.article()) | {"pk": {"S": "A#dusk"}, "title": {"N": "1"}})

    _, lines, _ = run()

    assert lines[-1].split(", ")[3] == "strays: 0"


def test_an_article_that_changes_meanwhile_keeps_its_own_rows(run: Run, house: Api) -> None:
    wipe()

    def publish_anew() -> None:
        house.patch("/articles/dusk", {"tags": ["dusk"]}, editor=True, If_Match="*")

    with Faults(client.dynamodb()) as faults:
        # find, the rows that are there, then the transaction.
        faults.meanwhile(3, publish_anew)
        status, _, _ = run("--article", "dusk")

    assert status == 0
    listed = {row["pk"]["S"] for row in derived() if row["pk"]["S"].startswith("LIST#")}
    assert listed == {
        "LIST#all",
        "LIST#status:published",
        "LIST#tag:dusk",
        "LIST#author:Grace Hopper",
    }


def test_an_article_that_never_holds_still_is_left_to_the_next_run(run: Run, house: Api) -> None:
    wipe()
    numbers = itertools.count()

    def change() -> None:
        title = {"title": f"Dusk {next(numbers)}"}
        house.patch("/articles/dusk", title, editor=True, If_Match="*")
        wipe()
        faults.meanwhile(4, change)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(4, change)
        status, _, complaint = run("--article", "dusk")

    assert (status, complaint) == (3, "tools.rebuild: AWS does not answer: try again later\n")


def test_reviews_and_their_records_may_come_meanwhile(
    run: Run, house: Api, deliver: Deliver, setting: Callable[..., None]
) -> None:
    setting(MODERATION="publish_first")
    wipe()

    def go_on() -> None:
        submit(house, email="late@example.com", rating=1)
        deliver()

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(7, go_on)
        run()
    deliver()

    assert rows.numbers_of() == rows.recount_of()
    assert rows.sum_of_ledger() == rows.recount_of()
    assert run("--dry-run")[0] == 0


@pytest.mark.parametrize("call", [2, 6, 14])
@pytest.mark.parametrize("kind", ["timeout", "lost_answer"])
def test_a_run_that_broke_off_is_repeated(run: Run, call: int, kind: Any) -> None:
    before = derived()
    wipe()
    with Faults(client.dynamodb()) as faults:
        faults.fail(call, kind)
        broken, _, complaint = run()

    status, _, _ = run()

    assert (broken, complaint.startswith("tools.rebuild: AWS does not answer")) == (3, True)
    assert status == 0
    assert derived() == before


def test_content_restored_into_a_new_table_serves_again(
    run: Run, house: Api, setting: Callable[..., None], policies: Recorder
) -> None:
    """The drill of docs/operations.md: point-in-time recovery makes a new table with a new name."""
    answers = public_answers(house)
    restored = {}
    for resource, kept in (("ContentTable", True), ("DerivedTable", False)):
        old = tables.name(resource, "local")
        restored[resource] = f"{old}-restored"
        moto_tables.copy(resource, restored[resource], with_rows=kept)
    setting(CONTENT_TABLE=restored["ContentTable"], DERIVED_TABLE=restored["DerivedTable"])

    status, lines, _ = run()

    assert (status, lines[-1].partition(",")[0]) == (0, "articles: 4")
    assert public_answers(house) == answers
    # The policies are those of the stage's own tables.
    policies.forget()


def test_an_entry_that_counts_again_meanwhile_is_not_forgotten(run: Run, house: Api) -> None:
    digest = rows.digest(7)
    rows.put(rows.review(7, slug="dusk"))
    reconcile.reconcile("dusk", repair=True)
    before = rows.ledger_of("dusk")

    forgetting.forget_entry("dusk", digest, before[digest].revision)

    assert rows.ledger_of("dusk") == before


def test_a_tally_of_an_article_that_cannot_be_read_is_kept(run: Run) -> None:
    rows.put(items.article_item(rows.article()) | {"pk": {"S": "A#gone"}, "title": {"N": "1"}})

    run()
    run("--article", "gone")

    assert tallies.read_standing("gone").article_revision > 0


def test_a_row_that_vanished_meanwhile_is_no_fault(house: Api) -> None:
    stray = relisting.Listed("LIST#all", "2020-01-01T00:00:00Z#dusk", "dusk")

    assert not relisting.unlist(stray, None)
