"""`python -m tools.desk`, against the real API over a real socket."""

import io
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from app import app
from chalicelib.guard import erasure
from localdev.gateway import HttpServer, RequestHandler
from tests import privacy
from tests.actions import listed, queued, report, submit
from tests.builders import SLUG
from tests.client import EDITOR_KEY, Api
from tools import calling, desk

pytestmark = [pytest.mark.usefixtures("published"), pytest.mark.slow]

Desk = Callable[..., tuple[int, str, str]]
LINKS = "https://a.example https://b.example https://c.example"


@pytest.fixture
def at(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """Run a command at the desk; gives its status, what it printed and its complaint."""
    monkeypatch.setenv("EDITOR_KEY", EDITOR_KEY)
    handler = partial(RequestHandler, app_object=app, config=Config())
    with HttpServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        def run(*arguments: str, url: str = "") -> tuple[int, str, str]:
            capsys.readouterr()
            where = url or f"http://127.0.0.1:{server.server_address[1]}"
            status = desk.main(["--url", where, *arguments])
            printed = capsys.readouterr()
            return status, printed.out, printed.err

        yield run
        server.shutdown()
        thread.join()


def waiting(api: Api, reader: str = "grace", **changes: Any) -> str:
    """Submit a review that waits; gives what the desk calls it."""
    body: dict[str, Any] = {"email": f"{reader}@example.com", "message": LINKS, **changes}
    return f"{SLUG}/{submit(api, **body).body['id']}"


def test_the_counts_are_shown_by_stars_and_together(
    at: Desk, api: Api, deliver: Callable[[], object]
) -> None:
    refused = waiting(api, rating=1)
    waiting(api, "ada", rating=1)
    submit(api, email="eve@example.com", rating=5)
    at("reject", refused)
    deliver()

    status, printed, _ = at("counts", SLUG)

    rows_ = [re.findall(r"\w+", line) for line in printed.splitlines() if "│" in line]
    assert status == 0
    assert rows_[0] == ["1", "2", "0", "1", "1", "0"]
    assert rows_[4:] == [["5", "1", "1", "0", "0", "0"], ["all", "3", "1", "1", "1", "0"]]
    assert at("counts", "missing")[0] == 1


def test_the_queue_shows_what_waits_and_why(at: Desk, api: Api) -> None:
    review = waiting(api, name="[red]Grace[/red]", rating=2)

    status, said, complaint = at("queue")

    assert (status, complaint) == (0, "")
    assert review in said
    assert "★★" in said
    assert "★★★" not in said
    assert "[red]Grace[/red]" in said
    assert "links" in said


def test_an_empty_queue_says_so(at: Desk) -> None:
    assert at("queue") == (0, "Nothing waits.\n", "")
    assert at("queue", "--status", "spam") == (0, "Nothing is taken for spam.\n", "")
    assert at("queue", "--status", "rejected") == (0, "Nothing is rejected.\n", "")
    assert at("blocks") == (0, "Nothing is blocked.\n", "")


def test_what_was_rejected_is_shown_and_published(at: Desk, api: Api) -> None:
    rejected = waiting(api, "grace")
    at("reject", rejected)

    assert rejected in at("queue", "--status", "rejected")[1]
    assert rejected not in at("queue")[1]
    assert at("publish", rejected)[0] == 0
    assert rejected not in at("queue", "--status", "rejected")[1]


def test_the_queue_goes_on_over_pages_up_to_its_most(at: Desk, api: Api) -> None:
    for number in range(102):
        waiting(api, f"reader-{number}")

    assert at("queue", "--most", "101")[1].count(f"{SLUG}/") == 101
    assert at("queue", "--most", "3")[1].count(f"{SLUG}/") == 3
    assert at("queue", "--most", "200")[1].count(f"{SLUG}/") == 102


def test_a_long_message_is_cut_and_a_proposal_named(at: Desk, api: Api) -> None:
    first = submit(api).body
    submit(api, message="long " * 100)

    said = at("queue")[1]

    assert "…" in said
    assert "a change of" in said
    assert "— now: ★★★★★ Clear" in " ".join(said.split())
    assert first["id"] in said


def test_spam_is_shown_and_published(at: Desk, api: Api) -> None:
    spam = f"{SLUG}/{submit(api, website='x').body['id']}"

    assert spam in at("queue", "--status", "spam")[1]
    assert at("publish", spam, "--note", "A person.") == (0, f"changed           {spam}\n", "")
    assert [f"{SLUG}/{one['id']}" for one in listed(api)] == [spam]


def test_many_are_decided_at_once_each_with_a_line(at: Desk, api: Api) -> None:
    reviews = [waiting(api, f"reader-{number}") for number in range(26)]
    missing = f"{SLUG}/01ARZ3NDEKTSV4RRFFQ69G5FAV"

    status, said, _ = at("reject", *reviews, missing)

    assert status == 1
    assert said.splitlines() == [
        *(f"changed           {one}" for one in reviews),
        f"review_not_found  {missing}",
    ]
    assert at("reject", reviews[0])[1] == f"unchanged         {reviews[0]}\n"
    assert queued(api) == []


def test_a_reply_is_public(at: Desk, api: Api) -> None:
    review = f"{SLUG}/{submit(api).body['id']}"

    assert at("reply", review, "Thank you.") == (0, f"replied  {review}\n", "")
    assert listed(api)[0]["reply"]["message"] == "Thank you."


def test_entries_come_and_go(at: Desk) -> None:
    blocked = at("block", "word", "Casino", "--hold", "--note", "Since March.")
    entry = blocked[1].split()[-1]
    privacy.remember("spammer@example.com")
    at("block", "reader", "spammer@example.com")

    said = at("blocks")[1]

    assert blocked[0] == 0
    assert all(word in said for word in (entry, "casino", "hold", "ada", "Since March."))
    assert "(kept as a hash)" in said
    assert "spammer" not in said
    assert at("unblock", entry) == (0, f"unblocked  {entry}\n", "")
    assert entry not in at("blocks")[1]


def test_the_queue_is_narrowed(at: Desk, api: Api) -> None:
    one, two = waiting(api, "one", rating=1), waiting(api, "two", rating=2)

    assert one in at("queue", "--article", SLUG, "--reason", "links", "--stars", "1")[1]
    assert two not in at("queue", "--stars", "1")[1]
    assert at("queue", "--article", "second-light") == (0, "Nothing waits.\n", "")


def test_what_was_reported_says_for_what(at: Desk, api: Api) -> None:
    report(api, submit(api).body, "offensive")

    assert "offensive × 1" in at("queue", "--status", "reported")[1]


def test_the_history_says_who_decided_what(at: Desk, api: Api) -> None:
    review = waiting(api, rating=2)
    at("reject", review, "--note", "Rude.")

    whole, its = at("history", SLUG)[1], at("history", review)[1]

    assert "publish_article" in whole
    assert "nothing" in whole
    assert "publish_article" not in its
    for word in ("ada", "reject", "pending, 2★", "rejected, 2★", "Rude."):
        assert word in whole
        assert word in its


def test_an_article_is_frozen_and_open_again(at: Desk, api: Api) -> None:
    status, said, _ = at("freeze", SLUG)

    assert (status, said.startswith(f"frozen  {SLUG}  from 2")) == (0, True)
    assert submit(api).code == "reviews_frozen"
    assert at("unfreeze", SLUG) == (0, f"open  {SLUG}\n", "")
    assert submit(api).status == 201
    at("freeze", SLUG, "--after-days", "7")
    assert submit(api, email="alan@example.com").status == 201
    assert "frozen from" in at("history", SLUG)[1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("history", "no-such"), "history: 404 article_not_found: "),
        (("freeze", "no-such"), "freeze: 404 article_not_found: "),
        (("unfreeze", "no-such"), "unfreeze: 404 article_not_found: "),
        (("publish", f"{SLUG}/nothing"), "publish: /decisions/0/id: Please check this field.\n"),
        (
            ("reply", f"{SLUG}/nothing", "x"),
            "reply: 404 review_not_found: There is no",
        ),
        (
            ("unblock", "nothing"),
            "unblock: 404 block_not_found: The block",
        ),
        (("block", "network", "0.0.0.0/0"), "block: /value: Please enter a word, a domain"),
    ],
)
def test_a_refusal_is_a_line(at: Desk, arguments: tuple[str, ...], complaint: str) -> None:
    status, said, complained = at(*arguments)

    assert (status, said) == (1, "")
    assert complained.startswith(complaint)


@pytest.mark.parametrize("command", [("queue",), ("blocks",)])
def test_a_key_that_is_none_is_said(
    at: Desk, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("EDITOR_KEY", "nobodys")

    status, _, complaint = at(*command)

    assert (status, complaint.split(": ")[1]) == (1, "401 unauthorized")


def test_where_nobody_answers_is_said(at: Desk) -> None:
    status, _, complaint = at("queue", url="http://127.0.0.1:9")

    assert status == 1
    assert complaint.startswith("Cannot reach http://127.0.0.1:9")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("dance",),
        ("publish",),
        ("publish", "first-light"),
        ("publish", "/01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("block", "planet", "mars"),
        ("queue", "--most", "many"),
    ],
)
def test_a_command_line_that_is_wrong_ends_with_2(at: Desk, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        at(*arguments)

    assert ended.value.code == 2


def test_without_a_key_it_asks_for_one(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR_KEY")

    with pytest.raises(SystemExit) as ended:
        at("queue")

    assert ended.value.code == 2


class _Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put text on standard input: piped, or typed by a person."""

    def put(text: str, *, person: bool = False) -> None:
        monkeypatch.setattr(sys, "stdin", _Terminal(text) if person else io.StringIO(text))

    return put


Typing = Callable[..., None]
EMAIL = "grace@example.com"


def test_all_that_is_held_of_an_address_is_printed_as_json(
    at: Desk, api: Api, typing: Typing
) -> None:
    submit(api)
    for number in range(22):
        submit(api, message=f"Ünother thought {number}.")
    typing(f" {EMAIL.upper()}\n")

    status, said, complaint = at("export")

    held = json.loads(said)
    assert (status, complaint, held["contact"]) == (0, "", None)
    assert len({one["id"] for one in held["items"]}) == 23
    assert "Ünother" in said


def test_it_goes_into_a_new_file_that_is_nobody_elses(
    at: Desk, api: Api, typing: Typing, tmp_path: Path
) -> None:
    submit(api)
    file = tmp_path / "export.json"
    typing(EMAIL)
    first = at("export", "--output", str(file))
    typing(EMAIL)
    again = at("export", "--output", str(file))

    assert first == (0, f"written  {file}  1 reviews and changes\n", "")
    assert (again[0], again[2]) == (1, f"export: {file}: File exists\n")
    assert len(json.loads(file.read_text(encoding="utf-8"))["items"]) == 1
    assert file.stat().st_mode & 0o777 == 0o600


def test_all_is_erased_with_a_receipt_for_each_request(
    at: Desk, api: Api, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "MOST", 2)
    submit(api)
    for number in range(2):
        submit(api, message=f"On thought {number}.")
    typing(f"{EMAIL}\n")

    status, said, complaint = at("erase")

    rows = [line.split("│")[3:7] for line in said.splitlines() if line.startswith("│ 0")]
    assert (status, complaint) == (0, "")
    assert [[cell.strip() for cell in row] for row in rows] == [
        *(["0", "2", "no", "no"], ["1", "0", "no", "yes"])
    ]
    assert listed(api) == []
    assert list(privacy.found_in(said)) == []


def test_a_person_types_the_address_twice_before_it_is_erased(
    at: Desk, api: Api, typing: Typing
) -> None:
    submit(api)
    typing(f"{EMAIL}\nada@example.com\n", person=True)
    other = at("erase")
    typing(f"{EMAIL}\n{EMAIL}\n", person=True)
    same = at("erase")

    assert (other[0], other[1]) == (2, "")
    assert other[2].endswith("These are two addresses.\n")
    assert (same[0], same[2]) == (0, "Address: Once more, to erase it for good: ")
    assert listed(api) == []


@pytest.mark.parametrize("verb", ["export", "erase"])
def test_no_address_is_no_question(at: Desk, typing: Typing, verb: str) -> None:
    typing("\n")

    status, said, complaint = at(verb)

    assert (status, said) == (2, "")
    assert complaint == "Give the address on standard input, in one line.\n"


@pytest.mark.parametrize(("verb", "printed"), [("export", ""), ("erase", "There is no receipt.\n")])
def test_what_is_no_address_is_refused_and_not_repeated(
    at: Desk, typing: Typing, verb: str, printed: str
) -> None:
    typing("canary\n")

    status, said, complaint = at(verb)

    assert (status, said) == (1, printed)
    assert complaint == f"{verb}: /email: Please enter a valid email address.\n"


def test_receipts_are_shown_though_nobody_answers_any_more(
    at: Desk, api: Api, typing: Typing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "MOST", 1)
    submit(api)
    submit(api, message="On second thought.")
    send, sent = calling.Caller.send, iter(range(9))

    def once(self: Any, *arguments: Any) -> Any:
        if next(sent):
            msg = "Cannot reach it"
            raise calling.UnreachableError(msg)
        return send(self, *arguments)

    monkeypatch.setattr(calling.Caller, "send", once)
    typing(EMAIL)

    status, said, complaint = at("erase")

    assert (status, complaint) == (1, "Cannot reach it\n")
    assert said.count("│ 01") == 1


@pytest.mark.parametrize("verb", ["export", "erase"])
def test_no_command_line_takes_an_address(
    at: Desk, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        at(verb, EMAIL)

    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err
