"""Spam and rejected reviews are forgotten when their time is over, each once, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.errors import UnavailableError
from chalicelib.model import ReviewStatus, now
from chalicelib.store import client, items, keys, review_lists
from chalicelib.store.attributes import pack
from chalicelib.store.items import MalformedItemError
from chalicelib.workers import retention, schedule
from chalicelib.workers.retention import forget_expired
from chalicelib.workers.schedule import every_minute
from tests import builders, rows
from tests.actions import DECISIONS, REVIEWS, decide, edit, listed, queued, stored, submit, withdraw
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import UNCOMMITTED, Faults, Kind
from tests.metering import Meter

pytestmark = pytest.mark.usefixtures("published")

Setting = Callable[..., None]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def kept(setting: Setting) -> None:
    """Thirty days for both."""
    setting(RETENTION="spam=30d rejected=30d")


def later(days: float = 31) -> datetime:
    return now() + days * DAY


def ended(api: Api, decision: str = "reject", who: str = "grace", **changes: Any) -> dict[str, Any]:
    """Give a review on which an editor decided."""
    review: dict[str, Any] = submit(api, email=f"{who}@example.com", **changes).body
    decide(api, (review, decision))
    return review


def is_forgotten(review: dict[str, Any]) -> bool:
    found = stored(review)
    is_erased = found.status is ReviewStatus.ERASED
    assert is_erased == (found.reader == "") == (found.message == "")
    return is_erased


@pytest.mark.parametrize("decision", ["reject", "spam"])
def test_what_an_editor_decided_is_forgotten_after_its_days(api: Api, decision: str) -> None:
    review = ended(api, decision)
    other = submit(api, email="ada@example.com").body
    status = str(stored(review).status)
    assert [one["id"] for one in queued(api, status)] == [review["id"]]

    assert forget_expired(stored(review).changed_at + 30 * DAY - timedelta(seconds=1)) == {}
    assert forget_expired(stored(review).changed_at + 30 * DAY) == {"forgotten": 1}

    assert is_forgotten(review)
    assert queued(api, status) == []
    assert [one["id"] for one in listed(api)] == [other["id"]]


def test_the_last_change_counts_and_not_the_submission(api: Api) -> None:
    review = stored(submit(api).body)
    rejected = replace(
        review, status=ReviewStatus.REJECTED, revision=2, changed_at=later(40), reasons=()
    )
    rows.put(rejected)

    assert forget_expired(later(41)) == forget_expired(later(69)) == {}
    assert forget_expired(later(71)) == {"forgotten": 1}


def test_nothing_is_forgotten_twice(api: Api) -> None:
    review = ended(api)
    assert forget_expired(later()) == {"forgotten": 1}
    before = stored(review)

    assert forget_expired(later()) == forget_expired(later(4000)) == {}
    assert stored(review) == before


@pytest.mark.parametrize(
    ("setting_", "left"),
    [
        ("spam=off rejected=off", {"spam", "reject"}),
        ("spam=off rejected=30d", {"spam"}),
        ("rejected=off", {"reject"}),
        ("spam=32d rejected=1d", {"spam"}),
    ],
)
def test_each_status_has_its_own_days_or_none(
    api: Api, setting: Setting, setting_: str, left: set[str]
) -> None:
    setting(RETENTION=setting_)
    reviews_ = {decision: ended(api, decision, decision) for decision in ("spam", "reject")}

    forget_expired(later())

    assert {one for one, review in reviews_.items() if not is_forgotten(review)} == left


def test_what_waits_or_is_public_or_withdrawn_is_kept(api: Api, setting: Setting) -> None:
    public = submit(api, email="a@example.com").body
    gone = submit(api, email="b@example.com").body
    withdraw(api, gone)
    setting(MODERATION="approve_first")
    waits = submit(api, email="c@example.com").body
    before = [stored(one) for one in (public, gone, waits)]

    assert forget_expired(later(9000)) == {}

    assert [stored(one) for one in (public, gone, waits)] == before


def test_a_rejected_proposal_is_forgotten_and_its_review_stays(api: Api) -> None:
    review = submit(api).body
    proposal = submit(api, rating=1).body
    decide(api, (proposal, "reject"))

    assert forget_expired(later()) == {"forgotten": 1}

    assert is_forgotten(proposal)
    assert not is_forgotten(review)


def test_spam_that_nobody_touched_is_left_to_its_own_end(api: Api) -> None:
    spam = submit(api, website="x").body

    assert forget_expired(later()) == {}

    assert stored(spam).expires_at is not None


def test_a_shorter_time_holds_for_spam_that_was_to_stay_longer(api: Api, setting: Setting) -> None:
    spam = submit(api, website="x").body
    setting(RETENTION="spam=7d")

    assert forget_expired(later(8)) == {"forgotten": 1}

    assert is_forgotten(spam)
    assert stored(spam).expires_at is None


def test_the_tally_stays_as_it_is(api: Api, deliver: Deliver) -> None:
    submit(api, email="ada@example.com", rating=2)
    ended(api, rating=5)
    ended(api, "spam", "eve", rating=1)
    deliver()
    before = rows.numbers_of()

    assert forget_expired(later()) == {"forgotten": 2}
    deliver()

    assert rows.numbers_of() == before == rows.recount_of()
    assert before.count == 1


def test_whoever_writes_again_begins_anew(api: Api) -> None:
    review = ended(api)
    forget_expired(later())

    again = submit(api, email="grace@example.com")

    assert again.status == 201
    assert again.body["id"] != review["id"]
    assert [one["id"] for one in listed(api)] == [again.body["id"]]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda api, one: decide(api, (one, "publish")), "published"),
        (lambda api, one: edit(api, one, message="On a second reading."), "rejected"),
        (withdraw, "withdrawn"),
    ],
    ids=["published", "edited", "withdrawn"],
)
def test_whoever_changes_it_meanwhile_has_it(
    api: Api, change: Callable[[Api, dict[str, Any]], object], status: str
) -> None:
    review = ended(api)
    with Faults(client.dynamodb()) as faults:
        # After both looks and the one at the ledger, right before it would be erased.
        faults.meanwhile(4, lambda: change(api, review))

        assert forget_expired(later()) == {}

    assert str(stored(review).status) == status


def test_what_vanished_meanwhile_is_nobodys_failure(api: Api) -> None:
    review = ended(api)
    with Faults(client.dynamodb()) as faults:
        key = keys.review(builders.SLUG, stored(review).key)
        faults.clear()
        faults.meanwhile(4, lambda: rows.delete(key))

        assert forget_expired(later()) == {}


def test_two_runs_at_once_forget_it_once(api: Api) -> None:
    review = ended(api)
    found: list[dict[str, int]] = []
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(4, lambda: found.append(forget_expired(later())))

        found.append(forget_expired(later()))

    assert found == [{"forgotten": 1}, {}]
    assert stored(review).revision == 3


@pytest.mark.parametrize("kind", [one for one in UNCOMMITTED if one != "conflict"])
@pytest.mark.parametrize(
    ("call", "left"),
    [(1, "spam"), (2, "spam"), (3, "spam"), (4, "reject"), (5, "reject"), (6, "reject")],
)
def test_what_fails_holds_up_nothing_and_is_due_again(
    api: Api, kind: Kind, call: int, left: str
) -> None:
    reviews_ = {decision: ended(api, decision, decision) for decision in ("spam", "reject")}
    calls = ["Query", "Query", "TransactWriteItems"] * 2
    with Faults(client.dynamodb()) as faults:
        faults.fail(call, kind)

        with pytest.raises(UnavailableError):
            forget_expired(later())

        assert faults.fired == [calls[call - 1]]

    assert [one for one, review in reviews_.items() if not is_forgotten(review)] == [left]
    assert forget_expired(later()) == {"forgotten": 1}


@pytest.mark.parametrize("kind", ["lost_answer", "repeated"])
def test_a_lost_answer_forgets_once(api: Api, kind: Kind) -> None:
    review = ended(api)
    with Faults(client.dynamodb()) as faults:
        faults.fail(4, kind)
        if kind == "repeated":
            # moto knows no token of a request, so the repetition finds it erased.
            assert forget_expired(later()) == {}
        else:
            with pytest.raises(UnavailableError):
                forget_expired(later())

    assert forget_expired(later()) == {}
    assert (is_forgotten(review), stored(review).revision) == (True, 3)


@pytest.mark.parametrize("notes", [1, 95])
def test_the_ledger_says_so_once_and_keeps_no_note(api: Api, notes: int) -> None:
    review = submit(api).body
    path = f"/editor{REVIEWS}/{review['id']}/decisions?limit=100"
    body = {"slug": builders.SLUG, "id": review["id"], "note": "Grace again."}
    for number in range(notes):
        decision = {**body, "decision": "spam" if number % 2 else "reject"}
        assert api.post(DECISIONS, {"decisions": [decision]}, editor=True).status == 200
    before = api.get(path, editor=True).body["items"]

    forget_expired(later())
    forget_expired(later())

    ended_, *others = api.get(path, editor=True).body["items"]
    assert (ended_["action"], ended_["by"], ended_["note"]) == ("erase", "retention", "")
    assert ended_["before"] == before[0]["after"]
    assert (ended_["after"]["status"], ended_["after"]["revision"]) == ("erased", notes + 2)
    assert others == [{**one, "note": ""} for one in before]
    assert {one["note"] for one in before} == {"Grace again."}


def test_a_row_that_cannot_be_read_holds_up_no_other(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = ended(api), ended(api, who="ada")
    rows.put(items.review_item(stored(broken)) | pack({"rating": "many"}))

    with pytest.raises(MalformedItemError):
        forget_expired(later())

    assert is_forgotten(whole)
    (failure,) = [one for one in caplog.records if one.getMessage() == "retention failed"]
    assert "many" not in str(vars(failure))


def test_one_run_forgets_so_many_and_the_oldest_first(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST", 2)
    reviews_ = [ended(api, who=f"reader-{number}") for number in range(5)]
    order = sorted(reviews_, key=lambda one: str(one["id"]))

    for forgotten in (2, 4, 5):
        forget_expired(later())

        assert [is_forgotten(one) for one in order] == [number < forgotten for number in range(5)]


def test_a_run_that_takes_too_long_leaves_the_rest_to_the_next(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        ended(api, who=f"reader-{number}")
    ticks = iter([0.0, 1.0, 9.9, 10.1])
    clock = SimpleNamespace(monotonic=lambda: next(ticks))
    monkeypatch.setattr("chalicelib.workers.retention.time", clock)

    assert forget_expired(later()) == {"forgotten": 2}

    assert len(queued(api, "rejected")) == 1


class TestLooking:
    """What is read to find what is due."""

    @pytest.fixture
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """DynamoDB stops after each row, as if each had a megabyte."""
        call = client.call

        def one_row(operation: str, **asked: Any) -> Any:
            is_looking = "FilterExpression" in asked
            return call(operation, **asked, **({"Limit": 1} if is_looking else {}))

        monkeypatch.setattr(client, "call", one_row)

    def expired(self, most: int = 10) -> list[str]:
        at = later()
        found = review_lists.list_expired("rejected", at - 30 * DAY, at, most)
        return [row["id"]["S"] for row in found]

    @pytest.mark.usefixtures("small")
    def test_it_goes_on_behind_what_was_changed_since(self, api: Api) -> None:
        young, due = sorted(
            (stored(ended(api, who=who)) for who in ("ada", "eve")), key=lambda one: one.id
        )
        rows.put(replace(young, revision=3, changed_at=later(5)))

        assert self.expired() == [due.id]

    @pytest.mark.usefixtures("small")
    def test_it_ends_when_there_is_enough(self, api: Api) -> None:
        for who in ("ada", "eve", "kim"):
            ended(api, who=who)

        with Meter() as meter:
            assert len(self.expired(2)) == 2

        assert meter.operations == ["Query", "Query"]

    @pytest.mark.usefixtures("small")
    def test_it_ends_after_ten_megabytes(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(review_lists, "_MOST_PAGES", 2)
        for who in ("ada", "eve", "kim"):
            ended(api, who=who)

        with Meter() as meter:
            assert len(self.expired()) == 2

        assert meter.operations == ["Query", "Query"]

    def test_it_gives_no_more_than_it_was_asked_for(self, api: Api) -> None:
        for who in ("ada", "eve", "kim"):
            ended(api, who=who)

        assert len(self.expired(2)) == 2


class TestClock:
    """When it is done."""

    @pytest.fixture
    def at(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], dict[str, int]]:
        """Let a minute pass."""

        def minute(at: datetime) -> dict[str, int]:
            monkeypatch.setattr(schedule, "now", lambda: at)
            done: dict[str, int] = every_minute(builders.SCHEDULED, None)
            return done

        return minute

    def test_only_the_first_minute_of_an_hour(
        self, api: Api, at: Callable[[datetime], dict[str, int]]
    ) -> None:
        review = ended(api)
        hour = later().replace(minute=0)

        assert (
            at(hour + timedelta(minutes=1)) == at(hour + timedelta(minutes=59)) == {"published": 0}
        )
        assert not is_forgotten(review)
        assert at(hour + timedelta(hours=2)) == {"published": 0, "forgotten": 1}

    def test_a_malformed_setting_stops_nothing_else(
        self, api: Api, at: Callable[[datetime], dict[str, int]], setting: Setting
    ) -> None:
        review = ended(api)
        setting(RETENTION="spam=soon")

        with pytest.raises(settings.SettingsError):
            at(later().replace(minute=0))

        assert not is_forgotten(review)
