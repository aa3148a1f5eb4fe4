"""Links in letters: what they show, what they do on a button, and when they die."""

import base64
import hashlib
import re
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from chalicelib.api import links as routes
from chalicelib.model import now
from chalicelib.notices import links
from chalicelib.store import client, contacts, keys
from chalicelib.store.contacts import Contact
from tests import builders, privacy
from tests.actions import decide, edit, queued, stored, submit, withdraw
from tests.carriers import Post
from tests.client import Answer, Api
from tests.faults import Faults
from tests.functional.notifying import EDITOR, MAIL, READER, House, Setting, waiting

READERS_HASH = keys.reader(b"r" * 32, READER)


def tokens(letter: EmailMessage) -> list[str]:
    """Give the tokens of a letter's links, in their order."""
    return re.findall(r"https://api\.example\.org/v1/links#(\S+)", letter.get_content())


def describe(api: Api, token: str) -> dict[str, Any]:
    answer = api.post("/links/description", {"token": token})
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


def press(api: Api, token: str) -> str:
    answer = api.post("/links", {"token": token})
    assert answer.status == 200
    result: str = answer.body["result"]
    return result


@pytest.fixture
def waits(api: Api, house: House, post: Post, setting: Setting) -> dict[str, Any]:
    """A review that waits, with its two links."""
    setting(**MAIL, MODERATION="approve_first")
    review: dict[str, Any] = submit(api, notify=True).body
    house.carry()
    publish, reject = tokens(post.to(EDITOR)[0])
    (unsubscribe,) = tokens(post.to(READER)[0])
    return {"review": review, "publish": publish, "reject": reject, "unsubscribe": unsubscribe}


class TestDecisions:
    @pytest.mark.parametrize("action", ["publish", "reject"])
    def test_a_link_shows_the_review_and_changes_nothing(
        self, api: Api, waits: dict[str, Any], action: str
    ) -> None:
        before = stored(waits["review"])

        shown = describe(api, waits[action])

        assert shown == {
            "action": action,
            "state": "open",
            "title": "First light",
            "review": {"name": "Grace", "message": "Clear and kind.", "rating": 5},
        }
        assert stored(waits["review"]) == before

    @pytest.mark.parametrize(
        ("action", "status"), [("publish", "published"), ("reject", "rejected")]
    )
    def test_its_button_decides_once(
        self, api: Api, waits: dict[str, Any], action: str, status: str
    ) -> None:
        results = [press(api, waits[action]) for _ in range(2)]

        assert results == ["changed", "unchanged"]
        assert (str(stored(waits["review"]).status), queued(api)) == (status, [])
        assert describe(api, waits[action])["state"] == "unchanged"

    def test_the_other_link_of_the_letter_dies_with_it(
        self, api: Api, waits: dict[str, Any]
    ) -> None:
        press(api, waits["publish"])

        shown = describe(api, waits["reject"])

        assert (shown["state"], shown["review"]) == ("stale", None)
        assert press(api, waits["reject"]) == "stale"
        assert str(stored(waits["review"]).status) == "published"

    def test_a_link_does_not_publish_other_words(self, api: Api, waits: dict[str, Any]) -> None:
        edit(api, waits["review"], message="Buy this.")

        assert describe(api, waits["publish"])["state"] == "stale"
        assert press(api, waits["publish"]) == "stale"
        assert str(stored(waits["review"]).status) == "pending"

    def test_an_edit_between_the_look_and_the_button_wins(
        self, api: Api, waits: dict[str, Any]
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(1, lambda: edit(api, waits["review"], message="Buy this."))
            result = press(api, waits["publish"])

        assert result == "stale"
        assert str(stored(waits["review"]).status) == "pending"

    def test_two_editors_at_once_have_one_outcome(self, api: Api, waits: dict[str, Any]) -> None:
        other: list[str] = []

        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(1, lambda: other.append(press(api, waits["reject"])))
            result = press(api, waits["publish"])

        assert (other, result) == (["changed"], "stale")
        assert str(stored(waits["review"]).status) == "rejected"

    def test_a_review_that_was_taken_back_is_gone(self, api: Api, waits: dict[str, Any]) -> None:
        withdraw(api, waits["review"])

        assert describe(api, waits["publish"])["state"] == "gone"
        assert press(api, waits["publish"]) == "gone"

    def test_a_proposal_is_accepted_by_its_link(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)
        first = submit(api).body
        submit(api, message="On second thought.", rating=2)
        house.carry()
        publish, _ = tokens(post.to(EDITOR)[0])

        assert describe(api, publish)["review"]["message"] == "On second thought."
        assert press(api, publish) == "changed"
        assert stored(first).message == "On second thought."

    def test_a_proposal_that_was_decided_on_is_left(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)
        submit(api)
        proposal = submit(api, message="On second thought.", rating=2).body
        house.carry()
        publish, _ = tokens(post.to(EDITOR)[0])

        decide(api, (proposal, "reject"))

        assert press(api, publish) == "stale"

    def test_a_link_is_over_after_fourteen_days(
        self, api: Api, waits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = now() + timedelta(days=14, minutes=1)
        monkeypatch.setattr(routes, "now", lambda: at)

        answer = api.post("/links", {"token": waits["publish"]})

        assert (answer.status, answer.code) == (410, "invalid_link")

    def test_no_token_tells_where_the_review_is(self, waits: dict[str, Any]) -> None:
        digest = stored(waits["review"]).key.digest
        for name in ("publish", "reject"):
            raw = base64.urlsafe_b64decode(waits[name] + "==")
            assert digest not in raw


def stopped() -> bool:
    """Say whether the reader wants no mail, and their address is gone."""
    contact = contacts.find(READERS_HASH)
    return contact is not None and contact.email is None and contact.stopped_at is not None


class TestUnsubscribing:
    def test_a_person_says_so_on_the_page(
        self, api: Api, house: House, waits: dict[str, Any]
    ) -> None:
        shown = describe(api, waits["unsubscribe"])
        kept = contacts.find(READERS_HASH)

        assert shown == {"action": "unsubscribe", "state": "open", "title": None, "review": None}
        assert kept is not None
        assert kept.address(house.at) == READER
        assert press(api, waits["unsubscribe"]) == "changed"
        assert stopped()

    @pytest.mark.usefixtures("waits")
    def test_a_mail_program_says_so_in_one_post(self, api: Api, post: Post) -> None:
        address = post.to(READER)[0]["List-Unsubscribe"].strip("<>")
        path = address.removeprefix("https://api.example.org/v1")

        answer = api.post(path, raw=b"List-Unsubscribe=One-Click")

        assert answer.status == 204
        assert stopped()

    def test_nobody_can_ask_for_who_wants_no_mail(
        self, api: Api, house: House, post: Post, waits: dict[str, Any]
    ) -> None:
        press(api, waits["unsubscribe"])

        submit(api, message="On second thought.", notify=True)
        house.carry()

        assert len(post.to(READER)) == 1
        assert READER not in str(
            client.get("plaudit-local-content", keys.contact(READERS_HASH), consistent=True)
        )

    def test_who_is_erased_meanwhile_is_not_written_down_again(
        self, api: Api, house: House, waits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        press(api, waits["unsubscribe"])
        submit(api, message="On second thought.", notify=True)
        find = contacts.find

        def between(reader: str) -> Contact | None:
            found = find(reader)
            api.post("/editor/readers/erase", {"email": READER}, editor=True)
            return found

        monkeypatch.setattr(contacts, "find", between)
        house.carry()

        assert find(READERS_HASH) is None

    def test_what_is_still_to_be_told_is_not_told_any_more(
        self, api: Api, house: House, post: Post, waits: dict[str, Any]
    ) -> None:
        press(api, waits["publish"])
        press(api, waits["unsubscribe"])

        house.carry()

        assert (len(post.to(READER)), waiting()) == (1, [])

    def test_a_link_to_decide_does_not_unsubscribe(self, api: Api, waits: dict[str, Any]) -> None:
        answer = api.post(f"/unsubscribe/{waits['publish']}")

        assert (answer.status, answer.code) == (410, "invalid_link")

    def test_two_letters_to_a_reader_have_nothing_in_common(self, setting: Setting) -> None:
        setting(**MAIL)

        one, other = (links.unsubscribe_at_once(READERS_HASH) for _ in range(2))

        assert one != other
        assert links.read(one.rpartition("/")[2]) == links.read(other.rpartition("/")[2])
        assert READERS_HASH not in one


@pytest.mark.usefixtures("published")
class TestTokens:
    @pytest.mark.parametrize("token", ["x", "A" * 100, "", "é"])
    @pytest.mark.parametrize("path", ["/links", "/links/description"])
    def test_what_was_not_made_here_does_nothing(self, api: Api, path: str, token: str) -> None:
        answer = api.post(path, {"token": token})

        expected = (410, "invalid_link") if token else (422, "invalid_request")
        assert (answer.status, answer.code) == expected

    def test_a_manage_token_is_no_link(self, api: Api) -> None:
        review = submit(api).body

        assert api.post("/links", {"token": review["manage_token"]}).status == 410

    def test_a_false_token_costs_no_call(self, api: Api) -> None:
        with Faults(client.dynamodb()) as faults:
            api.post("/links", {"token": "x"})
            api.post("/unsubscribe/x")

        assert faults.calls == []


class TestPage:
    @pytest.fixture
    def page(self, api: Api) -> Answer:
        return api.get("/links")

    def test_its_policy_lets_in_what_stands_on_it_and_nothing_else(self, page: Answer) -> None:
        policy = page.headers["content-security-policy"]
        for name in ("script", "style"):
            (text,) = re.findall(rf"<{name}>(.*?)</{name}>", page.text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{name}-src 'sha256-{digest}';" in policy

        assert "unsafe" not in policy
        for part in ("default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"

    def test_words_are_shown_as_text(self, page: Answer) -> None:
        for danger in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval"):
            assert danger not in page.text
        assert not re.search(r'(?:src|href)="', page.text)

    def test_it_is_the_same_for_everybody(self, api: Api, page: Answer) -> None:
        assert api.get("/links").text == page.text
        assert list(privacy.found_in(page.text)) == []

    def test_opening_it_sends_nothing_but_the_question(self, page: Answer) -> None:
        (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
        outside, _, inside = script.partition('addEventListener("click"')

        assert 'send("links"' not in outside
        assert "follow" not in outside
        assert inside.index('send("links")') < inside.index('send("links/description")')
        assert "location.hash" in outside

    def test_it_offers_the_receipt_again_where_all_is_erased(self, page: Answer) -> None:
        show = page.text.partition("function show(")[2].partition("\n}\n")[0]

        assert "Show the receipt of this link?" in page.text
        assert 'isErased = about.action === "erase" && !isOpen' in show
        assert 'place("do").hidden = !isOpen && !isErased' in show

    def test_it_knows_every_answer(self, page: Answer) -> None:
        for word in ("export", "erase"):
            assert f"  {word}: " in page.text
        for word in ("publish", "reject", "unsubscribe", "changed", "unchanged", "stale", "gone"):
            assert f"  {word}: " in page.text


def test_tokens_are_in_no_log_and_no_row(
    api: Api, waits: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for name in ("publish", "reject", "unsubscribe"):
        privacy.remember(waits[name])

    describe(api, waits["publish"])
    press(api, waits["publish"])
    api.post(f"/unsubscribe/{waits['unsubscribe']}")

    told = [getattr(record, "fields", {}) for record in caplog.records]
    assert any(fields.get("route") == "/unsubscribe/{token}" for fields in told)
    assert builders.SLUG in str(told)
