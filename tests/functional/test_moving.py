"""An article gets another slug, and is found under each that it had."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.store import aliases, client
from chalicelib.workers.reconcile import every_slug
from tests import builders, rows
from tests.actions import ARTICLE, DECISIONS, REVIEWS, decide, queued, results_of, submit
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind

pytestmark = pytest.mark.usefixtures("published")

NEW = "/articles/last-light"


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    """Begin as a new process, which knows of no alias."""
    aliases.forget()
    yield
    aliases.forget()


def move(api: Api, to: str, slug: str = builders.SLUG, revision: str = "*") -> Answer:
    path = f"/editor/articles/{slug}/move"
    return api.post(path, {"slug": to}, editor=True, If_Match=revision)


def slugs(api: Api, query: str = "") -> list[str]:
    return [one["slug"] for one in api.get(f"/articles{query}").body["items"]]


def test_it_has_the_new_slug_and_the_old_one_sends_on(api: Api) -> None:
    moved = move(api, "last-light", revision='"1"')
    old = api.get(ARTICLE)

    assert (moved.status, moved.body["slug"], moved.body["revision"]) == (200, "last-light", 2)
    assert (old.status, old.headers["location"], old.text) == (308, NEW, "")
    assert api.get(NEW).body["slug"] == "last-light"
    assert api.get(NEW).status == 200
    assert slugs(api) == ["last-light"]


def test_what_a_process_has_read_once_it_does_not_read_again(api: Api) -> None:
    move(api, "last-light")

    with Faults(client.dynamodb()) as faults:
        api.get(NEW)
        api.get(NEW)

    assert faults.calls == ["BatchGetItem", "GetItem", "BatchGetItem", "BatchGetItem"]


def test_it_may_go_on_and_come_back(api: Api) -> None:
    move(api, "last-light")
    move(api, "twilight", slug="last-light")
    assert [api.get(path).headers["location"] for path in (ARTICLE, NEW)] == [
        "/articles/twilight",
        "/articles/twilight",
    ]

    move(api, "last-light", slug=builders.SLUG)
    assert (api.get(NEW).status, api.get("/articles/twilight").headers["location"]) == (200, NEW)

    move(api, builders.SLUG, slug="twilight")
    assert (api.get(ARTICLE).status, api.get(NEW).headers["location"]) == (200, ARTICLE)


def test_reviews_tokens_and_cursors_are_the_same_under_each_slug(
    api: Api, deliver: Deliver
) -> None:
    first = submit(api).body
    move(api, "last-light")
    path = f"{NEW}/reviews"

    aliases.forget()
    second = api.post(path, builders.submission(email="other@example.com", rating=1))
    assert (second.status, second.headers["location"]) == (201, f"{path}/{second.body['id']}")
    for base, review in ((path, first), (REVIEWS, second.body)):
        own = f"{base}/{review['id']}"
        for rating in (2, 3):
            aliases.forget()
            edited = api.patch(own, {"rating": rating}, token=review["manage_token"])
            assert edited.status == 200
    page = api.get(f"{REVIEWS}?limit=1").body
    aliases.forget()
    following = api.get(f"{path}?limit=1&cursor={page['next_cursor']}").body
    assert [one["id"] for one in page["items"] + following["items"]] == [
        second.body["id"],
        first["id"],
    ]
    deliver()
    aliases.forget()
    tallies = [api.get(f"{base}/tally").body["count"] for base in (ARTICLE, NEW)]
    assert (tallies, rows.numbers_of(builders.SLUG)) == ([2, 2], rows.recount_of(builders.SLUG))
    (voted,) = {api.post(f"{path}/{first['id']}/votes", {"vote": "helpful"}).status}
    assert voted == 200
    assert results_of(decide(api, (first, "reject"))) == ["changed"]


@pytest.mark.parametrize("known", [False, True])
def test_the_same_reader_has_one_review_whatever_the_slug(api: Api, known: bool) -> None:
    first = submit(api, key="k").body
    move(api, "last-light")
    if known:
        api.get(NEW)

    again = api.post(f"{NEW}/reviews", builders.submission(), Idempotency_Key="k").body

    assert again == first


def test_a_form_that_was_shown_under_another_slug_is_good(api: Api, setting: Any) -> None:
    setting(LIMITS="network=9/1h")
    move(api, "last-light")
    form = {"form_token": api.get(f"{NEW}/form").body["form_token"]}

    answer = api.post(f"{NEW}/reviews", builders.submission(**form))

    # It was sent back at once, which a form that is not the article's would not even tell.
    assert answer.status == 201
    (waiting,) = api.get("/editor/reviews?status=spam", editor=True).body["items"]
    assert waiting["reasons"] == ["form_too_fast"]


def test_editors_find_it_under_each_slug(api: Api) -> None:
    move(api, "last-light")
    for slug in (builders.SLUG, "last-light"):
        aliases.forget()
        desk = f"/editor/articles/{slug}"
        changed = api.patch(f"/articles/{slug}", {"title": slug}, editor=True, If_Match="*")
        assert (changed.status, changed.body["slug"]) == (200, "last-light")
        assert len(api.get(f"{desk}/revisions", editor=True).body["items"]) > 1
        assert api.get(f"{desk}/revisions/1", editor=True).body["slug"] == builders.SLUG
    restored = api.post(
        f"/editor{NEW}/revisions/1/restore", editor=True, If_Match=changed.headers["etag"]
    )
    assert (restored.status, restored.body["slug"]) == (200, "last-light")
    assert api.delete(NEW, editor=True, If_Match="*").status == 204
    assert [api.get(path).code for path in (ARTICLE, NEW)] == ["article_retracted"] * 2
    ledgers = [api.get(f"/editor{path}/decisions", editor=True).body for path in (ARTICLE, NEW)]
    assert ledgers[0]["items"][0]["action"] == "retract"
    assert ledgers[0]["items"] == ledgers[1]["items"]


def test_its_queue_and_decisions_on_its_reviews_take_each_slug(api: Api) -> None:
    waiting = submit(api, message="https://a.example https://b.example https://c.example").body
    move(api, "last-light")
    for slug, decision in ((builders.SLUG, "publish"), ("last-light", "reject")):
        aliases.forget()
        status = "pending" if slug == builders.SLUG else "rejected"
        body = {"decisions": [{"slug": slug, "id": waiting["id"], "decision": decision}]}
        assert results_of(api.post(DECISIONS, body, editor=True)) == ["changed"]
        assert queued(api, f"{status}&article={slug}") == queued(api, status)

    (rejected,) = queued(api, "rejected&article=last-light")
    assert (rejected["id"], rejected["slug"]) == (waiting["id"], builders.SLUG)
    assert queued(api, "rejected&article=no-light") == []


def test_writing_it_whole_under_the_new_slug_is_a_change(api: Api) -> None:
    move(api, "last-light")
    aliases.forget()

    blind = api.put(NEW, builders.article(title="Other"))
    told = api.put(NEW, builders.article(title="Other"), If_Match=blind.headers["etag"])

    assert (blind.status, blind.code) == (428, "revision_required")
    assert (told.status, told.body["slug"]) == (200, "last-light")
    assert slugs(api) == ["last-light"]


def test_no_slug_is_used_twice(api: Api) -> None:
    assert api.put("/articles/other", builders.article()).status == 201
    move(api, "last-light")

    assert move(api, "other").code == "slug_taken"
    assert move(api, "last-light", slug="other").code == "slug_taken"
    assert move(api, builders.SLUG, slug="other").code == "slug_taken"
    assert api.put(ARTICLE, builders.article(title="New")).code == "revision_required"
    assert sorted(slugs(api)) == ["last-light", "other"]


@pytest.mark.parametrize("slug", ["", "UP", "a b", "x" * 81, None, 7])
def test_a_slug_that_no_article_can_have_is_refused(api: Api, slug: Any) -> None:
    answer = api.post(f"/editor{ARTICLE}/move", {"slug": slug}, editor=True, If_Match="*")

    assert (answer.status, [one["pointer"] for one in answer.body["errors"]]) == (422, ["/slug"])


def test_it_needs_the_revision_and_says_when_it_is_stale(api: Api) -> None:
    blind = api.post(f"/editor{ARTICLE}/move", {"slug": "last-light"}, editor=True)

    assert blind.code == "revision_required"
    assert move(api, "last-light", revision='"7"').code == "stale_revision"


def test_the_same_move_again_changes_nothing(api: Api) -> None:
    first = move(api, "last-light", revision='"1"')

    again = move(api, "last-light", revision='"1"')

    assert (again.status, again.body) == (200, first.body)


@pytest.mark.parametrize("fault", [*UNCOMMITTED, *COMMITTED])
def test_whatever_fails_it_is_moved_once_or_not_at_all(api: Api, fault: Kind) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, fault)
        failed = move(api, "last-light", revision='"1"')

    assert failed.status in {200, 503}
    assert move(api, "last-light", revision='"1"').body["revision"] == 2
    assert slugs(api) == ["last-light"]


def test_of_an_article_and_one_that_is_moved_to_its_slug_at_once_one_gets_it(api: Api) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: api.put(NEW, builders.article()))
        late = move(api, "last-light")
    assert late.code == "slug_taken"

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(1, lambda: move(api, "twilight"))
        blind = api.put("/articles/twilight", builders.article(title="Mine"))
    assert blind.code == "revision_required"
    assert sorted(slugs(api)) == ["last-light", "twilight"]


def test_lists_and_the_nightly_look_know_it_by_its_first_slug(api: Api, deliver: Deliver) -> None:
    submit(api)
    move(api, "last-light")
    deliver()

    (top,) = api.get("/articles?sort=top").body["items"]
    (newest,) = api.get("/articles").body["items"]

    assert (top["slug"], newest["slug"]) == ("last-light", "last-light")
    assert top["tally"]["count"] == newest["tally"]["count"] == 1
    assert list(every_slug()) == [builders.SLUG]
