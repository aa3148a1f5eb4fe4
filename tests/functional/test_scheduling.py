"""Scheduled articles go live at their time: by themselves, once, whatever happens beside it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.api import drafts
from chalicelib.model import Article, ArticleStatus, Editor, now, rfc3339
from chalicelib.notices import delivery
from chalicelib.store import articles, client, outbox
from chalicelib.workers import schedule
from chalicelib.workers.schedule import every_minute
from tests import builders
from tests.client import Answer, Api
from tests.faults import UNCOMMITTED, Faults, Kind

ARTICLE = f"/articles/{builders.SLUG}"


class Clock:
    """Time as every part of Plaudit sees it."""

    def __init__(self) -> None:
        self.at = now().replace(second=0, microsecond=0)

    def now(self) -> datetime:
        """Give the time."""
        return self.at

    def minute(self, at: datetime) -> dict[str, int]:
        """Let the minute begin in which a time is, and do what is due."""
        self.at = at
        done: dict[str, int] = every_minute(builders.SCHEDULED, None)
        return done


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still until it is told."""
    made = Clock()
    for name in ("workers.schedule", "api.editor_articles", "api.drafts", "notices.delivery"):
        monkeypatch.setattr(f"chalicelib.{name}.now", made.now)
    return made


@pytest.fixture
def due(api: Api, clock: Clock) -> datetime:
    """When the scheduled article that is stored goes live."""
    at = clock.at + timedelta(minutes=10)
    assert put(api, at).status == 201
    return at


def put(api: Api, at: datetime) -> Answer:
    return api.put(ARTICLE, builders.article(status="scheduled", published_at=rfc3339(at)))


def patch(api: Api, **changes: Any) -> Answer:
    return api.patch(ARTICLE, changes, editor=True, If_Match="*")


def status(api: Api) -> str:
    (found,) = (
        one["status"]
        for name in ArticleStatus
        for one in api.get(f"/editor/articles?status={name}", editor=True).body["items"]
    )
    return str(found)


def test_before_its_time_nobody_reads_it(api: Api, clock: Clock, due: datetime) -> None:
    assert clock.minute(due - timedelta(minutes=1)) == {"published": 0}

    assert api.get(ARTICLE).code == "article_not_found"
    assert (api.get("/articles").body["items"], status(api)) == ([], "scheduled")


def test_in_its_minute_it_goes_live_with_its_own_date(
    api: Api, clock: Clock, due: datetime
) -> None:
    assert clock.minute(due) == {"published": 1}

    read = api.get(ARTICLE).body
    assert (read["published_at"], read["revision"]) == (rfc3339(due), 2)
    assert [one["slug"] for one in api.get("/articles").body["items"]] == [builders.SLUG]
    made = api.get(f"/editor{ARTICLE}/revisions", editor=True).body["items"]
    assert [one["changed_by"] for one in made] == ["schedule", made[1]["changed_by"]]
    assert clock.minute(due) == {"published": 0}
    assert api.get(ARTICLE).body == read


def test_an_hour_late_it_still_has_the_date_that_it_was_scheduled_for(
    api: Api, clock: Clock, due: datetime
) -> None:
    assert clock.minute(due + timedelta(hours=1)) == {"published": 1}

    assert api.get(ARTICLE).body["published_at"] == rfc3339(due)


def test_two_runs_at_once_publish_it_once(
    api: Api, clock: Clock, due: datetime, setting: Callable[..., None]
) -> None:
    setting(WEBHOOKS="on", PUBLIC_URL="https://api.example.org")
    found: list[dict[str, int]] = []
    with Faults(client.dynamodb()) as faults:
        # Right before the first one's transaction the other one does everything.
        faults.meanwhile(3, lambda: found.append(schedule.publish_due()))
        clock.at = due

        found.append(schedule.publish_due())

    assert sorted(one["published"] for one in found) == [0, 1]
    assert api.get(ARTICLE).body["revision"] == 2
    (event,) = outbox.due(due + timedelta(minutes=5), 10)
    assert event.event.kind == "article.published"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "retracted"}, "retracted"),
        ({"status": "draft"}, "draft"),
        ({"published_at": "later"}, "scheduled"),
    ],
)
def test_an_editor_who_comes_first_has_it(
    api: Api, clock: Clock, due: datetime, change: dict[str, str], expected: str
) -> None:
    if "published_at" in change:
        change = {"published_at": rfc3339(due + timedelta(days=1))}
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(3, lambda: patch(api, **change))
        clock.at = due

        assert schedule.publish_due() == {"published": 0}

    assert (status(api), api.get(ARTICLE).status) == (expected, 404)
    assert clock.minute(due) == {"published": 0}


def test_an_editor_who_comes_second_has_it_too(api: Api, clock: Clock, due: datetime) -> None:
    answers: list[int] = []
    with Faults(client.dynamodb()) as faults:
        # The schedule is through between the editor's read and write.
        faults.meanwhile(2, lambda: answers.append(clock.minute(due)["published"]))

        answer = api.delete(ARTICLE, editor=True, If_Match='"1"')

    assert (answers, answer.status, answer.code) == ([1], 412, "stale_revision")
    assert api.get(ARTICLE).status == 200
    assert api.delete(ARTICLE, editor=True, If_Match='"2"').status == 204
    assert api.get(ARTICLE).code == "article_retracted"
    assert clock.minute(due) == {"published": 0}


def test_an_edit_after_its_time_and_before_the_schedule_publishes_it(
    api: Api, clock: Clock, due: datetime
) -> None:
    clock.at = due

    assert patch(api, title="Second light").body["status"] == "published"

    assert api.get(ARTICLE).body["published_at"] == rfc3339(due)
    assert clock.minute(due) == {"published": 0}


@pytest.mark.parametrize("kind", UNCOMMITTED)
@pytest.mark.parametrize("call", [1, 2, 3])
def test_what_fails_is_due_again(
    api: Api, clock: Clock, due: datetime, call: int, kind: Kind
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(call, kind, times=6 if call == 3 else 1)
        if kind == "conflict" and call < 3:
            return

        with pytest.raises(Exception, match="unavailable"):
            clock.minute(due)

    assert api.get(ARTICLE).status == 404
    assert clock.minute(due + timedelta(minutes=1)) == {"published": 1}


@pytest.mark.parametrize("kind", ["lost_answer", "repeated"])
def test_a_lost_answer_publishes_once(api: Api, clock: Clock, due: datetime, kind: Kind) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(3, kind)
        clock.at = due
        if kind == "repeated":
            # DynamoDB knows a repetition by its token; moto refuses it.
            assert schedule.publish_due() == {"published": 0}
        else:
            with pytest.raises(Exception, match="unavailable"):
                schedule.publish_due()

    assert schedule.publish_due() == {"published": 0}
    assert api.get(ARTICLE).body["revision"] == 2


def test_an_article_that_fails_holds_up_no_other(
    api: Api, clock: Clock, due: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = rfc3339(due + timedelta(seconds=5))
    api.put("/articles/second", builders.article(status="scheduled", published_at=at))
    swept: list[bool] = []
    find = articles.find

    def sweep() -> dict[str, int]:
        swept.append(True)
        return {}

    def refuse(slug: str) -> Article | None:
        if slug == builders.SLUG:
            msg = "no"
            raise ValueError(msg)
        return find(slug)

    monkeypatch.setattr(articles, "find", refuse)
    monkeypatch.setattr(delivery, "sweep", sweep)
    with pytest.raises(ValueError, match="no"):
        clock.minute(due + timedelta(minutes=1))

    assert api.get("/articles/second").status == 200
    assert swept == [True]


def test_one_that_is_gone_from_content_is_left_alone(
    api: Api, clock: Clock, due: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(articles, "find", lambda _: None)

    assert clock.minute(due) == {"published": 0}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"published_at": None}, {"/published_at": "published_at_past"}),
        ({"published_at": "2026-03-14T08:00:00Z"}, {"/published_at": "published_at_past"}),
        ({"published_at": "2126-03-14T08:00:00Z"}, {"/published_at": "published_at_invalid"}),
    ],
)
def test_a_scheduled_article_wants_a_time_ahead(
    api: Api, changes: dict[str, Any], codes: dict[str, str]
) -> None:
    answer = api.put(ARTICLE, builders.article(status="scheduled", **changes))

    assert (answer.status, answer.codes) == (422, codes)


def test_a_published_article_has_no_time_ahead(api: Api, clock: Clock) -> None:
    later = rfc3339(clock.at + timedelta(days=1))

    answer = api.put(ARTICLE, builders.article(published_at=later))

    assert answer.codes == {"/published_at": "published_at_invalid"}


def test_a_scheduled_one_may_be_published_at_once(api: Api, clock: Clock, due: datetime) -> None:
    clock.at = due - timedelta(minutes=5)

    assert patch(api, status="published").body["published_at"] == rfc3339(clock.at)

    assert clock.minute(due) == {"published": 0}
    assert api.get(ARTICLE).body["published_at"] == rfc3339(due - timedelta(minutes=5))


def test_every_status_has_its_list_with_the_latest_change_first(api: Api, clock: Clock) -> None:
    for number, name in enumerate(("draft", "draft", "published", "published", "published")):
        clock.at += timedelta(seconds=1)
        api.put(f"/articles/a{number}", builders.article(status=name))
    api.delete("/articles/a3", editor=True, If_Match="*")
    clock.at += timedelta(seconds=1)
    api.patch("/articles/a0", {"title": "Anew"}, editor=True, If_Match="*")

    def listed(query: str) -> list[str]:
        answer = api.get(f"/editor/articles?{query}", editor=True).body
        slugs = [one["slug"] for one in answer["items"]]
        if answer["next_cursor"]:
            first = query.split("&", maxsplit=1)[0]
            slugs += listed(f"{first}&limit=1&cursor={answer['next_cursor']}")
        return slugs

    assert listed("status=draft&limit=1") == ["a0", "a1"]
    assert listed("status=published") == ["a4", "a2"]
    assert listed("status=retracted") == ["a3"]
    assert listed("status=scheduled") == []
    assert set(listed("")) == {"a0", "a1", "a3"}


def test_an_unknown_status_and_another_lists_cursor_are_refused(api: Api) -> None:
    for number in range(2):
        api.put(f"/articles/a{number}", builders.article(status="draft"))
    cursor = api.get("/editor/articles?status=draft&limit=1", editor=True).body["next_cursor"]

    unknown = api.get("/editor/articles?status=live", editor=True)
    elsewhere = api.get(f"/editor/articles?status=retracted&cursor={cursor}", editor=True)

    assert (unknown.status, unknown.code) == (400, "invalid_request")
    assert (elsewhere.status, elsewhere.code) == (400, "invalid_cursor")


def test_who_is_told_of_an_article_is_told_once(
    api: Api, setting: Callable[..., None], clock: Clock
) -> None:
    setting(WEBHOOKS="on", PUBLIC_URL="https://api.example.org")
    api.put(ARTICLE, builders.article())
    patch(api, title="Second light")
    api.delete(ARTICLE, editor=True, If_Match="*")
    patch(api, retraction_reason="It was wrong.")

    kinds = [one.event.kind for one in outbox.due(clock.at + timedelta(minutes=5), 10)]
    assert sorted(kinds) == ["article.published", "article.retracted"]


def test_an_article_is_its_editors(api: Api) -> None:
    made = drafts.made(drafts.empty("a"), {"title": "A"}, Editor("ada", frozenset()), now())

    assert (made.changed_by, made.revision) == ("ada", 1)
