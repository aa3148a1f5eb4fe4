"""
A reader who has done everything there is to do is erased, and nothing is left of them anywhere.

Every row of both tables is searched, and every answer in which something could stand; by an
editor's key as by the reader's own link.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib.guard import captcha
from chalicelib.store import client, keys
from tests import builders, privacy
from tests.actions import ARTICLE, DECISIONS, QUEUE, REVIEWS, edit, report, stored, vote
from tests.carriers import Post
from tests.client import Api
from tests.conftest import Deliver
from tests.functional.notifying import KEY, MAIL, House, waiting
from tests.functional.test_erasing_readers import every_row, export
from tests.functional.test_links import tokens

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
EMAIL = "Zephyrine.Q@example.com"
HASH = keys.reader(b"r" * 32, EMAIL)
WORDS = {
    "name": "Zephyrine",
    "first": "A quixotic telescope, and quite a heap of other words to be known again.",
    "second": "A lugubrious telescope, and quite a heap of other words to be known again.",
    "edited": "A mellifluous telescope.",
    "note": "Zephyrine again, who rang us up.",
    "reply": "Thank you for ringing, dear Zephyrine.",
    "report": "I happen to know that Zephyrine.",
}
AGREED = {"CONSENT_REVISION": "agreed-in-2026", "CONSENT_TEXT": "I agree."}
SETTINGS = {
    **MAIL,
    **AGREED,
    "WEBHOOKS": "on",
    "WEBHOOK_URLS": f"https://127.0.0.1:1/ {KEY}",
    "MODERATION": "approve_first",
    "LIMITS": "network=999/1h reader=99/1h article=99/1h site=99/1d",
    "CAPTCHA": "turnstile",
}
OTHER = "/articles/second-light/reviews"


@pytest.fixture
def life(
    api: Api, house: House, post: Post, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """Let a reader do everything; their reviews and proposals, and a link to erase them."""
    monkeypatch.setattr(captcha, "is_solved", lambda *_: True)
    api.put("/articles/second-light", builders.article())
    setting(**SETTINGS)
    numbers = iter(range(99))

    def write(path: str, message: str, **changes: Any) -> dict[str, Any]:
        fields = {
            "email": EMAIL,
            "name": WORDS["name"],
            "message": message,
            "consent_revision": "agreed-in-2026",
            "captcha_token": f"token-{next(numbers)}",
            "notify": True,
        }
        headers = {"Idempotency_Key": f"key-{next(numbers)}", "User_Agent": "Zephyrine's"}
        answer = api.post(path, builders.submission(**fields | changes), **headers)
        assert answer.status == 201, answer.text
        review: dict[str, Any] = answer.body
        return review

    first = write(REVIEWS, WORDS["first"])
    decide(api, first, "reject")
    decide(api, first, "publish")
    api.put(f"/editor{REVIEWS}/{first['id']}/reply", {"message": WORDS["reply"]})
    accepted = write(REVIEWS, WORDS["second"], rating=2)
    decide(api, accepted, "publish")
    edit(api, first, message=WORDS["edited"])
    decide(api, first, "publish")
    waits = write(REVIEWS, f"{WORDS['first']} Perhaps.")
    spam = write(REVIEWS, f"{WORDS['second']} Perhaps.", website="https://a.b")
    vote(api, first)
    report(api, first, message=WORDS["report"])
    gone = write(OTHER, WORDS["first"])
    assert api.delete(f"{OTHER}/{gone['id']}", token=gone["manage_token"]).status == 204
    house.carry()
    for action in ("erase", "export"):
        body = {"email": EMAIL, "action": action, "captcha_token": action}
        assert api.post("/readers/requests", body).status == 202
        if action == "erase":
            house.carry()
    (token,) = tokens(post.to(EMAIL)[-1])
    return [{"token": token}, first, accepted, waits, spam, gone]


def decide(api: Api, review: dict[str, Any], decision: str) -> None:
    one = {"slug": builders.SLUG, "id": review["id"], "decision": decision, "note": WORDS["note"]}
    assert api.post(DECISIONS, {"decisions": [one]}, editor=True).status == 200


def by_editor(api: Api, token: str) -> dict[str, Any]:
    del token
    receipt: dict[str, Any] = api.post("/editor/readers/erase", {"email": EMAIL}, editor=True).body
    return receipt


def by_link(api: Api, token: str) -> dict[str, Any]:
    receipt: dict[str, Any] = api.post("/links", {"token": token}).body["receipt"]
    return receipt


def answers(api: Api, life: list[dict[str, Any]]) -> Iterator[str]:
    """Give all that is answered about the reader's reviews."""
    token, *reviews = life
    paths = [ARTICLE, f"{ARTICLE}/tally", "/articles", OTHER]
    paths += [f"{REVIEWS}?sort={sort}" for sort in ("newest", "highest", "helpful")]
    yield from (api.get(path).text for path in paths)
    of_editors = [f"{QUEUE}?status={one}" for one in ("pending", "spam", "rejected", "reported")]
    of_editors += [f"/editor/notifications?status={one}" for one in ("pending", "delivered")]
    of_editors += ["/editor/blocks", f"/editor{ARTICLE}/decisions?limit=100"]
    for review in reviews[:-1]:
        below = f"/editor{REVIEWS}/{review['id']}"
        of_editors += [f"{below}/decisions", f"{below}/reports"]
    yield from (api.get(path, editor=True).text for path in of_editors)
    yield export(api, EMAIL).text
    yield from (api.post(path, token).text for path in ("/links/description", "/links"))


@pytest.mark.parametrize("erase", [by_editor, by_link])
def test_nothing_of_a_reader_is_left_in_any_row_or_answer_of_any_kind(
    api: Api,
    house: House,
    life: list[dict[str, Any]],
    deliver: Deliver,
    erase: Callable[[Api, str], dict[str, Any]],
) -> None:
    deliver()
    known = [stored(review) for review in life[1:-1]]
    # A proposal's fingerprint is its key, which stays.
    hashes = {row.idempotency for row in known} | {known[0].fingerprint}
    personal = [*WORDS.values(), EMAIL, "quixotic", "lugubrious", "mellifluous", "agreed-in-2026"]
    before = json.dumps(every_row(), ensure_ascii=False).casefold()
    assert [one for one in (*personal, *hashes) if one.casefold() not in before] == []

    receipt = erase(api, life[0]["token"])
    deliver()
    house.carry()

    assert (receipt["reviews"], receipt["proposals"], receipt["contact"]) == (2, 3, True)
    assert receipt["is_complete"]
    rows = [row for row in every_row() if row["pk"]["S"] != "CONSENT"]
    held, told = json.dumps(rows).casefold(), " ".join(answers(api, life)).casefold()
    for one in (*personal, *hashes):
        assert one.casefold() not in held, one
        assert one.casefold() not in told, one
    assert list(privacy.found_in(held)) == []
    # What is counted of a reader forgets itself, and says nothing else.
    named = [row for row in rows if HASH in json.dumps(row)]
    assert {row["pk"]["S"] for row in named} <= {f"LIMIT#reader:{HASH}#3600"}
    assert all("expires_at" in row for row in named)
    assert HASH.casefold() not in told


def test_no_stream_record_of_an_erasure_has_a_new_image_with_anything_personal(
    api: Api, life: list[dict[str, Any]], house: House
) -> None:
    house.unread()

    by_editor(api, "")

    images = [one["dynamodb"].get("NewImage", {}) for one in house.unread()]
    text = json.dumps(images).casefold()
    assert len(images) > len(life)
    assert not [one for one in (*WORDS.values(), EMAIL, HASH) if one.casefold() in text]


def test_a_letter_that_is_out_leads_nowhere_and_nobody_is_written_to_again(
    api: Api, life: list[dict[str, Any]], house: House, post: Post
) -> None:
    by_editor(api, "")
    sent = len(post.to(EMAIL))

    house.carry()
    house.wait(hours=1)

    assert len(post.to(EMAIL)) == sent
    assert [one for one in waiting() if one["kind"].startswith("reader.")] == []
    links = re.findall(r"manage_token=(\S+)", post.to(EMAIL)[0].get_content())
    path = f"{REVIEWS}/{life[1]['id']}"
    assert [api.delete(path, token=token).status for token in links] == [404]
    assert client.get("plaudit-local-content", keys.contact(HASH), consistent=True) is None
