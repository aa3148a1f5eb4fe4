"""The log of what was told, what was not, and another try."""

from typing import Any

import pytest

from chalicelib.rules import backoff
from chalicelib.store import outbox
from tests.actions import submit
from tests.carriers import Receiver
from tests.client import Api
from tests.functional.notifying import House, Setting, hooked

NOTIFICATIONS = "/editor/notifications"


def listed(api: Api, status: str = "pending") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"{NOTIFICATIONS}?status={status}", editor=True).body[
        "items"
    ]
    return found


def retry(api: Api, notification: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(f"{NOTIFICATIONS}/{notification['id']}/retry", editor=True)
    assert answer.status == 200
    body: dict[str, Any] = answer.body
    return body


@pytest.fixture
def dead(api: Api, house: House, receiver: Receiver, setting: Setting) -> dict[str, Any]:
    """A notification that nobody took."""
    setting(**hooked(receiver))
    receiver.answers = [503] * 10
    submit(api)
    house.carry()
    for pause in backoff.PAUSES:
        house.wait(seconds=int(pause.total_seconds()))
    (found,) = listed(api, "dead")
    return found


def test_what_waits_says_when_it_is_tried_next(
    api: Api, house: House, receiver: Receiver, setting: Setting
) -> None:
    setting(**hooked(receiver))
    receiver.answers = [503]

    review = submit(api).body
    house.carry()

    (found,) = listed(api)
    (delivery,) = found.pop("deliveries")
    assert found == {
        "id": found["id"],
        "status": "pending",
        "kind": "review.received",
        "slug": "first-light",
        "review_id": review["id"],
        "at": review["submitted_at"],
        "attempts": 1,
        "next_attempt_at": found["next_attempt_at"],
    }
    assert (delivery["state"], delivery["error"]) == ("failed", "http_503")
    assert delivery["target"].startswith("webhook-")
    assert found["next_attempt_at"] > delivery["at"]


def test_what_was_delivered_is_a_log(
    api: Api, house: House, receiver: Receiver, setting: Setting
) -> None:
    setting(**hooked(receiver))

    for number in range(3):
        submit(api, email=f"reader-{number}@example.com")
    house.carry()

    found = listed(api, "delivered")
    assert [one["deliveries"][0]["state"] for one in found] == ["sent"] * 3
    assert [one["next_attempt_at"] for one in found] == [None] * 3
    assert listed(api) == listed(api, "dead") == []


@pytest.mark.parametrize("status", ["pending", "delivered"])
def test_the_list_is_read_page_by_page(
    api: Api, house: House, receiver: Receiver, setting: Setting, status: str
) -> None:
    setting(**hooked(receiver))
    for number in range(5):
        submit(api, email=f"reader-{number}@example.com")
    if status == "delivered":
        house.carry()

    path, seen = f"{NOTIFICATIONS}?status={status}&limit=2", list[str]()
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path + (f"&cursor={cursor}" if cursor else ""), editor=True).body
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]

    ordered = [one["id"] for one in listed(api, status)]
    assert len(seen) == len(set(seen)) == 5
    assert seen == ordered


def test_what_is_dead_may_be_tried_again_with_all_its_attempts(
    api: Api, house: House, receiver: Receiver, dead: dict[str, Any]
) -> None:
    receiver.answers = [503]

    waiting = retry(api, dead)
    first = house.wait(seconds=1)
    second = house.wait(seconds=60)

    assert (dead["status"], dead["attempts"]) == ("dead", 10)
    assert (waiting["status"], waiting["attempts"]) == ("pending", 0)
    assert (first, second) == ({"postponed": 1}, {"delivered": 1})
    assert receiver.taken[0][0]["webhook-id"] == dead["id"]


def test_what_was_delivered_stays_so(
    api: Api, house: House, receiver: Receiver, setting: Setting
) -> None:
    setting(**hooked(receiver))
    submit(api)
    house.carry()
    (found,) = listed(api, "delivered")

    assert retry(api, found) == found
    house.wait(hours=1)
    assert len(receiver.taken) == 1


def test_who_never_gets_through_is_asked_to_come_again(
    api: Api, dead: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        # Somebody else writes between every read and the write after it.
        patched.setattr(outbox, "_write", lambda *_: False)
        answer = api.post(f"{NOTIFICATIONS}/{dead['id']}/retry", editor=True)

    assert (answer.status, answer.code) == (503, "unavailable")
    assert listed(api, "dead") == [dead]


@pytest.mark.parametrize("name", ["0" * 26, "x", "..", "A" * 41, "%00"])
def test_what_is_not_there_cannot_be_tried(api: Api, name: str) -> None:
    answer = api.post(f"{NOTIFICATIONS}/{name}/retry", editor=True)

    assert (answer.status, answer.code) == (404, "notification_not_found")


def test_a_list_has_three_statuses(api: Api) -> None:
    assert api.get(f"{NOTIFICATIONS}?status=lost", editor=True).status == 400


def test_it_is_for_editors(api: Api) -> None:
    assert api.get(NOTIFICATIONS).status == 401
    assert api.post(f"{NOTIFICATIONS}/{'0' * 26}/retry").status == 401
