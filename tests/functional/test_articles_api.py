"""Editors write, change and retract articles; a repetition changes nothing, nor does stale news."""

from typing import Any

import pytest

from chalicelib.store import client
from tests import builders
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults

ARTICLE = f"/articles/{builders.SLUG}"
OTHER = builders.article(title="Second light")
DRAFT = builders.without(builders.article(), "status", "published_at")


def change(api: Api, method: str, if_match: str | None, title: str = "Second light") -> Answer:
    """Ask for the change that each method is for."""
    headers: dict[str, Any] = {} if if_match is None else {"If_Match": if_match}
    bodies = {"PUT": builders.article(title=title), "PATCH": {"title": title}, "DELETE": None}
    return api.request(method, ARTICLE, bodies[method], editor=True, **headers)


def revision(api: Api) -> int:
    return int(api.get(ARTICLE).body["revision"])


each_change = pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])


class TestCreating:
    def test_a_new_article_is_public_at_once(self, api: Api) -> None:
        answer = api.put(ARTICLE, builders.article())

        assert (answer.status, answer.headers["location"]) == (201, ARTICLE)
        read = api.get(answer.headers["location"])
        assert read.headers["etag"] == answer.headers["etag"]
        assert answer.body == read.body | {"status": "published"}
        assert builders.article().items() <= answer.body.items()
        assert (answer.body["slug"], answer.body["revision"]) == (builders.SLUG, 1)

    def test_no_cache_keeps_the_answer(self, api: Api) -> None:
        assert api.put(ARTICLE, builders.article()).headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("path", [ARTICLE + "/", "/articles/first%2Dlight"])
    def test_another_spelling_of_the_path_writes_the_same_article(
        self, api: Api, path: str
    ) -> None:
        answer = api.put(path, builders.article())

        assert answer.status == 201
        assert api.get(answer.headers["location"]).body == api.get(ARTICLE).body

    @pytest.mark.parametrize(
        "spelling",
        [
            {},
            {"title": "  First light\r\n"},
            {"tags": ["astronomy", "beginnings", "astronomy"]},
            {"published_at": "2026-03-14T09:00:00.5+01:00"},
            {"image": None},
        ],
        ids=lambda spelling: next(iter(spelling), "same"),
    )
    def test_the_same_article_again_changes_nothing(
        self, api: Api, published: str, spelling: dict[str, Any]
    ) -> None:
        before = api.get(ARTICLE)

        again = api.put(ARTICLE, builders.article(**spelling))

        assert (again.status, again.headers["etag"]) == (200, before.headers["etag"])
        assert "location" not in again.headers
        assert api.get(ARTICLE) == before

    def test_the_same_without_a_time_keeps_the_time_of_the_first(self, api: Api) -> None:
        body = builders.without(builders.article(), "published_at")
        first = api.put(ARTICLE, body)

        again = api.put(ARTICLE, body)

        assert (again.status, again.body) == (200, first.body)

    def test_another_article_needs_the_revision_that_it_replaces(
        self, api: Api, published: str
    ) -> None:
        answer = api.put(ARTICLE, OTHER)

        assert (answer.status, answer.code, answer.headers["etag"]) == (
            *(428, "revision_required"),
            '"1"',
        )
        assert revision(api) == 1

    def test_create_only_takes_a_free_slug(self, api: Api) -> None:
        assert api.put(ARTICLE, OTHER, If_None_Match="*").status == 201

    def test_create_only_refuses_a_slug_that_is_taken(self, api: Api, published: str) -> None:
        answer = api.put(ARTICLE, OTHER, If_None_Match="*")

        assert (answer.status, answer.code) == (409, "slug_taken")
        assert revision(api) == 1

    def test_create_only_may_be_repeated(self, api: Api, published: str) -> None:
        assert api.put(ARTICLE, builders.article(), If_None_Match="*").status == 200


class TestChanging:
    @each_change
    def test_a_change_needs_if_match(self, api: Api, published: str, method: str) -> None:
        answer = change(api, method, None)

        assert (answer.status, answer.code) == (428, "revision_required")
        assert revision(api) == 1

    @each_change
    def test_the_etag_of_a_read_allows_a_change(
        self, api: Api, published: str, method: str
    ) -> None:
        answer = change(api, method, api.get(ARTICLE).headers["etag"])

        assert answer.status == (204 if method == "DELETE" else 200)

    @pytest.mark.parametrize("spelling", ["*", " * ", "W/{}", "{}, {}", '"1"', 'W/"1"', '"1-x"'])
    def test_if_match_may_be_weak_or_bare_or_any(
        self, api: Api, published: str, spelling: str
    ) -> None:
        etag = api.get(ARTICLE).headers["etag"]

        answer = change(api, "PATCH", spelling.format(etag, etag))

        assert (answer.status, answer.body["revision"]) == (200, 2)

    @each_change
    @pytest.mark.parametrize(
        "if_match", ['"2"', '"0"', '"01"', '"1', "1", "", '""', '"x-1"', '"٣"', f'"{"9" * 40}"']
    )
    def test_anything_else_is_stale(
        self, api: Api, published: str, method: str, if_match: str
    ) -> None:
        answer = change(api, method, if_match)

        assert (answer.status, answer.code) == (412, "stale_revision")
        assert revision(api) == 1

    @each_change
    def test_a_stale_change_is_told_the_present_revision(
        self, api: Api, published: str, method: str
    ) -> None:
        stale = api.get(ARTICLE).headers["etag"]
        change(api, "PATCH", stale, "Third light")

        answer = change(api, method, stale)

        assert (answer.status, answer.headers["etag"]) == (412, '"2"')
        assert api.get(ARTICLE).body["title"] == "Third light"

    def test_each_answer_has_the_etag_for_the_next_change(self, api: Api, published: str) -> None:
        second = change(api, "PATCH", "*", "Second light")

        third = change(api, "PUT", second.headers["etag"], "Third light")

        assert (third.status, third.body["revision"]) == (200, 3)
        assert third.headers["etag"] == api.get(ARTICLE).headers["etag"]

    def test_a_review_that_was_counted_meanwhile_makes_no_change_stale(
        self, api: Api, published: str, deliver: Deliver
    ) -> None:
        etag = api.get(ARTICLE).headers["etag"]
        api.post(f"{ARTICLE}/reviews", builders.submission())
        deliver()

        assert change(api, "PATCH", etag).status == 200

    @each_change
    @pytest.mark.parametrize("if_match", ["*", '"1"'])
    def test_a_change_of_a_missing_article_finds_nothing(
        self, api: Api, method: str, if_match: str
    ) -> None:
        answer = change(api, method, if_match)

        assert (answer.status, answer.code) == (404, "article_not_found")

    @each_change
    @pytest.mark.parametrize("if_match", ["*", '"1"'])
    def test_a_change_that_lost_a_race_is_stale(
        self, api: Api, published: str, method: str, if_match: str
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.meanwhile(2, lambda: change(api, "PATCH", "*", "Third light"))

            answer = change(api, method, if_match)

        assert (answer.status, answer.headers["etag"]) == (412, '"2"')
        assert api.get(ARTICLE).body["title"] == "Third light"

    def test_a_patch_changes_what_it_names(self, api: Api, published: str) -> None:
        before = api.get(ARTICLE).body

        after = api.patch(ARTICLE, {"author": None, "tags": []}, editor=True, If_Match="*").body

        changed = {name for name in before if before[name] != after[name]}
        assert changed - {"updated_at"} == {"author", "tags", "revision"}
        assert (after["author"], after["tags"]) == (None, [])

    def test_a_put_replaces_everything(self, api: Api) -> None:
        image = {"url": "https://example.com/a.png", "alt": "A dome", "credit": "By hand"}
        api.put(ARTICLE, builders.article(image=image, description="Gone soon."))

        after = api.put(ARTICLE, {"title": "Bare", "body_markdown": "Text."}, If_Match="*").body

        kept = {name: after[name] for name in ("description", "image", "author", "tags", "status")}
        assert kept == {
            **{"description": "", "image": None, "author": None},
            **{"tags": [], "status": "published"},
        }
        assert after["published_at"] == "2026-03-14T08:00:00Z"


class TestRepeating:
    @each_change
    def test_a_change_whose_answer_was_lost_may_be_repeated(
        self, api: Api, published: str, method: str
    ) -> None:
        etag = api.get(ARTICLE).headers["etag"]
        first = change(api, method, etag)

        again = change(api, method, etag)

        assert (again.status, again.text) == (first.status, first.text)

    @each_change
    def test_a_change_that_was_committed_and_not_answered_may_be_repeated(
        self, api: Api, published: str, method: str
    ) -> None:
        with Faults(client.dynamodb()) as faults:
            faults.fail(2, "lost_answer")
            lost = change(api, method, '"1"')

        again = change(api, method, '"1"')

        assert (lost.status, lost.headers["retry-after"]) == (503, "2")
        assert again.status == (204 if method == "DELETE" else 200)
        restored = api.patch(ARTICLE, {"status": "published"}, editor=True, If_Match='"2"')
        assert restored.status == 200

    def test_an_old_change_is_no_repetition(self, api: Api, published: str) -> None:
        change(api, "PATCH", '"1"', "Second light")
        change(api, "PATCH", '"2"', "Third light")
        change(api, "PATCH", '"3"', "Second light")

        assert change(api, "PATCH", '"1"', "Second light").status == 412


class TestPublishing:
    def test_a_new_article_without_a_status_is_a_draft(self, api: Api) -> None:
        answer = api.put(ARTICLE, DRAFT)

        assert (answer.status, answer.body["status"]) == (201, "draft")
        assert answer.body["published_at"] is None
        assert api.get(ARTICLE).code == "article_not_found"
        assert [one["slug"] for one in unlisted(api)] == [builders.SLUG]

    def test_publishing_a_draft_dates_it(self, api: Api) -> None:
        etag = api.put(ARTICLE, DRAFT).headers["etag"]

        answer = api.patch(ARTICLE, {"status": "published"}, editor=True, If_Match=etag)

        assert answer.body["published_at"] == answer.body["updated_at"]
        assert api.get(ARTICLE).headers["etag"] == answer.headers["etag"]
        assert unlisted(api) == []

    def test_a_retracted_article_is_gone_for_the_public(self, api: Api, published: str) -> None:
        answer = change(api, "DELETE", "*")

        assert (answer.status, answer.text) == (204, "")
        assert api.get(ARTICLE).code == "article_not_found"
        assert [(one["slug"], one["status"]) for one in unlisted(api)] == [
            (builders.SLUG, "retracted")
        ]

    def test_an_article_that_comes_back_has_its_date_its_reviews_and_its_tally(
        self, api: Api, published: str, deliver: Deliver
    ) -> None:
        api.post(f"{ARTICLE}/reviews", builders.submission())
        deliver()
        before, reviews = api.get(ARTICLE).body, api.get(f"{ARTICLE}/reviews").body
        change(api, "DELETE", "*")

        back = api.patch(ARTICLE, {"status": "published"}, editor=True, If_Match='"2"')

        assert (back.status, back.body["revision"]) == (200, 3)
        assert api.get(ARTICLE).body == before | {
            "revision": 3,
            "updated_at": back.body["updated_at"],
        }
        assert api.get(f"{ARTICLE}/reviews").body == reviews
        assert unlisted(api) == []

    def test_a_change_without_a_status_publishes_nothing(self, api: Api, published: str) -> None:
        change(api, "DELETE", "*")

        answer = api.put(ARTICLE, builders.without(OTHER, "status"), If_Match="*")

        assert answer.body["status"] == "retracted"
        assert api.get(ARTICLE).status == 404

    def test_a_published_article_may_become_a_draft_again(self, api: Api, published: str) -> None:
        answer = api.patch(ARTICLE, {"status": "draft"}, editor=True, If_Match="*")

        assert (answer.status, answer.body["status"]) == (200, "draft")
        assert api.get(ARTICLE).status == 404


def unlisted(api: Api) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = api.get("/editor/articles", editor=True).body["items"]
    return items
