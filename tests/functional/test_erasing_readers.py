"""Whoever answers to a reader gives out all that is held of them, and ends it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.guard import editors, erasure, secrets
from chalicelib.model import Editor, Outcome, ReviewStatus
from chalicelib.notices import links
from chalicelib.store import attributes, client, contacts, decisions, keys, reviews
from tests import builders, privacy, rows
from tests.actions import (
    ARTICLE,
    DECISIONS,
    QUEUE,
    REVIEWS,
    decide,
    edit,
    listed,
    queued,
    report,
    stored,
    submit,
    vote,
    withdraw,
)
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults, Kind
from tests.functional import notifying
from tests.functional.notifying import MAIL
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

EMAIL = "Zephyrine.Q@example.com"
NAME, WORDS, SECOND = "Zephyrine", "A quixotic telescope.", "A lugubrious telescope."
NOTE, REPLY, REPORTED = "Zephyrine again.", "Thank you, Zephyrine.", "I know Zephyrine."
PERSONAL = (EMAIL, NAME, "quixotic", "lugubrious")

Setting = Callable[..., None]


def export(api: Api, email: str = EMAIL, query: str = "") -> Answer:
    path = f"/editor/readers/export{query}"
    return api.post(path, {"email": email}, editor=True, tells_reader=True)


def erase(api: Api, email: str = EMAIL) -> Answer:
    return api.post("/editor/readers/erase", {"email": email}, editor=True)


def counts(answer: Answer) -> tuple[int, int, bool, bool]:
    assert answer.status == 200, answer.text
    names = ("reviews", "proposals", "contact", "is_complete")
    reviews_, proposals, contact, is_complete = (answer.body[name] for name in names)
    return reviews_, proposals, contact, is_complete


def write(api: Api, **changes: Any) -> dict[str, Any]:
    fields = {"email": EMAIL, "name": NAME, "message": WORDS, **changes}
    review: dict[str, Any] = submit(api, **fields).body
    return review


def every_row() -> list[dict[str, Any]]:
    tables = settings.current().content_table, settings.current().derived_table
    return [row for name in tables for row in client.dynamodb().scan(TableName=name)["Items"]]


def receipts() -> list[dict[str, Any]]:
    found = [row for row in every_row() if row["pk"]["S"] == "ERASURES"]
    return [attributes.unpack(row) for row in found]


def before_of(ended: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["before"] for one in ended.values()]


def reader() -> str:
    return keys.reader(secrets.current().reader_secret, EMAIL)


def reply(api: Api, review: dict[str, Any]) -> None:
    path = f"/editor{REVIEWS}/{review['id']}/reply"
    assert api.put(path, {"message": REPLY}).status == 200


def a_life(api: Api, setting: Setting) -> list[dict[str, Any]]:
    """Let a reader do everything; a review, a proposal, spam and what was withdrawn."""
    setting(**MAIL)
    api.put("/articles/second-light", builders.article())
    api.put("/articles/third-light", builders.article())
    review = write(api, notify=True)
    reply(api, review)
    proposal = write(api, message=SECOND, rating=2)
    decided = {"slug": builders.SLUG, "id": proposal["id"], "decision": "reject", "note": NOTE}
    assert api.post(DECISIONS, {"decisions": [decided]}, editor=True).status == 200
    assert vote(api, review).status == 200
    assert report(api, review, message=REPORTED).status == 204
    trapped = builders.submission(email=EMAIL, name=NAME, message=WORDS, website="https://a.b")
    spam = api.post("/articles/second-light/reviews", trapped).body
    gone_body = builders.submission(email=EMAIL, name=NAME, message=WORDS)
    gone = api.post("/articles/third-light/reviews", gone_body).body
    path = f"/articles/third-light/reviews/{gone['id']}"
    assert api.delete(path, token=gone["manage_token"]).status == 204
    return [review, proposal, spam, gone]


def everything_that_is_told(api: Api) -> str:
    """Give every answer in which a review of the article could stand."""
    public = [api.get(f"{REVIEWS}?sort={sort}") for sort in ("newest", "highest", "helpful")]
    queues = [
        api.get(f"{QUEUE}?status={status}", editor=True)
        for status in ("pending", "spam", "reported")
    ]
    said = [api.get(ARTICLE), *public, *queues, export(api)]
    assert all(one.status == 200 for one in said)
    return " ".join(one.text for one in said)


class TestExport:
    def test_all_that_is_held_is_given_newest_first(self, api: Api, setting: Setting) -> None:
        review, proposal, spam, gone = a_life(api, setting)

        body = export(api).body

        assert body["next_cursor"] is None
        assert (body["contact"]["email"], body["contact"]["stopped_at"]) == (EMAIL, None)
        assert body["contact"]["asked_at"] == review["submitted_at"]
        by_id = {one["id"]: one for one in body["items"]}
        assert list(by_id) == sorted(by_id, reverse=True)
        assert {*by_id} == {one["id"] for one in (review, proposal, spam, gone)}
        held = by_id[review["id"]]
        assert builders.without(held, "changed_at", "submitted_at", "reply") == {
            "kind": "review",
            "id": review["id"],
            "slug": builders.SLUG,
            "status": "published",
            "name": NAME,
            "message": WORDS,
            "rating": 5,
            "edited_at": None,
            "helpful": 1,
            "reasons": [],
            "reports": {"spam": 1},
            "proposed_for": None,
            "consent": None,
            "forgotten_at": None,
            "note": "",
            "decisions": [{"action": "reply", "at": held["reply"]["replied_at"], "note": ""}],
            "has_more_decisions": False,
        }
        assert held["reply"]["message"] == REPLY
        changed = by_id[proposal["id"]]
        assert (changed["kind"], changed["status"], changed["note"], changed["proposed_for"]) == (
            *("proposal", "rejected", NOTE),
            review["id"],
        )
        assert [(one["action"], one["note"]) for one in changed["decisions"]] == [("reject", NOTE)]
        assert by_id[spam["id"]]["decisions"] == []
        assert by_id[spam["id"]]["status"] == "spam"
        assert by_id[spam["id"]]["forgotten_at"] > spam["submitted_at"]
        assert by_id[spam["id"]]["reasons"] == ["honeypot"]
        assert (by_id[gone["id"]]["status"], by_id[gone["id"]]["message"]) == ("withdrawn", "")

    def test_the_newest_decisions_are_given_and_whether_there_are_more(self, api: Api) -> None:
        review = write(api)
        for number in range(26):
            note = f"{NOTE} {number}"
            decision = "publish" if number % 2 else "reject"
            body = {"slug": builders.SLUG, "id": review["id"], "decision": decision, "note": note}
            assert api.post(DECISIONS, {"decisions": [body]}, editor=True).status == 200
            if number == 24:
                (before,) = export(api).body["items"]

        with Meter() as meter:
            (after,) = export(api).body["items"]

        assert meter.operations == ["Query", "BatchGetItem", "GetItem", "Query"]
        assert [one["note"] for one in before["decisions"]] == [
            f"{NOTE} {number}" for number in range(24, -1, -1)
        ]
        assert [one["note"] for one in after["decisions"]] == [
            f"{NOTE} {number}" for number in range(25, 0, -1)
        ]
        assert (before["has_more_decisions"], after["has_more_decisions"]) == (False, True)
        assert {*after["decisions"][0]} == {"action", "at", "note"}

    def test_nothing_internal_is_in_it(self, api: Api, setting: Setting) -> None:
        found = stored(a_life(api, setting)[0])

        text = export(api).text

        assert found.reader not in text
        assert keys.encode_digest(found.key.digest) not in text
        assert found.fingerprint not in text

    def test_an_address_is_known_in_any_spelling_and_no_other_is_told(self, api: Api) -> None:
        review = write(api)
        submit(api, email="ada@example.com")

        found = export(api, f" {EMAIL.upper()}").body

        assert [one["id"] for one in found["items"]] == [review["id"]]
        assert found["contact"] is None
        nobody = export(api, "nobody@example.com").body
        assert nobody == {"contact": None, "items": [], "next_cursor": None}

    def test_it_comes_in_pages_that_are_the_readers_own(self, api: Api) -> None:
        review = write(api)
        others = [write(api, message=f"{WORDS} {number}") for number in range(2)]

        first = export(api, query="?limit=2").body
        query = f"?limit=2&cursor={first['next_cursor']}"
        second = export(api, query=query).body
        strange = export(api, "ada@example.com", query)

        found = [one["id"] for one in (*first["items"], *second["items"])]
        assert found == sorted((one["id"] for one in (review, *others)), reverse=True)
        assert second["next_cursor"] is None
        assert (strange.status, strange.code) == (400, "invalid_cursor")

    def test_who_wants_no_mail_is_known_without_an_address(
        self, api: Api, setting: Setting
    ) -> None:
        setting(**MAIL)
        review = write(api, notify=True)
        contacts.stop(reader(), stored(review).submitted_at)

        assert export(api).body["contact"] == {
            "email": None,
            "asked_at": None,
            "stopped_at": review["submitted_at"],
        }

    def test_what_the_index_still_shows_and_is_erased_is_left_out(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        review = write(api)
        batch_get = client.batch_get

        def later(*args: Any, **options: Any) -> Any:
            found = stored(review)
            wish, at = Outcome.WITHDRAWN, found.changed_at
            reviews.erase(found.slug, found.key, found.id, found.revision, wish, at)
            return batch_get(*args, **options)

        monkeypatch.setattr(client, "batch_get", later)

        assert export(api).body["items"] == []


class TestErasing:
    def test_nothing_of_a_reader_is_left_in_any_row_or_answer(
        self, api: Api, setting: Setting, deliver: Deliver
    ) -> None:
        a_life(api, setting)
        submit(api, email="ada@example.com", rating=2)
        deliver()
        assert all(one in json.dumps(every_row()) for one in PERSONAL)

        answer = erase(api)
        deliver()

        assert counts(answer) == (3, 1, True, True)
        held, told = json.dumps(every_row()), everything_that_is_told(api)
        for one in (*PERSONAL, reader()):
            assert one.casefold() not in held.casefold()
            assert one.casefold() not in told.casefold()
        assert list(privacy.found_in(held)) == []
        assert export(api).body == {"contact": None, "items": [], "next_cursor": None}
        assert (rows.numbers_of().count, rows.numbers_of().total) == (1, 2)
        assert rows.numbers_of() == rows.sum_of_ledger() == rows.recount_of()

    def test_the_receipt_is_kept_and_tells_nobody(self, api: Api, setting: Setting) -> None:
        a_life(api, setting)

        receipt = erase(api).body

        assert {*receipt} == {
            *("id", "erased_at", "reviews", "proposals", "contact", "is_complete")
        }
        (kept,) = receipts()
        assert kept == {
            "pk": "ERASURES",
            "sk": receipt["id"],
            "erased_at": receipt["erased_at"],
            "reviews": 3,
            "proposals": 1,
            "contact": 1,
            "is_complete": 1,
        }

    def test_another_reader_keeps_everything(self, api: Api, setting: Setting) -> None:
        setting(**MAIL)
        write(api)
        other = submit(api, email="ada@example.com", notify=True).body
        report(api, other)

        erase(api)

        assert [one["id"] for one in listed(api)] == [other["id"]]
        found = export(api, "ada@example.com").body
        assert found["contact"]["email"] == "ada@example.com"
        assert len(found["items"]) == 1
        assert [one["reports"] for one in queued(api, "reported")] == [{"spam": 1}]

    def test_again_it_changes_nothing(self, api: Api, setting: Setting) -> None:
        a_life(api, setting)
        erase(api)
        before = [row for row in every_row() if row["pk"]["S"] != "ERASURES"]

        again = erase(api)

        assert counts(again) == (0, 0, False, True)
        assert [row for row in every_row() if row["pk"]["S"] != "ERASURES"] == before

    def test_nobody_unknown_is_no_error(self, api: Api) -> None:
        assert counts(erase(api, "nobody@example.com")) == (0, 0, False, True)

    def test_nothing_can_be_done_to_what_was_erased(self, api: Api) -> None:
        review = write(api)

        erase(api)

        assert edit(api, review, rating=1).status == 404
        assert withdraw(api, review).status == 404
        assert vote(api, review).status == 404
        assert decide(api, (review, "publish")).body["results"][0]["result"] == "review_not_found"

    def test_whoever_writes_anew_is_counted_and_can_be_erased_again(
        self, api: Api, deliver: Deliver
    ) -> None:
        write(api)
        erase(api)

        anew = write(api, rating=3)
        deliver()

        assert [one["id"] for one in listed(api)] == [anew["id"]]
        assert rows.numbers_of().total == 3
        assert counts(erase(api)) == (1, 0, False, True)

    def test_a_request_erases_so_many_and_says_that_there_are_more(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(erasure, "MOST", 2)
        write(api)
        for number in range(2):
            write(api, message=f"{WORDS} {number}")

        assert counts(erase(api)) == (0, 2, False, False)
        assert counts(erase(api)) == (1, 0, False, True)
        assert [one["is_complete"] for one in sorted(receipts(), key=lambda one: one["sk"])] == [
            *(0, 1)
        ]

    @pytest.mark.parametrize("number", [1, 89, 90, 91, 200])
    def test_all_reports_on_it_go_however_many(self, api: Api, number: int) -> None:
        review = write(api)
        assert report(api, review, message=REPORTED).status == 204
        for one in range(number - 1):
            copy = keys.report(review["id"], f"{one}")
            rows.put(copy | attributes.pack({"reason": "spam", "message": REPORTED}))

        assert counts(erase(api)) == (1, 0, False, True)

        left = [row for row in every_row() if row["sk"]["S"].startswith(keys.REPORTS)]
        assert left == []

    def test_the_ledger_keeps_each_decision_without_its_note(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(decisions, "_MOST", 2)
        review = write(api)
        for decision in ("reject", "publish", "spam"):
            body = {"slug": builders.SLUG, "id": review["id"], "decision": decision, "note": NOTE}
            assert api.post(DECISIONS, {"decisions": [body]}, editor=True).status == 200
        path = f"/editor{REVIEWS}/{review['id']}/decisions"
        before = api.get(path, editor=True).body["items"]

        erase(api)

        ended, *after = api.get(path, editor=True).body["items"]
        assert (ended["action"], ended["by"], ended["note"]) == ("erase", "ada", "")
        assert ended["before"] == before[0]["after"]
        assert ended["after"] == {**ended["before"], "status": "erased", "revision": 5}
        assert [one["note"] for one in before] == [NOTE] * 3
        assert after == [{**one, "note": after[0]["note"]} for one in before]
        assert not after[0]["note"]
        assert NAME not in json.dumps(every_row())

    def test_the_ledger_tells_what_was_erased_and_nothing_of_whom(self, api: Api) -> None:
        review, proposal = write(api), write(api, message=SECOND, rating=2)
        report(api, review, message=REPORTED)
        withdraw(api, proposal)

        erase(api)

        told = api.get(f"/editor{ARTICLE}/decisions", editor=True).body["items"]
        ended = {one["review_id"]: one for one in told if one["action"] == "erase"}
        assert {*ended} == {review["id"], proposal["id"]}
        states = [(one["status"], one["rating"], one["reports"]) for one in before_of(ended)]
        assert sorted(states) == [("published", 5, 1), ("withdrawn", 2, 0)]
        assert {(one["after"]["status"], one["after"]["reports"]) for one in ended.values()} == {
            ("erased", 0)
        }
        rows_of_it = [row for row in every_row() if row.get("action") == {"S": "erase"}]
        assert {name for row in rows_of_it for name in row} == {
            *("pk", "sk", "id", "queue", "review_id", "action", "by", "at", "before", "after")
        }

    def test_votes_stay_for_they_name_nobody(self, api: Api) -> None:
        review = write(api)
        vote(api, review)

        erase(api)

        (row,) = [one for one in every_row() if one["sk"]["S"].startswith("VOTE#")]
        assert {*row} == {"pk", "sk"}

    def test_services_are_told_that_a_review_is_gone_once(self, api: Api, setting: Setting) -> None:
        setting(WEBHOOKS="on", WEBHOOK_URLS=f"https://127.0.0.1:1/ {notifying.KEY}")
        review = write(api)
        gone = write(api, message=SECOND)
        withdraw(api, gone)

        erase(api)

        told = [one for one in notifying.waiting() if one["kind"] == "review.withdrawn"]
        assert sorted(one["review_id"] for one in told) == sorted([review["id"], gone["id"]])
        assert list(privacy.found_in(json.dumps(told))) == []

    def test_links_of_letters_that_are_out_lead_nowhere(self, api: Api, setting: Setting) -> None:
        setting(**MAIL, MODERATION="approve_first")
        review = write(api)
        link = links.decision("publish", stored(review), stored(review).submitted_at)
        erase(api)

        answer = api.post("/links", {"token": link.partition("#")[2]})

        assert answer.body["result"] == "gone"
        assert stored(review).status is ReviewStatus.ERASED


class TestScope:
    @pytest.mark.parametrize("act", ["export", "erase"])
    def test_a_key_without_the_scope_may_neither(
        self, api: Api, act: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        other = Editor("ada", frozenset({"write", "moderate"}))
        write(api)
        monkeypatch.setattr(editors, "identify", lambda _: other)

        answer = api.post(f"/editor/readers/{act}", {"email": EMAIL}, editor=True)

        assert (answer.status, answer.code) == (403, "forbidden")
        assert receipts() == []

    @pytest.mark.parametrize("act", ["export", "erase"])
    @pytest.mark.parametrize("body", [{}, {"email": "x"}, {"email": EMAIL, "all": True}])
    def test_the_body_is_an_address_alone(self, api: Api, act: str, body: dict[str, Any]) -> None:
        answer = api.post(f"/editor/readers/{act}", body, editor=True)

        assert answer.status == 422


CALLS = [
    *("Query", "TransactWriteItems", "Query", "BatchGetItem"),
    *("Query", "Query", "TransactWriteItems"),
    *("Query", "Query", "TransactWriteItems", "UpdateItem"),
]
FAULTS: list[Kind] = ["throttle", "internal", "timeout", "lost_answer"]


class TestFaults:
    @pytest.mark.parametrize("kind", FAULTS)
    @pytest.mark.parametrize("k", range(1, len(CALLS) + 1))
    def test_a_repetition_finishes_what_failed_at_any_call(
        self, api: Api, setting: Setting, deliver: Deliver, k: int, kind: Kind
    ) -> None:
        setting(**MAIL)
        review = write(api, notify=True)
        write(api, message=SECOND)
        report(api, review, message=REPORTED)
        with Faults(client.dynamodb()) as faults:
            faults.fail(k, kind)
            failed = erase(api)
            assert faults.fired == [CALLS[k - 1]]
        assert (failed.status, failed.code) == (503, "unavailable")

        again = erase(api)
        deliver()

        assert again.body["is_complete"]
        held = json.dumps(every_row())
        assert [one for one in PERSONAL if one.casefold() in held.casefold()] == []
        assert [one for one in every_row() if one["sk"]["S"].startswith(keys.REPORTS)] == []
        assert rows.numbers_of().count == 0
        ended = [one for one in every_row() if one.get("action") == {"S": "erase"}]
        assert len({one["review_id"]["S"] for one in ended}) == len(ended) == 2
        # What was erased stands in one receipt, whether its request came through or not.
        for what in ("reviews", "proposals", "contact"):
            assert sum(one.get(what, 0) for one in receipts()) == 1

    @pytest.mark.parametrize("kind", ["conflict", "repeated"])
    @pytest.mark.parametrize("k", [2, 7, 10])
    def test_what_the_client_repeats_itself_is_counted_once(
        self, api: Api, setting: Setting, k: int, kind: Kind
    ) -> None:
        setting(**MAIL)
        write(api, notify=True)
        write(api, message=SECOND)
        with Faults(client.dynamodb()) as faults:
            faults.fail(k, kind)
            answer = erase(api)
            assert faults.fired == ["TransactWriteItems"]

        assert counts(answer) == (1, 1, True, True)
        (kept,) = receipts()
        assert (kept["reviews"], kept["proposals"], kept["contact"]) == (1, 1, 1)


ERASING = 7
"""The call that erases, where there is one review and no contact."""


class TestRaces:
    def raced(self, api: Api, act: Callable[[], object]) -> Answer:
        """Erase, and let something happen right before the tombstone."""
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(ERASING, act)
            answer = erase(api)
        assert "TransactWriteItems" in faults.calls
        return answer

    def assert_is_gone(self, answer: Answer) -> None:
        assert answer.body["is_complete"]
        held = json.dumps(every_row())
        assert [one for one in PERSONAL if one.casefold() in held.casefold()] == []
        assert [one for one in every_row() if one["sk"]["S"].startswith(keys.REPORTS)] == []

    def test_what_is_published_meanwhile_is_erased(
        self, api: Api, setting: Setting, deliver: Deliver
    ) -> None:
        setting(MODERATION="approve_first")
        review = write(api)

        answer = self.raced(api, lambda: decide(api, (review, "publish")))
        deliver()

        assert counts(answer) == (1, 0, False, True)
        self.assert_is_gone(answer)
        assert listed(api) == []
        assert rows.numbers_of().count == 0

    def test_what_is_edited_meanwhile_is_erased(self, api: Api) -> None:
        review = write(api)

        answer = self.raced(api, lambda: edit(api, review, message=SECOND))

        assert counts(answer) == (1, 0, False, True)
        self.assert_is_gone(answer)

    def test_a_report_that_comes_meanwhile_goes_too(self, api: Api) -> None:
        review = write(api)

        answer = self.raced(api, lambda: report(api, review, message=REPORTED))

        assert counts(answer) == (1, 0, False, True)
        self.assert_is_gone(answer)

    def test_two_erasures_at_once_count_it_once(self, api: Api) -> None:
        write(api)
        other: list[Answer] = []

        answer = self.raced(api, lambda: other.append(erase(api)))

        assert (counts(answer)[0], counts(other[0])[0]) == (0, 1)
        assert sum(one["reviews"] for one in receipts()) == 1
        self.assert_is_gone(answer)

    def test_what_is_erased_between_two_attempts_is_left_alone(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        review = write(api)
        other: list[Answer] = []
        find = reviews.find

        def found(*args: Any) -> Any:
            monkeypatch.setattr(reviews, "find", find)
            other.append(erase(api))
            return find(*args)

        def act() -> None:
            edit(api, review, rating=1)
            monkeypatch.setattr(reviews, "find", found)

        answer = self.raced(api, act)

        assert (counts(answer)[0], counts(other[0])[0]) == (0, 1)
        self.assert_is_gone(answer)

    def test_what_forgets_itself_meanwhile_is_no_error(self, api: Api) -> None:
        review = stored(write(api))

        answer = self.raced(api, lambda: rows.delete(keys.review(review.slug, review.key)))

        assert counts(answer) == (0, 0, False, True)
        self.assert_is_gone(answer)

    def test_what_takes_its_place_meanwhile_is_erased(self, api: Api) -> None:
        review = write(api)

        def act() -> None:
            withdraw(api, review)
            write(api, message=SECOND)

        answer = self.raced(api, act)

        assert counts(answer) == (1, 0, False, True)
        self.assert_is_gone(answer)

    def test_what_never_stands_still_is_for_a_repetition(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        review = write(api)
        erase_it, rating = reviews.erase, iter(range(1, 9))

        def late(*args: Any) -> bool:
            edit(api, review, rating=next(rating) % 5 + 1)
            return erase_it(*args)

        with monkeypatch.context() as patched:
            patched.setattr(reviews, "erase", late)
            answer = erase(api)

        assert (answer.status, answer.code) == (503, "unavailable")
        assert counts(erase(api)) == (1, 0, False, True)
