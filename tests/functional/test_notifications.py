"""Who is told of what, in which words, and where nobody is."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from chalicelib.guard import tokens
from chalicelib.model import EventKind
from chalicelib.store import keys, outbox
from tests import builders, privacy
from tests.actions import REVIEWS, decide, edit, report, stored, submit, withdraw
from tests.carriers import Post, Receiver, receiving
from tests.client import Api
from tests.functional import notifying
from tests.functional.notifying import (
    EDITOR,
    KEY,
    MAIL,
    READER,
    House,
    Setting,
    hooked,
    rows,
    states,
)

pytestmark = pytest.mark.usefixtures("published")


def link_in(text: str, beginning: str) -> str:
    (found,) = (line for line in text.splitlines() if line.startswith(beginning))
    return found


class TestWebhooks:
    def test_a_receiver_is_told_what_took_place_and_no_words(
        self, api: Api, house: House, receiver: Receiver, setting: Setting
    ) -> None:
        setting(**hooked(receiver), MODERATION="approve_first")

        review = submit(api).body
        house.carry()

        ((headers, body),) = receiver.taken
        assert json.loads(body) == {
            "type": "review.received",
            "timestamp": review["submitted_at"],
            "data": {"slug": builders.SLUG, "review_id": review["id"], "status": "pending"},
        }
        assert headers["content-type"] == "application/json"
        assert len(headers["webhook-id"]) == 26
        assert [states(row) for row in rows("delivered")] == [{"webhook": "sent"}]

    def test_each_receiver_is_told(self, api: Api, house: House, setting: Setting) -> None:
        with receiving() as one, receiving() as other:
            lines = f"{one.url} {KEY}\n{other.url}?team=b {KEY}\n"
            setting(**hooked(one) | {"WEBHOOK_URLS": lines})
            submit(api)
            house.carry()

        assert len(one.taken) == len(other.taken) == 1
        assert one.taken[0][1] == other.taken[0][1]

    def test_where_it_is_moved_nobody_is_followed(
        self, api: Api, house: House, receiver: Receiver, setting: Setting
    ) -> None:
        setting(**hooked(receiver))
        receiver.answers = [307]

        submit(api)
        house.carry()

        assert receiver.taken == []
        assert [states(row) for row in rows("outbox")] == [{"webhook": "failed http_307"}]

    def test_who_is_gone_is_not_asked_again(
        self, api: Api, house: House, receiver: Receiver, setting: Setting
    ) -> None:
        setting(**hooked(receiver))
        receiver.answers = [410]

        submit(api)
        house.carry()

        assert [states(row) for row in rows("delivered")] == [{"webhook": "refused http_410"}]

    def test_rows_and_logs_do_not_tell_the_address(
        self, api: Api, house: House, receiver: Receiver, setting: Setting
    ) -> None:
        secret = "T0PS3CR3T-in-the-address"
        setting(**hooked(receiver) | {"WEBHOOK_URLS": f"{receiver.url}/{secret} {KEY}"})
        privacy.remember(secret)

        submit(api)
        house.carry()

        assert secret not in str(rows("delivered"))


class TestEditors:
    def test_an_editor_is_told_of_what_waits(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL, MODERATION="approve_first")

        submit(api, rating=2)
        house.carry()

        (letter,) = post.to(EDITOR)
        text = letter.get_content()
        assert letter["Subject"] == "A review of “First light” waits"
        assert "A review of “First light” with 2 stars waits for a decision." in text
        assert text.count("https://api.example.org/v1/links#") == 2

    def test_nobody_is_told_of_what_does_not_wait(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)

        submit(api)
        house.carry()

        assert post.letters == []

    def test_what_was_decided_meanwhile_is_no_news(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL, MODERATION="approve_first")

        decide(api, (submit(api).body, "reject"))
        house.carry()

        assert (post.letters, len(rows("delivered"))) == ([], 1)

    def test_an_editor_is_told_of_what_was_reported(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)
        review = submit(api, rating=1).body
        house.carry()

        report(api, review, message="Canary words.")
        house.carry()

        (letter,) = post.to(EDITOR)
        assert letter["Subject"] == "A review of “First light” was reported"
        assert "with 1 star was reported." in letter.get_content()
        assert "anary" not in letter.as_string()

    def test_what_was_reported_and_is_not_public_any_more_is_no_news(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)
        review = submit(api).body

        report(api, review)
        decide(api, (review, "reject"))
        house.carry()

        assert post.letters == []

    def test_a_letter_holds_no_words_of_a_reader(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL, MODERATION="approve_first")

        submit(api, name="Ms Canary", message="Canary words.", notify=True)
        house.carry()

        assert [to for to, _ in post.letters] == [EDITOR, READER]
        assert "anary" not in "".join(letter.as_string() for _, letter in post.letters)
        assert READER not in post.to(EDITOR)[0].as_string()


class TestReaders:
    @pytest.mark.parametrize(
        ("moderation", "told"),
        [("publish_first", "It is public now."), ("approve_first", "as soon as an editor")],
    )
    def test_who_asked_is_told_that_a_review_has_arrived(
        self, api: Api, house: House, post: Post, setting: Setting, moderation: str, told: str
    ) -> None:
        setting(**MAIL, MODERATION=moderation)

        review = submit(api, notify=True).body
        house.carry()

        (letter,) = post.to(READER)
        text = letter.get_content()
        assert letter["Subject"] == "Your review of “First light”"
        assert told in text
        fragment = link_in(text, "https://www.example.org/mine#").partition("#")[2]
        given = {name: value for name, (value,) in parse_qs(fragment).items()}
        assert (given["slug"], given["id"]) == (builders.SLUG, review["id"])
        assert tokens.open_for(given["manage_token"], builders.SLUG, review["id"])
        assert edit(api, review | {"manage_token": given["manage_token"]}, rating=1).status == 200

    @pytest.mark.parametrize("changes", [{}, {"notify": False}])
    def test_who_did_not_ask_gets_nothing_and_no_address_is_kept(
        self, api: Api, house: House, post: Post, setting: Setting, changes: dict[str, Any]
    ) -> None:
        setting(**MAIL)

        submit(api, **changes)
        records = house.carry()

        assert post.letters == []
        assert READER not in str(records)

    @pytest.mark.parametrize("missing", ["MAIL_FROM", "MANAGE_URL"])
    def test_where_readers_are_not_written_to_no_address_is_kept(
        self, api: Api, house: House, setting: Setting, missing: str
    ) -> None:
        setting(**MAIL | {missing: ""}, WEBHOOKS="on")

        submit(api, notify=True)

        assert READER not in str(house.carry())

    def test_what_is_taken_for_spam_writes_to_nobody(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)

        submit(api, notify=True, website="https://spam.example")

        assert READER not in str(house.carry())
        assert post.letters == []

    def test_a_review_that_was_withdrawn_meanwhile_is_not_written_about(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)

        withdraw(api, submit(api, notify=True).body)
        house.carry()

        assert (post.letters, len(rows("delivered"))) == ([], 1)

    def test_a_later_review_of_the_same_reader_is_not_taken_for_the_first(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)

        withdraw(api, submit(api, notify=True).body)
        second = submit(api, notify=True, rating=1).body
        house.carry()

        (letter,) = post.to(READER)
        assert second["id"] in letter.get_content()

    def test_a_letter_says_once_and_for_all_programs_how_to_end_it(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)

        submit(api, notify=True)
        house.carry()

        (letter,) = post.to(READER)
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter["List-Unsubscribe"].startswith("<https://api.example.org/v1/unsubscribe/")
        assert letter["Auto-Submitted"] == "auto-generated"
        assert letter["Message-ID"].endswith("@example.org>")
        assert keys.reader(b"r" * 32, READER) not in letter.as_string()

    def test_addresses_in_headers_are_never_encoded(
        self, api: Api, house: House, setting: Setting, tmp_path: Path
    ) -> None:
        domain = "notifications.of-a-newspaper-with-a-long-name.example.org"
        sent = {**MAIL, "MAIL_FROM": f"Plaudit <plaudit@{domain}>"}
        setting(**sent, STAGE="local", NOTICES_FOLDER=str(tmp_path))

        review = submit(api, notify=True).body
        house.carry()

        (letter,) = tmp_path.glob("*.reader.eml")
        headers = letter.read_text("utf-8").partition("\n\n")[0].splitlines()
        (unsubscribe,) = (line for line in headers if line.startswith("List-Unsubscribe: "))
        assert unsubscribe.startswith("List-Unsubscribe: <https://")
        assert unsubscribe.endswith(">")
        assert f"References: <{review['id']}@{domain}>" in headers

    def test_an_address_that_mail_cannot_have_is_refused_for_good(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)

        submit(api, email="grüße@example.org", notify=True)
        submit(api, email="grace@exämple.org", notify=True)
        house.carry()

        assert [to for to, _ in post.letters] == ["grace@xn--exmple-cua.org"]
        assert sorted(states(row)["reader"] for row in rows("delivered")) == [
            "refused address",
            "sent",
        ]

    def test_who_asked_is_told_that_a_review_is_public(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL, MODERATION="approve_first")
        review = submit(api, notify=True).body
        house.carry()

        decide(api, (review, "publish"))
        house.carry()

        letter = post.to(READER)[-1]
        assert letter["Subject"] == "Your review of “First light” is public"
        assert link_in(letter.get_content(), "https://www.example.org/mine#")

    def test_what_was_published_and_is_not_public_any_more_is_no_news(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL, MODERATION="approve_first")
        review = submit(api, notify=True).body
        house.carry()
        before = len(post.to(READER))

        decide(api, (review, "publish"))
        decide(api, (review, "reject"))
        house.carry()

        assert len(post.to(READER)) == before

    def test_a_domain_that_no_name_server_knows_is_refused_for_good(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL | {"MAIL_EDITORS": f"ada@{'x' * 64}.example"}, MODERATION="approve_first")

        submit(api)
        house.carry()

        assert post.letters == []
        assert [states(row)["editor"] for row in rows("delivered")] == ["refused address"]

    def test_a_reply_is_told_with_its_words(
        self, api: Api, house: House, post: Post, setting: Setting
    ) -> None:
        setting(**MAIL)
        review = submit(api, notify=True).body
        house.carry()

        api.put(f"/editor{REVIEWS}/{review['id']}/reply", {"message": "Thank you.\nTruly."})
        notifying.put(outbox.of_review(EventKind.REVIEW_REPLIED, stored(review), house.at))
        house.carry()

        assert "\r\n> Thank you.\r\n> Truly.\r\n" in post.to(READER)[-1].get_content()


def test_at_home_letters_and_messages_land_in_a_folder(
    api: Api, house: House, setting: Setting, tmp_path: Path
) -> None:
    setting(
        **MAIL,
        STAGE="local",
        WEBHOOKS="on",
        WEBHOOK_URLS=f"https://hooks.example.org {KEY}",
        NOTICES_FOLDER=str(tmp_path / "notices"),
        MODERATION="approve_first",
    )

    submit(api, notify=True)
    house.carry()

    kinds = sorted(path.name.split(".", 1)[1].partition("-")[0] for path in tmp_path.glob("*/*"))
    assert kinds == ["editor", "reader.eml", "webhook"]
    assert [sorted(states(row)) for row in rows("delivered")] == [["editor", "reader", "webhook"]]
