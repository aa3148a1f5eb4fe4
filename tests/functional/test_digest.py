"""The daily digest: one a day, whatever runs twice or dies, and none where nothing waits."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from chalicelib.errors import UnavailableError
from chalicelib.notices import audience
from chalicelib.store import client
from chalicelib.workers import schedule
from tests import builders
from tests.actions import report, submit
from tests.carriers import Post, Receiver
from tests.client import Api
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind
from tests.functional.notifying import EDITOR, MAIL, House, Setting, hooked, rows, waiting

HOUR = 6
NOTIFICATIONS = "/editor/notifications?status=delivered"
Clock = Callable[[datetime], dict[str, int]]


@pytest.fixture
def morning(api: Api, house: House, post: Post, setting: Setting) -> datetime:
    """The hour of a day on which one review waits, whose letter has been sent."""
    setting(**MAIL, DIGEST_HOUR=str(HOUR), MODERATION="approve_first")
    submit(api)
    house.carry()
    return (house.at + timedelta(days=1)).replace(hour=HOUR, minute=0, second=0)


@pytest.fixture
def run_at(house: House) -> Clock:
    """Let the clock's Lambda run at a time."""

    def run(at: datetime) -> dict[str, int]:
        house.at = at
        return schedule.run()

    return run


def digests(post: Post) -> list[str]:
    found = [one for _, one in post.letters if one["Subject"] == "Reviews wait for the editors"]
    return [one["Message-ID"] for one in found]


def test_after_its_hour_editors_are_told_how_much_waits(
    api: Api, house: House, post: Post, morning: datetime, run_at: Clock, setting: Setting
) -> None:
    second = submit(api, email="second@example.com").body
    setting(MODERATION="publish_first")
    report(api, submit(api, email="third@example.com").body)
    house.carry()
    post.letters.clear()

    early = run_at(morning - timedelta(minutes=1))
    began = run_at(morning)
    house.carry()

    assert ("digests" in early, began["digests"]) == (False, 1)
    ((to, letter),) = post.letters
    told = letter.get_content().replace("\r\n", "\n")
    assert (to, letter["Subject"]) == (EDITOR, "Reviews wait for the editors")
    first, _, rest = told.partition("\n")
    assert first.startswith("2 reviews waiting for a decision, the oldest since 20")
    assert second["submitted_at"] >= first[-21:-1]
    assert f"    2  {builders.SLUG}\n\nGET /editor/reviews?status=pending\n" in rest
    assert "1 review reported and public, the oldest since 20" in rest
    assert f"    1  {builders.SLUG}\n\nGET /editor/reviews?status=reported\n" in rest


def test_a_letter_of_a_digest_holds_no_words_of_a_reader(
    api: Api, house: House, post: Post, morning: datetime, run_at: Clock
) -> None:
    submit(api, email="canary@example.com", name="Ms Canary", message="Canary words.")
    run_at(morning)
    house.carry()

    assert len(digests(post)) == 1
    assert "anary" not in "".join(letter.as_string() for _, letter in post.letters)


def test_a_long_queue_is_looked_at_to_a_hundred(
    api: Api,
    house: House,
    post: Post,
    morning: datetime,
    run_at: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(audience, "MOST", 1)
    submit(api, email="second@example.com")

    run_at(morning)
    house.carry()

    text = post.letters[-1][1].get_content()
    assert text.startswith("More than 1 reviews waiting for a decision, the oldest since 20")
    assert "reported" not in text


def test_a_day_has_one_and_the_next_day_its_own(
    house: House, post: Post, morning: datetime, run_at: Clock
) -> None:
    for day in range(3):
        for hours in (0, 1, 17):
            run_at(morning + timedelta(days=day, hours=hours))
            house.carry()

    sent = digests(post)
    assert len(sent) == len(set(sent)) == 3
    assert sent[0].startswith(f"<DIGEST-{morning:%Y-%m-%d}.editor-")


@pytest.mark.parametrize("step", range(1, 6))
def test_two_runs_at_once_make_one(
    house: House, post: Post, morning: datetime, run_at: Clock, step: int
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(step, lambda: run_at(morning))
        run_at(morning)
    house.carry()
    house.wait(minutes=3)

    assert len(digests(post)) == 1
    assert waiting() == []


@pytest.mark.parametrize("kind", [*UNCOMMITTED, *COMMITTED])
@pytest.mark.parametrize("step", [2, 3])
def test_a_run_that_dies_is_followed_by_another(
    house: House, post: Post, morning: datetime, run_at: Clock, kind: Kind, step: int
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(step, kind)
        with suppress(UnavailableError):
            run_at(morning)
        assert faults.calls[1] == "GetItem"
    run_at(morning + timedelta(minutes=1))
    house.carry()
    house.wait(minutes=5)

    assert len(digests(post)) == 1


def test_a_letter_that_fails_is_sent_again_under_its_id(
    house: House, post: Post, morning: datetime, run_at: Clock
) -> None:
    post.fail(1, "lost")

    run_at(morning)
    house.carry()
    house.wait(minutes=1)

    sent = digests(post)
    assert (len(sent), len(set(sent))) == (2, 1)


def test_where_nothing_waits_nothing_is_sent_that_day(
    api: Api, house: House, post: Post, setting: Setting, run_at: Clock
) -> None:
    setting(**MAIL, DIGEST_HOUR="0", MODERATION="approve_first")

    run_at(house.at)
    house.carry()
    submit(api)
    run_at(house.at)
    house.carry()

    assert digests(post) == []
    (found,) = (
        one for one in api.get(NOTIFICATIONS, editor=True).body["items"] if one["kind"] == "digest"
    )
    assert (found["slug"], found["review_id"], found["deliveries"]) == (None, None, [])
    assert found["id"] == f"DIGEST-{house.at:%Y-%m-%d}"


@pytest.mark.parametrize(
    "missing", [{"DIGEST_HOUR": "off"}, {"MAIL_FROM": ""}, {"MAIL_EDITORS": ""}], ids=str
)
def test_who_is_not_to_be_told_costs_nothing(
    morning: datetime, run_at: Clock, setting: Setting, missing: dict[str, str]
) -> None:
    setting(**missing)

    with Faults(client.dynamodb()) as faults:
        run_at(morning + timedelta(minutes=1))  # in the hour's first, retention looks too

    assert faults.calls == ["Query", "Query"]
    assert waiting() == []


def test_editors_who_were_taken_off_meanwhile_get_none(
    house: House, post: Post, morning: datetime, run_at: Clock, setting: Setting
) -> None:
    run_at(morning)
    setting(MAIL_EDITORS="")
    house.carry()

    assert (digests(post), waiting()) == ([], [])


def test_no_webhook_is_told_of_a_digest(
    house: House, post: Post, receiver: Receiver, morning: datetime, run_at: Clock, setting: Setting
) -> None:
    setting(**MAIL, **hooked(receiver))

    run_at(morning)
    house.carry()

    assert (len(digests(post)), receiver.taken) == (1, [])
    assert len(rows("delivered")) == 2
