"""
A change and the event that tells of it are one transaction, and the event is told.

Each change that somebody is told of is made while DynamoDB fails at each of its calls: then the
change and its event are both there, or neither. Made again it is there with one event, and whoever
is to be told of that gets it, under its id, however often the worker dies.
"""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, NamedTuple

import pytest

from chalicelib.errors import UnavailableError
from chalicelib.model import ArticleStatus, ReviewStatus, now, rfc3339
from chalicelib.notices import mail, webhooks
from chalicelib.store import articles, client
from chalicelib.workers import schedule
from tests import builders
from tests.actions import ARTICLE, REVIEWS, decide, listed, report, stored, submit, withdraw
from tests.carriers import Post, Receiver
from tests.client import Api
from tests.faults import Faults, Kind
from tests.functional.notifying import EDITOR, MAIL, READER, House, Setting, hooked, rows, waiting

pytestmark = pytest.mark.usefixtures("published")

OTHER: Final = "/articles/other"
STEPS: Final = range(1, 6)
"""Calls that fail one after another: each change has written its transaction by then."""
EACH_ONCE: Final = {EDITOR: 1, READER: 1, "service": 1}


class Change(NamedTuple):
    """Something that somebody is told of: how it is made, and whether it is there."""

    make: Callable[[], object]
    is_made: Callable[[], bool]


def received(api: Api) -> Change:
    return Change(lambda: submit(api), lambda: len(listed(api)) == 1)


def decided(api: Api, decision: str, status: ReviewStatus) -> Change:
    review = submit(api).body
    return Change(lambda: decide(api, (review, decision)), lambda: stored(review).status is status)


def replied(api: Api) -> Change:
    review = submit(api).body
    path = f"/editor{REVIEWS}/{review['id']}/reply"
    return Change(
        lambda: api.put(path, {"message": "Thank you."}), lambda: bool(stored(review).reply)
    )


def withdrawn(api: Api) -> Change:
    review = submit(api).body
    return Change(
        lambda: withdraw(api, review), lambda: stored(review).status is ReviewStatus.WITHDRAWN
    )


def reported(api: Api) -> Change:
    review = submit(api).body
    return Change(lambda: report(api, review), lambda: stored(review).is_reported)


def is_now(status: ArticleStatus, slug: str) -> bool:
    article = articles.find(slug)
    return article is not None and article.summary.status is status


def went_public(api: Api) -> Change:
    api.put(OTHER, builders.article(status="draft"))
    return Change(
        lambda: api.patch(OTHER, {"status": "published"}, editor=True, If_Match="*"),
        lambda: is_now(ArticleStatus.PUBLISHED, "other"),
    )


def went_live(api: Api) -> Change:
    soon = rfc3339(now() + timedelta(minutes=1))
    api.put(OTHER, builders.article(status="scheduled", published_at=soon))

    def run() -> None:
        with suppress(UnavailableError), pytest.MonkeyPatch.context() as patched:
            patched.setattr(schedule, "now", lambda: now() + timedelta(minutes=2))
            schedule.publish_due()

    return Change(run, lambda: is_now(ArticleStatus.PUBLISHED, "other"))


def retracted(api: Api) -> Change:
    return Change(
        lambda: api.delete(ARTICLE, editor=True, If_Match="*"),
        lambda: is_now(ArticleStatus.RETRACTED, builders.SLUG),
    )


CHANGES: Final[dict[str, Callable[[Api], Change]]] = {
    "review.received": received,
    "review.published": lambda api: decided(api, "publish", ReviewStatus.PUBLISHED),
    "review.rejected": lambda api: decided(api, "reject", ReviewStatus.REJECTED),
    "review.replied": replied,
    "review.withdrawn": withdrawn,
    "review.reported": reported,
    "article.published": went_public,
    "article.published by the clock": went_live,
    "article.retracted": retracted,
}


def prepared(name: str, api: Api, house: House, setting: Setting, receiver: Receiver) -> Change:
    """Get to the state before a change, of which everybody has been told."""
    needs_waiting = name in {"review.published", "review.rejected"}
    moderation = "approve_first" if needs_waiting else "publish_first"
    setting(**hooked(receiver), MODERATION=moderation)
    change = CHANGES[name](api)
    house.carry()
    receiver.taken.clear()
    assert not change.is_made()
    return change


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_and_its_event_are_one_transaction(
    name: str, api: Api, house: House, setting: Setting, receiver: Receiver
) -> None:
    change = prepared(name, api, house, setting, receiver)
    calls: list[str] = []
    asked: list[tuple[int, str, list[str]]] = []

    def record(model: Any, params: dict[str, Any], **_: object) -> None:
        calls.append(model.name)
        if "O#" in str(params["body"]):
            actions = json.loads(params["body"]).get("TransactItems", [])
            written = [one.get("Put") or one.get("Update") or {} for one in actions]
            keys = [(one.get("Item") or one.get("Key") or {}).get("pk", {}) for one in written]
            asked.append((len(calls), model.name, [key.get("S", "")[:2] for key in keys]))

    events = client.dynamodb().meta.events
    events.register("before-call.dynamodb", record)
    try:
        change.make()
    finally:
        events.unregister("before-call.dynamodb", record)

    ((step, operation, prefixes),) = asked
    assert step in STEPS
    assert operation == "TransactWriteItems"
    assert prefixes.count("O#") == 1
    assert "A#" in prefixes


@pytest.mark.parametrize("kind", ["throttle", "lost_answer"])
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("step", STEPS)
def test_both_are_there_or_neither_and_what_is_there_is_told(
    name: str,
    kind: Kind,
    step: int,
    api: Api,
    house: House,
    setting: Setting,
    receiver: Receiver,
) -> None:
    change = prepared(name, api, house, setting, receiver)

    with Faults(client.dynamodb()) as faults:
        faults.fail(step, kind)
        change.make()
    is_made, events = change.is_made(), len(waiting())
    change.make()
    house.carry()
    house.wait(minutes=3)

    assert events == is_made
    assert change.is_made()
    told = Counter(headers["webhook-id"] for headers, _ in receiver.taken)
    known = [
        row["pk"].removeprefix("O#")
        for row in rows("delivered")
        if row["kind"] == name.partition(" ")[0]
    ]
    assert set(told) <= set(known)
    assert len(told) >= 1
    assert set(told.values()) == {1}
    assert waiting() == []


class DeadError(BaseException):
    """The worker is gone: nothing in it goes on."""


def die(*_: object) -> None:
    raise DeadError


@pytest.fixture
def told(setting: Setting, receiver: Receiver, post: Post) -> Callable[[], Counter[str]]:
    """A house that tells an editor, a reader and a service; gives how often each was told."""
    setting(**MAIL, **hooked(receiver), MODERATION="approve_first")

    def count() -> Counter[str]:
        letters = Counter(to for to, _ in post.letters)
        assert len({(to, one["Message-ID"]) for to, one in post.letters}) == len(letters)
        assert len({headers["webhook-id"] for headers, _ in receiver.taken}) <= 1
        return letters + Counter(service=len(receiver.taken))

    return count


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_may_die_before_each_of_its_calls(
    step: int, api: Api, house: House, told: Callable[[], Counter[str]]
) -> None:
    submit(api, notify=True)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(step, die)
        with pytest.raises(DeadError):
            house.carry()
    before = told()
    house.wait(minutes=3)

    # Before the last call, which notes it, all were told, and are once more.
    assert before == ({} if step < STEPS[-1] else EACH_ONCE)
    assert told() == Counter(EACH_ONCE) + before
    assert waiting() == []


@pytest.mark.parametrize("is_sent", [False, True])
@pytest.mark.parametrize(("carrier", "name"), [(mail, "send"), (webhooks, "send")])
@pytest.mark.parametrize("number", [1, 2])
def test_a_worker_may_die_before_and_after_it_sends(
    carrier: Any,
    name: str,
    number: int,
    is_sent: bool,
    api: Api,
    house: House,
    told: Callable[[], Counter[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send, left = getattr(carrier, name), iter([True] * (number - 1))

    def send_or_die(*args: Any) -> None:
        goes_on = next(left, False)
        if goes_on or is_sent:
            send(*args)
        if not goes_on:
            die()

    submit(api, notify=True)
    with monkeypatch.context() as patched, suppress(DeadError):
        patched.setattr(carrier, name, send_or_die)
        house.carry()
    before = told()
    house.wait(minutes=3)

    after = told()
    assert after.keys() == EACH_ONCE.keys()
    assert all(after[who] <= 1 + before[who] for who in after)
    assert waiting() == []
