"""
Nothing is lost: SES, the receiver, DynamoDB and the worker fail at every step.

Whatever fails and whenever, in the end everybody was told at least once, always under the same
id, and no more often than something failed whose answer was lost.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import now
from chalicelib.notices import delivery, webhooks
from chalicelib.rules import backoff
from chalicelib.store import client, keys, outbox
from tests.actions import submit
from tests.carriers import Kind as Trouble
from tests.carriers import Post, Receiver
from tests.client import Api
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind
from tests.functional.notifying import (
    EDITOR,
    KEY,
    MAIL,
    READER,
    House,
    Setting,
    again,
    hooked,
    rows,
    states,
    waiting,
)

pytestmark = pytest.mark.usefixtures("published")


@pytest.fixture
def all_told(setting: Setting, receiver: Receiver, post: Post) -> Callable[[], Counter[str]]:
    """A house that tells an editor, a reader and a service; gives how often each was told."""
    setting(**MAIL, **hooked(receiver), MODERATION="approve_first")

    def told() -> Counter[str]:
        letters = Counter(to for to, _ in post.letters)
        ids = {(to, letter["Message-ID"]) for to, letter in post.letters}
        messages = {(headers["webhook-id"], body) for headers, body in receiver.taken}
        assert len(ids) == len(letters)
        assert len(messages) <= 1
        return letters + Counter(service=len(receiver.taken))

    return told


EACH_ONCE = {EDITOR: 1, READER: 1, "service": 1}


def test_all_are_told_once_when_nothing_fails(
    api: Api, house: House, all_told: Callable[[], Counter[str]]
) -> None:
    submit(api, notify=True)
    house.carry()

    assert all_told() == EACH_ONCE
    assert waiting() == []


@pytest.mark.parametrize("kind", [*UNCOMMITTED, *COMMITTED])
def test_dynamodb_may_fail_at_every_step(
    api: Api, house: House, post: Post, receiver: Receiver, setting: Setting, kind: Kind
) -> None:
    setting(**MAIL, **hooked(receiver), MODERATION="approve_first")
    steps = ["UpdateItem", "GetItem", "GetItem", "GetItem", "UpdateItem"]

    for step in range(1, len(steps) + 1):
        submit(api, notify=True, message=f"{kind} at {step}.")
        with Faults(client.dynamodb()) as faults:
            faults.fail(step, kind)
            house.carry()
            assert " ".join(steps).startswith(" ".join(faults.calls[:step]))
        house.wait_until_all_is_told()

    events = {row["pk"].removeprefix("O#") for row in rows("delivered")}
    services = Counter(headers["webhook-id"] for headers, _ in receiver.taken)
    letters = Counter((letter["Message-ID"][1:27], to) for to, letter in post.letters)
    assert len(events) == len(steps)
    assert services.keys() == events
    assert letters.keys() == {(event, to) for event in events for to in (EDITOR, READER)}
    # What is noted last is all that can be told twice.
    assert services.total() <= len(steps) + 1
    assert letters.total() <= 2 * (len(steps) + 1)


@pytest.mark.parametrize("trouble", ["throttle", "paused", "timeout"])
@pytest.mark.parametrize("step", [1, 2])
def test_ses_may_fail_at_every_letter(
    api: Api,
    house: House,
    post: Post,
    all_told: Callable[[], Counter[str]],
    trouble: Trouble,
    step: int,
) -> None:
    post.fail(step, trouble)

    submit(api, notify=True)
    house.carry()
    (row,) = waiting()
    house.wait(seconds=59)
    before = all_told()
    house.wait(seconds=1)

    assert states(row)["editor" if step == 1 else "reader"].startswith("failed")
    assert before.total() < 3
    assert all_told() == EACH_ONCE
    assert waiting() == []


def test_a_letter_whose_answer_is_lost_goes_out_twice_under_one_id(
    api: Api, house: House, post: Post, all_told: Callable[[], Counter[str]]
) -> None:
    post.fail(1, "lost")

    submit(api, notify=True)
    house.carry()
    house.wait(minutes=1)

    assert all_told() == EACH_ONCE | {EDITOR: 2}


@pytest.mark.parametrize("answer", [500, 503, 404, 302, "lost"])
def test_a_receiver_may_fail(
    api: Api,
    house: House,
    receiver: Receiver,
    all_told: Callable[[], Counter[str]],
    answer: Any,
) -> None:
    receiver.answers = [answer]

    submit(api, notify=True)
    house.carry()
    house.wait(minutes=1)

    assert all_told() == EACH_ONCE | {"service": 2 if answer == "lost" else 1}
    assert waiting() == []


def test_a_worker_that_dies_after_it_sent_and_before_it_noted_is_followed_by_another(
    api: Api,
    house: House,
    all_told: Callable[[], Counter[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    submit(api, notify=True)
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "deliver", die)
        with pytest.raises(KeyboardInterrupt):
            house.carry()
    assert all_told() == EACH_ONCE
    early = house.wait(seconds=30)
    house.wait(seconds=120)

    assert early == {}
    assert all_told() == {EDITOR: 2, READER: 2, "service": 2}
    assert waiting() == []


def test_what_the_stream_never_brings_is_told_by_the_sweep(
    api: Api, house: House, all_told: Callable[[], Counter[str]]
) -> None:
    submit(api, notify=True)

    assert house.wait(seconds=60) == {}
    assert house.wait(seconds=61) == {"delivered": 1}
    assert all_told() == EACH_ONCE


def test_the_same_record_again_and_late_tells_nobody_twice(
    api: Api, house: House, all_told: Callable[[], Counter[str]]
) -> None:
    submit(api, notify=True)
    records = house.carry()
    again(records)
    house.at += timedelta(hours=5)
    again(records)

    assert all_told() == EACH_ONCE


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_two_workers_on_one_row_have_one_outcome(
    api: Api, house: House, all_told: Callable[[], Counter[str]], step: int
) -> None:
    submit(api, notify=True)
    found = outbox.due(house.at + timedelta(days=1), 9)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(step, lambda: delivery.deliver(found))
        house.carry()

    assert all_told() == EACH_ONCE
    assert [row["attempts"] for row in rows("delivered")] == [1]


def test_who_was_too_slow_does_not_undo_what_another_noted(
    api: Api, house: House, receiver: Receiver, all_told: Callable[[], Counter[str]]
) -> None:
    receiver.answers = [500]
    submit(api, notify=True)

    def overtake() -> None:
        house.at += timedelta(minutes=3)
        assert delivery.sweep() == {"delivered": 1}

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(5, overtake)
        house.carry()

    (row,) = rows("delivered")
    assert states(row) == {"editor": "sent", "reader": "sent", "webhook": "sent"}
    assert waiting() == []


def test_a_target_that_does_not_answer_is_left_alone_for_the_rest_of_a_run(
    api: Api, house: House, post: Post, setting: Setting
) -> None:
    setting(**MAIL, MODERATION="approve_first")
    for number in range(5):
        submit(api, email=f"reader-{number}@example.com")
    post.fail(1, "timeout", times=99)

    house.carry()

    assert post.calls == 1
    assert {states(row)["editor"] for row in waiting()} == {"failed unreachable", "failed down"}


def test_after_ten_attempts_in_three_days_it_is_dead_and_said(
    api: Api,
    house: House,
    receiver: Receiver,
    setting: Setting,
    caplog: pytest.LogCaptureFixture,
) -> None:
    setting(**hooked(receiver))
    receiver.answers = [503] * 10
    began = house.at

    submit(api)
    house.carry()
    for pause in backoff.PAUSES:
        house.at += pause - timedelta(seconds=1)
        assert delivery.sweep() == {}
        house.wait(seconds=1)

    (row,) = rows("dead")
    assert (row["attempts"], states(row)) == (10, {"webhook": "failed http_503"})
    assert timedelta(days=3) < house.at - began < timedelta(days=4)
    assert sum(backoff.PAUSES, timedelta()) == house.at - began
    assert [one.getMessage() for one in caplog.records].count("notification dead") == 1


def test_a_row_that_somebody_spoiled_does_not_hold_up_the_others(
    api: Api, house: House, all_told: Callable[[], Counter[str]]
) -> None:
    spoiled = keys.event("SPOILED") | {
        "queue": {"S": keys.OUTBOX},
        "id": {"S": keys.due(now(), "SPOILED")},
    }
    client.write({"Put": {"TableName": settings.current().content_table, "Item": spoiled}})
    submit(api, notify=True)

    house.carry()
    became = house.wait(minutes=3)

    assert (became, all_told()) == ({}, EACH_ONCE)


def test_a_fault_of_ours_in_one_carrier_spares_the_others(
    api: Api,
    house: House,
    all_told: Callable[[], Counter[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(api, notify=True)
    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "body_of", lambda _: json.loads("no JSON"))
        house.carry()
    (row,) = waiting()
    house.wait(minutes=1)

    assert states(row) == {"editor": "sent", "reader": "sent", "webhook": "failed internal"}
    assert all_told() == EACH_ONCE


def test_secrets_that_cannot_be_read_wait(
    api: Api, house: House, setting: Setting, receiver: Receiver, post: Post
) -> None:
    setting(**MAIL, WEBHOOKS="on", WEBHOOK_URLS="malformed", MODERATION="approve_first")
    submit(api)
    house.carry()
    (row,) = waiting()
    setting(**hooked(receiver))
    house.wait(minutes=1)

    assert states(row) == {"editor": "sent", "webhooks": "failed unavailable"}
    assert (len(receiver.taken), waiting()) == (1, [])
    assert states(rows("delivered")[0]) == {"editor": "sent", "webhook": "sent"}


def test_what_a_run_has_no_time_for_is_told_by_a_later_one(
    api: Api,
    house: House,
    all_told: Callable[[], Counter[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(api, notify=True)
    with monkeypatch.context() as patched:
        patched.setattr(delivery, "SECONDS", -1)
        house.carry()
    assert [row["attempts"] for row in waiting()] == [0]

    house.wait(minutes=3)

    assert all_told() == EACH_ONCE


def test_webhooks_that_are_not_https_are_not_called_outside_of_a_laptop(
    api: Api, house: House, setting: Setting, receiver: Receiver
) -> None:
    setting(WEBHOOKS="on", WEBHOOK_URLS=f"{receiver.url} {KEY}")

    submit(api)
    house.carry()

    (row,) = waiting()
    assert (receiver.taken, states(row)) == ([], {"webhooks": "failed unavailable"})
