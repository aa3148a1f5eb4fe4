"""A reader asks for a link, gets it by mail if anything is held of them, and follows it."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.api import links as routes
from chalicelib.errors import UnavailableError
from chalicelib.guard import captcha, decisions
from chalicelib.model import ReviewHandle, now
from chalicelib.notices import delivery, links
from chalicelib.store import client, contacts, keys, outbox
from tests import privacy
from tests.actions import ARTICLE, REVIEWS, listed, stored, submit, withdraw
from tests.builders import SLUG, submission
from tests.carriers import Kind as Trouble
from tests.carriers import Post, Receiver
from tests.client import Answer, Api
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind
from tests.functional import notifying
from tests.functional.conftest import Clock
from tests.functional.notifying import MAIL, READER, House, Setting, hooked, states, waiting
from tests.functional.test_erasing_readers import every_row, export, receipts
from tests.functional.test_links import tokens
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

NOBODY = "nobody@example.net"
HASH = keys.reader(b"r" * 32, READER)
BOTH = pytest.mark.parametrize("action", ["export", "erase"])


@pytest.fixture(autouse=True)
def _mail(setting: Setting) -> None:
    setting(**MAIL)


def ask(api: Api, action: str = "export", email: str = READER, **more: Any) -> Answer:
    return api.post("/readers/requests", {"email": email, "action": action, **more})


def asked(api: Api, house: House, post: Post, action: str) -> str:
    """Give the token of a link that a reader asked for."""
    house.carry()
    assert ask(api, action).status == 202
    house.carry()
    (token,) = tokens(post.to(READER)[-1])
    return token


def describe(api: Api, token: str) -> dict[str, Any]:
    answer = api.post("/links/description", {"token": token})
    assert answer.status == 200, answer.text
    body: dict[str, Any] = answer.body
    return body


def press(api: Api, token: str, **more: str) -> dict[str, Any]:
    answer = api.post("/links", {"token": token, **more}, tells_reader=True)
    assert answer.status == 200, answer.text
    body: dict[str, Any] = answer.body
    return body


def holding(address: str) -> list[dict[str, Any]]:
    """Give the rows that hold an address."""
    return [row for row in every_row() if address in json.dumps(row)]


class TestAsking:
    @BOTH
    def test_whether_an_address_is_known_cannot_be_told_from_outside(
        self, api: Api, action: str, clock: Clock, setting: Setting
    ) -> None:
        setting(LIMITS="network=99/1h reader=9/1h")
        ask(api, email="somebody@example.com")  # so that the network's counter is there
        submit(api, email="known@example.com")
        submit(api, email="mailed@example.com", notify=True)
        submit(api, email="stopped@example.com", notify=True)
        contacts.stop(keys.reader(b"r" * 32, "stopped@example.com"), clock.at)
        withdraw(api, submit(api, email="gone@example.com").body)

        seen = {}
        for who in ("nobody", "known", "mailed", "stopped", "gone"):
            with Meter() as meter:
                answer = ask(api, action, f"{who}@example.com")
            headers = {**answer.headers, "ratelimit-remaining": ""}
            calls = [(call.operation, len(call.actions)) for call in meter.calls]
            seen[who] = (answer.status, headers, answer.text, calls, meter.table_units)

        assert dict.fromkeys(seen, seen["nobody"]) == seen
        assert seen["nobody"][0] == 202
        assert json.loads(seen["nobody"][2]) == {"action": action, "result": "asked"}
        assert seen["nobody"][3] == [
            *(("BatchGetItem", 2), ("UpdateItem", 1), ("TransactWriteItems", 3))
        ]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"action": "erase"}, {"/email": "email_required"}),
            ({"email": "x", "action": "erase"}, {"/email": "email_invalid"}),
            ({"email": READER}, {"/action": "action_required"}),
            ({"email": READER, "action": "sell"}, {"/action": "action_invalid"}),
            ({"email": READER, "action": "erase", "all": True}, {"": "unknown_field"}),
        ],
    )
    def test_every_field_is_looked_at(
        self, api: Api, body: dict[str, Any], code: dict[str, str]
    ) -> None:
        answer = api.post("/readers/requests", body)

        assert (answer.status, answer.codes) == (422, code)
        assert waiting() == []

    def test_a_stage_without_mail_has_no_such_route(self, api: Api, setting: Setting) -> None:
        setting(MAIL_FROM="")

        answer = ask(api)

        assert (answer.status, answer.code) == (404, "route_not_found")
        assert "no mail" in answer.body["detail"]
        assert waiting() == []


class TestLimits:
    def test_a_mailbox_gets_three_letters_a_day_and_others_theirs(
        self, api: Api, clock: Clock
    ) -> None:
        first = [ask(api, action).status for action in ("export", "erase", "export")]
        refused = ask(api, email=READER.upper())
        other = ask(api, email=NOBODY)
        clock.tick(86_400 + 8_640)

        assert first == [202, 202, 202]
        assert (refused.status, refused.code) == (429, "too_many_requests")
        assert int(refused.headers["retry-after"]) <= 86_400 + 8_640
        assert other.status == 202
        assert ask(api).status == 202

    def test_an_unknown_mailbox_is_limited_alike(self, api: Api) -> None:
        assert [ask(api, email=NOBODY).status for _ in range(4)] == [202, 202, 202, 429]

    def test_the_last_letter_goes_to_one_of_two_at_once(self, api: Api) -> None:
        ask(api)
        ask(api)
        other: list[int] = []

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(2, lambda: other.append(ask(api).status))
            refused = ask(api)

        assert (other, refused.status) == ([202], 429)
        assert len(waiting()) == 3

    def test_one_that_comes_between_takes_a_place_and_no_more(self, api: Api) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(2, lambda: ask(api))
            answer = ask(api)

        assert answer.status == 202
        assert len(waiting()) == 2

    def test_who_never_gets_a_turn_may_repeat_it(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def late(*_: Any) -> None:
            raise client.ConditionFailedError({0: None})

        monkeypatch.setattr(client, "write", late)

        assert ask(api).status == 503

    def test_attempts_count_for_the_network(self, api: Api, setting: Setting) -> None:
        setting(LIMITS="network=2/1h")

        answers = [ask(api, email=f"reader-{number}@example.com") for number in range(3)]

        assert [answer.status for answer in answers] == [202, 202, 429]
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0"]
        assert len(waiting()) == 2

    def test_no_counter_has_the_name_of_a_reader(self, api: Api) -> None:
        ask(api)

        counted = [row for row in every_row() if row["pk"]["S"].startswith("LIMIT#mailbox:")]
        assert len(counted) == 1
        assert HASH not in json.dumps(counted)
        assert "expires_at" in counted[0]


class TestCaptcha:
    @pytest.fixture(autouse=True)
    def solved(self, setting: Setting, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
        """Tokens that the provider was asked about, and the action that they are for."""
        questions: list[tuple[str, str]] = []

        def is_solved(token: str, action: str) -> bool:
            questions.append((token, action))
            return token != "bad"

        setting(CAPTCHA="turnstile")
        monkeypatch.setattr(captcha, "is_solved", is_solved)
        return questions

    def test_is_asked_for_where_submissions_need_one(self, api: Api) -> None:
        answer = ask(api)

        assert answer.codes == {"/captcha_token": "captcha_required"}

    def test_a_token_is_for_this_form_and_brings_one_letter(
        self, api: Api, solved: list[tuple[str, str]]
    ) -> None:
        first = ask(api, captcha_token="good")
        again = ask(api, captcha_token="good")

        assert (first.status, again.codes) == (202, {"/captcha_token": "captcha_failed"})
        assert solved == [("good", "request")]
        assert len(waiting()) == 1

    def test_one_that_is_not_solved_asks_for_nothing(self, api: Api) -> None:
        assert ask(api, captcha_token="bad").codes == {"/captcha_token": "captcha_failed"}
        assert waiting() == []

    def test_of_two_at_once_with_one_token_one_gets_a_letter(self, api: Api) -> None:
        other: list[int] = []

        with Faults(client.dynamodb()) as faults:
            once = {"email": NOBODY, "captcha_token": "good"}
            faults.meanwhile(2, lambda: other.append(ask(api, **once).status))
            answer = ask(api, captcha_token="good")

        assert (other, answer.codes) == ([202], {"/captcha_token": "captcha_failed"})
        assert len(waiting()) == 1

    def test_a_provider_that_is_down_lets_nobody_ask(
        self, api: Api, setting: Setting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(*_: str) -> bool:
            raise UnavailableError

        setting(CAPTCHA_DOWN="moderate")
        monkeypatch.setattr(captcha, "is_solved", down)

        assert ask(api, captcha_token="good").status == 503
        assert waiting() == []


class TestLetter:
    @BOTH
    def test_goes_to_who_wrote_something(
        self, api: Api, house: House, post: Post, action: str
    ) -> None:
        submit(api)

        asked(api, house, post, action)

        (letter,) = post.to(READER)
        text = letter.get_content()
        assert "24 hours" in text
        assert ("erase" in text) is (action == "erase")
        assert not any(word in text for word in ("Grace", "Clear"))
        assert letter["List-Unsubscribe"] is None
        assert waiting() == []
        assert [states(row) for row in notifying.rows("delivered")][-1] == {"reader": "sent"}

    def test_goes_to_who_wants_no_other_mail(self, api: Api, house: House, post: Post) -> None:
        review = submit(api, notify=True).body
        withdraw(api, review)
        contacts.stop(HASH, now())

        assert asked(api, house, post, "erase")

    @BOTH
    def test_does_not_go_to_who_has_nothing_here(
        self, api: Api, house: House, post: Post, action: str
    ) -> None:
        ask(api, action, NOBODY)

        house.carry()

        assert post.letters == []
        assert waiting() == []
        assert holding(NOBODY) == []

    def test_the_address_is_kept_until_it_is_sent_and_not_in_the_outbox(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api)
        house.carry()

        ask(api)
        (kept,) = holding(READER)
        house.carry()

        assert (kept["pk"]["S"], kept["sk"]["S"][:8]) == (f"C#{HASH}", "REQUEST#")
        assert {*kept} == {"pk", "sk", "email", "expires_at"}
        assert len(post.to(READER)) == 1
        assert holding(READER) == []
        told = [row for row in every_row() if row["pk"]["S"].startswith("O#")]
        assert HASH not in json.dumps(told)

    def test_one_that_could_not_be_sent_can_be_retried_for_a_week(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api)
        house.carry()
        post.fail(1, "paused", times=10)
        ask(api)
        house.carry()
        house.wait_until_all_is_told()
        (dead,) = notifying.rows("dead")
        name = dead["pk"].removeprefix("O#")

        api.post(f"/editor/notifications/{name}/retry", editor=True)
        house.at = now() + timedelta(days=6)
        delivery.sweep()

        assert len(post.to(READER)) == 1
        assert holding(READER) == []

    def test_after_a_week_it_is_too_late(self, api: Api, house: House, post: Post) -> None:
        submit(api)
        house.unread()
        ask(api)
        (row,) = holding(READER)

        house.at = now() + timedelta(days=7, minutes=1)
        delivery.sweep()

        assert int(row["expires_at"]["N"]) <= house.at.timestamp()
        assert (post.letters, waiting(), holding(READER)) == ([], [], [])

    def test_a_stage_that_has_no_mail_any_more_forgets_the_address(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        submit(api)
        ask(api)
        setting(MAIL_FROM="")

        house.carry()

        assert (post.letters, waiting(), holding(READER)) == ([], [], [])

    @pytest.mark.usefixtures("post")
    def test_no_service_is_told(
        self, api: Api, house: House, receiver: Receiver, setting: Setting
    ) -> None:
        setting(**hooked(receiver))
        house.unread()

        ask(api, "erase")
        house.carry()

        assert (receiver.taken, waiting()) == ([], [])

    @pytest.mark.usefixtures("post")
    def test_editors_see_that_a_link_was_asked_for_and_not_by_whom(
        self, api: Api, house: House
    ) -> None:
        submit(api)
        house.carry()
        ask(api)
        (pending,) = api.get("/editor/notifications", editor=True).body["items"]
        house.carry()

        path = "/editor/notifications?status=delivered"
        told = api.get(path, editor=True).body["items"][0]

        for one in (pending, told):
            assert (one["kind"], one["slug"], one["review_id"]) == ("reader.export", None, None)
            assert HASH not in json.dumps(one)
        assert [one["target"] for one in told["deliveries"]] == ["reader"]

    def test_two_letters_have_nothing_in_common(self) -> None:
        one, other = (links.of_reader("erase", HASH, now()).partition("#")[2] for _ in range(2))

        found = [links.read(token) for token in (one, other)]

        assert one != other
        assert [one.reader for one in found if isinstance(one, links.ReaderLink)] == [HASH, HASH]
        assert HASH not in one


class TestNothingIsLost:
    @pytest.mark.parametrize("kind", [*UNCOMMITTED, *COMMITTED])
    def test_dynamodb_may_fail_at_every_step(
        self, api: Api, house: House, post: Post, kind: Kind, clock: Clock
    ) -> None:
        submit(api)
        house.carry()
        steps = ["UpdateItem", "GetItem", "Query", "TransactWriteItems"]

        for step in range(1, len(steps) + 1):
            clock.at = now() + timedelta(days=step)
            house.at = clock.at
            ask(api)
            with Faults(client.dynamodb()) as faults:
                faults.fail(step, kind)
                house.carry()
                assert " ".join(steps).startswith(" ".join(faults.calls[:step]))
            house.wait_until_all_is_told()

        letters = {letter["Plaudit-Notification"] for letter in post.to(READER)}
        assert len(letters) == len(steps)
        # What is noted last is all that can be told twice.
        assert len(post.to(READER)) <= len(steps) + 1
        assert holding(READER) == []

    @pytest.mark.parametrize("trouble", ["throttle", "paused", "timeout", "lost"])
    def test_ses_may_fail(self, api: Api, house: House, post: Post, trouble: Trouble) -> None:
        submit(api)
        house.carry()
        post.fail(1, trouble)

        ask(api)
        house.carry()
        between = len(holding(READER))
        house.wait(minutes=1)

        assert between == 1
        assert len({letter["Plaudit-Notification"] for letter in post.to(READER)}) == 1
        assert len(post.to(READER)) == (2 if trouble == "lost" else 1)
        assert (waiting(), holding(READER)) == ([], [])

    @pytest.mark.parametrize("kind", ["throttle", "internal", "timeout", "lost_answer"])
    @pytest.mark.parametrize("step", [1, 2])
    def test_a_request_is_stored_whole_or_not_at_all(self, api: Api, kind: Kind, step: int) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.fail(step, kind, times=9)
            answer = ask(api)

        stored_whole = kind == "lost_answer" and step == 2
        assert answer.status == 503
        assert (len(waiting()), len(holding(READER))) == ((1, 1) if stored_whole else (0, 0))

    @pytest.mark.parametrize("step", [1, 2, 3, 4])
    def test_two_workers_on_one_request_have_one_outcome(
        self, api: Api, house: House, post: Post, step: int
    ) -> None:
        submit(api)
        house.carry()
        ask(api)
        found = outbox.due(house.at + timedelta(days=1), 9)

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(step, lambda: delivery.deliver(found))
            house.carry()

        assert len(post.to(READER)) == 1
        assert (waiting(), holding(READER)) == ([], [])


class TestExport:
    def test_a_link_gives_what_an_editor_would_be_given(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api, notify=True)
        token = asked(api, house, post, "export")

        shown = describe(api, token)
        done = press(api, token)

        assert shown == {"action": "export", "state": "open", "title": None, "review": None}
        assert (done["action"], done["result"], done["receipt"]) == ("export", "unchanged", None)
        assert done["held"] == export(api, READER).body
        assert done["held"]["contact"]["email"] == READER

    def test_it_comes_in_pages(
        self, api: Api, house: House, post: Post, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routes, "MOST", 1)
        submit(api)
        submit(api, message="On second thought.")
        token = asked(api, house, post, "export")

        first = press(api, token)["held"]
        second = press(api, token, cursor=first["next_cursor"])["held"]
        altered = api.post("/links", {"token": token, "cursor": "x"})

        found = [one["message"] for one in (*first["items"], *second["items"])]
        assert found == ["On second thought.", "Clear and kind."]
        assert second["next_cursor"] is None
        assert (altered.status, altered.code) == (400, "invalid_cursor")

    def test_the_longest_page_fits_an_answer_of_a_lambda(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        """Which may have 6 MB, and writes what is no ASCII in up to 12 bytes each."""
        longest, short = "\N{GRINNING FACE}" * 4096, "\N{GRINNING FACE}" * 500
        setting(**MAIL, CONSENT_REVISION="r" * 40, CONSENT_TEXT=short)
        review = submit(api, message=longest, name=short[:80], consent_revision="r" * 40).body
        handle = ReviewHandle(stored(review).key, review["id"])
        decisions.reply(SLUG, handle, longest, now(), by="ada")
        for decision in ("reject", "publish") * 13:
            decisions.decide(SLUG, handle, decision, now(), by="ada", note=short)

        text = api.post("/links", {"token": asked(api, house, post, "export")}).text

        assert routes.MOST * len(json.dumps(text)) < 6_000_000

    def test_it_erases_nothing(self, api: Api, house: House, post: Post) -> None:
        review = submit(api).body
        token = asked(api, house, post, "export")
        before = stored(review)

        press(api, token)

        assert (stored(review), receipts()) == (before, [])


class TestErasing:
    def test_nothing_happens_before_it_is_confirmed(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api)
        token = asked(api, house, post, "erase")

        shown = describe(api, token)

        assert shown == {"action": "erase", "state": "open", "title": None, "review": None}
        assert (len(listed(api)), receipts()) == (1, [])

    def test_all_is_gone_and_the_receipt_is_the_same_again(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api, notify=True)
        submit(api, message="On second thought.")
        token = asked(api, house, post, "erase")

        first = press(api, token)
        before = [row for row in every_row() if row["pk"]["S"] != "KEYS"]
        again = press(api, token)

        receipt = first["receipt"]
        assert (first["result"], again["result"]) == ("changed", "unchanged")
        assert {**first, "result": ""} == {**again, "result": ""}
        assert (receipt["reviews"], receipt["proposals"], receipt["contact"]) == (1, 1, True)
        assert receipt["is_complete"]
        assert [row for row in every_row() if row["pk"]["S"] != "KEYS"] == before
        assert describe(api, token)["state"] == "unchanged"
        told = api.get(f"/editor{ARTICLE}/decisions", editor=True).body["items"]
        assert [one["by"] for one in told if one["action"] == "erase"] == ["reader", "reader"]
        held = json.dumps(every_row())
        assert list(privacy.found_in(held)) == []
        assert not any(word in held for word in ("Grace", "Clear and kind", HASH))

    def test_what_was_written_since_is_erased_too_and_added_to_the_receipt(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api)
        token = asked(api, house, post, "erase")
        press(api, token)
        submit(api)

        shown, more = describe(api, token), press(api, token)

        assert shown["state"] == "open"
        assert (more["result"], more["receipt"]["reviews"]) == ("changed", 2)
        assert len(receipts()) == 1

    def test_where_nothing_is_held_it_says_so(self, api: Api, house: House, post: Post) -> None:
        submit(api)
        token = asked(api, house, post, "erase")
        api.post("/editor/readers/erase", {"email": READER}, editor=True)

        done = press(api, token)

        assert done["result"] == "unchanged"
        assert (done["receipt"]["reviews"], done["receipt"]["is_complete"]) == (0, True)

    @pytest.mark.parametrize("step", range(1, 10))
    def test_a_repetition_ends_what_failed_at_any_call(
        self, api: Api, house: House, post: Post, step: int
    ) -> None:
        submit(api, notify=True)
        token = asked(api, house, post, "erase")

        with Faults(client.dynamodb()) as faults:
            faults.fail(step, "lost_answer", times=9)
            failed = api.post("/links", {"token": token})
        done = press(api, token)

        assert failed.status == 503
        (receipt,) = receipts()
        assert done["receipt"]["id"] == receipt["sk"]
        assert (receipt["reviews"], receipt["contact"]) == (1, 1)
        assert list(privacy.found_in(json.dumps(every_row()))) == []

    def test_two_at_once_erase_each_thing_once(self, api: Api, house: House, post: Post) -> None:
        submit(api, notify=True)
        token = asked(api, house, post, "erase")

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(5, lambda: press(api, token))
            press(api, token)

        (receipt,) = receipts()
        assert (receipt["reviews"], receipt["contact"]) == (1, 1)

    @pytest.mark.parametrize("number", [1, 46])
    def test_an_erasure_ends_what_was_asked_for_and_not_yet_told(
        self, api: Api, house: House, post: Post, number: int
    ) -> None:
        submit(api)
        house.carry()
        ask(api)
        for one in range(number - 1):
            client.write(contacts.ask(HASH, f"{one}", READER, now()))

        api.post("/editor/readers/erase", {"email": READER}, editor=True)
        house.carry()

        assert (post.letters, waiting(), holding(READER)) == ([], [], [])
        assert not [row for row in every_row() if row["pk"]["S"].startswith("C#")]

    def test_an_erasure_before_the_letter_is_noted_wins(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api)
        house.carry()
        ask(api)

        def erase() -> None:
            api.post("/editor/readers/erase", {"email": READER}, editor=True)

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(4, erase)
            house.carry()

        assert len(post.to(READER)) == 1
        assert (waiting(), holding(READER)) == ([], [])
        assert [one["kind"] for one in notifying.rows("delivered")] == ["review.received"]


class TestTokens:
    @BOTH
    def test_a_link_is_over_after_a_day(
        self, api: Api, house: House, post: Post, monkeypatch: pytest.MonkeyPatch, action: str
    ) -> None:
        submit(api)
        token = asked(api, house, post, action)
        at = now() + timedelta(hours=24, minutes=1)
        monkeypatch.setattr(routes, "now", lambda: at)

        for path in ("/links", "/links/description"):
            answer = api.post(path, {"token": token})
            assert (answer.status, answer.code) == (410, "invalid_link")
        assert len(listed(api)) == 1

    def test_they_are_good_for_nothing_else(self, api: Api, house: House, post: Post) -> None:
        review = submit(api).body
        token = asked(api, house, post, "export")

        assert api.post(f"/unsubscribe/{token}").status == 410
        assert api.delete(f"{REVIEWS}/{review['id']}", token=token).status == 401
        assert api.post("/links", {"token": review["manage_token"]}).status == 410

    def test_one_of_an_export_cannot_be_made_one_to_erase(
        self, api: Api, house: House, post: Post
    ) -> None:
        submit(api)
        token = asked(api, house, post, "export")

        altered = "Ag" + token[2:]

        assert token.startswith("AW")
        assert api.post("/links", {"token": altered}).status == 410

    def test_they_are_in_no_log_and_no_row(
        self, api: Api, house: House, post: Post, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO")
        submit(api)
        token = asked(api, house, post, "erase")
        privacy.remember(token)

        press(api, token)

        said = " ".join(str(getattr(record, "fields", {})) for record in caplog.records)
        assert "/links" in said
        assert HASH not in said
        assert list(privacy.found_in(json.dumps(every_row()))) == []


def test_an_address_of_other_letters_is_written_to_as_it_was_given(
    api: Api, house: House, post: Post
) -> None:
    email = "grace@bücher.example"
    api.post(REVIEWS, submission(email=email))
    house.carry()

    ask(api, email=email)
    house.carry()

    (letter,) = post.to("grace@xn--bcher-kva.example")
    assert re.search(r"/links#\S+", letter.get_content())


@pytest.mark.parametrize(
    ("reader", "other", "place"),
    [
        ("stra\u00dfe@example.com", "strasse@example.com", "strasse@example.com"),
        ("\u017fam@example.com", "sam@example.com", "sam@example.com"),
        ("\ufb00@example.com", "ff@example.com", "ff@example.com"),
        ("a@fa\u00df.example", "a@fass.example", "a@fass.example"),
        ("a@fass.example", "a@fa\u00df.example", "a@xn--fa-hia.example"),
    ],
)
def test_mailboxes_that_only_folding_takes_for_one_are_two_readers(
    api: Api, house: House, post: Post, reader: str, other: str, place: str
) -> None:
    submit(api, email=reader)
    house.carry()
    ask(api, email=other)
    house.carry()
    before = len(post.letters)

    submit(api, email=other)
    house.carry()
    ask(api, email=other)
    house.carry()

    assert before == 0
    assert [to for to, letter in post.letters if "/links#" in letter.get_content()] == [place]
