"""What an article's page shows of others, and what keeping it costs."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import settings
from chalicelib.model import ArticleStatus, now, rfc3339
from chalicelib.rules import likeness
from chalicelib.store import client, keys, listings, related
from chalicelib.store.neighbours import Neighbours
from chalicelib.workers import reconcile
from chalicelib.workers import related as worker
from tests import builders, rows
from tests.client import Api
from tests.conftest import Deliver
from tests.faults import Faults
from tests.functional.test_tally import count
from tests.shelf import Shelf, hour


def publish(api: Api, slug: str, *tags: str, day: int = 1, **changes: Any) -> None:
    at = f"2026-03-{day:02d}T08:00:00Z"
    body = builders.article(title=slug.title(), tags=list(tags), published_at=at, **changes)
    assert api.put(f"/articles/{slug}", body).status == 201


def patch(api: Api, slug: str, **changes: Any) -> None:
    answer = api.patch(f"/articles/{slug}", changes, editor=True, If_Match="*")
    assert answer.status == 200, answer.text


def related_of(api: Api, slug: str) -> list[str]:
    return [one["slug"] for one in api.get(f"/articles/{slug}").body["related"]]


@pytest.fixture
def library(api: Api, deliver: Deliver) -> Api:
    """Four articles; `dome` shares two tags with `lamp`, one with `moth`, none with `quiet`."""
    publish(api, "dome", "astronomy", "optics", day=10)
    publish(api, "lamp", "optics", "astronomy", day=20)
    publish(api, "moth", "optics", day=11)
    publish(api, "quiet", "gardens", day=10)
    deliver()
    return api


class TestAnswer:
    def test_an_article_shows_others_of_its_tags_best_first(
        self, library: Api, deliver: Deliver
    ) -> None:
        image = {"url": "https://example.com/l.jpg", "alt": "A lamp", "credit": "Image by AI"}
        patch(library, "lamp", image=image)
        deliver()

        found = library.get("/articles/dome").body["related"]

        assert [one["slug"] for one in found] == ["lamp", "moth"]
        assert found[0] == {
            "slug": "lamp",
            "title": "Lamp",
            "description": "What a telescope sees first.",
            "image": image,
            "author": "Ada Byron",
            "tags": ["optics", "astronomy"],
            "published_at": "2026-03-20T08:00:00Z",
        }

    def test_an_article_without_a_tag_of_another_shows_none(self, library: Api) -> None:
        assert related_of(library, "quiet") == []

    def test_four_are_shown(self, library: Api, deliver: Deliver) -> None:
        for day in (12, 13, 14):
            publish(library, f"day-{day}", "optics", day=day)
        deliver()

        assert related_of(library, "dome") == ["lamp", "moth", "day-12", "day-13"]

    @pytest.mark.parametrize(
        ("changes", "shown"),
        [
            ({"status": "draft"}, ["moth"]),
            ({"tags": ["gardens"]}, ["moth"]),
            ({"tags": ["optics"]}, ["moth", "lamp"]),
            ({"tags": []}, ["moth"]),
            ({"tags": ["optics"], "published_at": "2026-03-10T09:00:00Z"}, ["lamp", "moth"]),
        ],
    )
    def test_a_change_of_another_is_followed(
        self, library: Api, deliver: Deliver, changes: dict[str, Any], shown: list[str]
    ) -> None:
        patch(library, "lamp", **changes)
        deliver()

        assert related_of(library, "dome") == shown

    def test_a_retracted_article_vanishes_everywhere_and_comes_back(
        self, library: Api, deliver: Deliver
    ) -> None:
        library.delete("/articles/lamp", editor=True, If_Match="*")
        deliver()
        without = [related_of(library, slug) for slug in ("dome", "moth")]
        patch(library, "lamp", status="published")
        deliver()

        assert without == [["moth"], ["dome"]]
        assert related_of(library, "moth") == ["dome", "lamp"]
        assert related_of(library, "lamp") == ["dome", "moth"]

    def test_an_article_that_comes_back_shows_nothing_of_before(
        self, library: Api, deliver: Deliver
    ) -> None:
        """What was retracted meanwhile was near to no list in which it stood."""
        library.delete("/articles/dome", editor=True, If_Match="*")
        deliver()
        library.delete("/articles/lamp", editor=True, If_Match="*")
        deliver()
        patch(library, "dome", status="published")

        assert related_of(library, "dome") == []

    def test_a_moved_article_is_shown_under_its_new_slug_and_shows_the_same(
        self, library: Api, deliver: Deliver
    ) -> None:
        moved = {"slug": "lantern"}
        library.post("/editor/articles/lamp/move", moved, editor=True, If_Match="*")
        deliver()

        assert related_of(library, "dome") == ["lantern", "moth"]
        assert related_of(library, "lantern") == ["dome", "moth"]

    def test_the_etag_changes_with_what_is_related(self, library: Api, deliver: Deliver) -> None:
        before = library.get("/articles/dome").headers["etag"]
        same = library.get("/articles/dome", If_None_Match=before).status
        patch(library, "lamp", title="Another lamp")
        deliver()

        after = library.get("/articles/dome", If_None_Match=before)

        assert (same, after.status) == (304, 200)
        assert after.headers["etag"].partition("-")[0] == before.partition("-")[0]

    def test_an_editor_gets_the_tag_and_the_related_articles_that_readers_get(
        self, library: Api
    ) -> None:
        change = {"description": "Dusk."}

        answer = library.patch("/articles/dome", change, editor=True, If_Match="*")

        public = library.get("/articles/dome")
        assert answer.headers["etag"] == public.headers["etag"]
        assert [one["slug"] for one in answer.body["related"]] == ["lamp", "moth"]


@pytest.mark.usefixtures("aws")
class TestNeighbours:
    def test_three_on_either_side_are_looked_at_for_each_tag(self) -> None:
        shelf = Shelf()
        count(*shelf.fill(9, "optics"))

        count(shelf.change("far", tags=("optics", "ink"), published_at=hour(99)))
        count(shelf.change("a04", tags=("optics", "ink")))

        # The one that shares two tags stands next to it in the list of the rarer one.
        assert shelf.shown("a04") == ["far", "a03", "a05", "a02"]
        assert "far" not in shelf.shown("a05")
        assert shelf.differing() == {}

    def test_a_tag_behind_the_fifth_leads_to_no_neighbour_but_counts(self) -> None:
        shelf = Shelf()
        count(shelf.change("many", tags=tuple("abcdefgh")))

        count(shelf.change("late", tags=("h",)), shelf.change("both", tags=("h", "a")))

        assert shelf.shown("many") == ["both"]
        assert shelf.shown("late") == ["both", "many"]
        assert shelf.differing() == {}

    def test_each_stretch_of_a_list_is_read_once(self) -> None:
        shelf = Shelf()
        shelf.fill(13, "optics")
        lists = Neighbours(most=3, beyond=3)
        middle = shelf.articles["a06"].summary

        with Faults(client.dynamodb()) as faults:
            near = lists.around("optics", middle)
            for one in near:
                assert len(lists.around("optics", one)) == 6

        assert [one.slug for one in near] == ["a03", "a04", "a05", "a07", "a08", "a09"]
        assert faults.calls == ["Query", "Query"]

    def test_beyond_what_was_read_is_read_anew(self) -> None:
        shelf = Shelf()
        shelf.fill(9, "optics")
        lists = Neighbours(most=3)

        first = lists.around("optics", shelf.articles["a00"].summary)
        third = lists.around("optics", shelf.articles["a02"].summary)

        assert [one.slug for one in first] == ["a01", "a02", "a03"]
        assert [one.slug for one in third] == ["a00", "a01", "a03", "a04", "a05"]

    def test_a_row_of_a_list_that_cannot_be_read_holds_up_nothing(self) -> None:
        shelf = Shelf()
        count(*shelf.fill(3, "optics"))
        row = keys.key("LIST#tag:optics", f"{hour(1).isoformat()[:19]}Z#a01")
        table = settings.current().derived_table
        client.write({"Put": {"TableName": table, "Item": row | {"title": {"N": "1"}}}})

        reported = count(shelf.change("a02", title="Another"))

        assert reported == []
        assert shelf.shown("a00") == ["a02"]

    def test_in_a_long_list_it_hides_none_of_those_that_can_be_read(self) -> None:
        shelf = Shelf()
        count(*shelf.fill(20, "optics"))
        row = keys.key("LIST#tag:optics", f"{hour(9).isoformat()[:19]}Z#a09")
        table = settings.current().derived_table
        client.write({"Put": {"TableName": table, "Item": row | {"title": {"N": "1"}}}})

        count(shelf.change("a10", title="Another"))

        titles = {
            home: {one.slug: one.title for one in related.read([home])[home].articles or ()}
            for home in ("a08", "a11")
        }
        assert {home: one["a10"] for home, one in titles.items()} == dict.fromkeys(
            titles, "Another"
        )


@pytest.mark.usefixtures("aws")
class TestCost:
    def test_a_change_of_the_text_alone_costs_nothing(self, api: Api, deliver: Deliver) -> None:
        publish(api, "dome", "astronomy")
        publish(api, "lamp", "astronomy")
        deliver()
        patch(api, "dome", body_markdown="It closes.")

        with Faults(client.dynamodb()) as faults:
            deliver()

        assert faults.calls == []

    def test_what_is_not_public_costs_nothing(self, api: Api, deliver: Deliver) -> None:
        publish(api, "dome", "astronomy", status="draft")
        patch(api, "dome", tags=["optics"])
        at = rfc3339(now() + timedelta(days=1))
        patch(api, "dome", status="scheduled", published_at=at)

        with Faults(client.dynamodb()) as faults:
            deliver()

        assert faults.calls == []

    def test_an_article_without_tags_costs_nothing_more_than_its_place(self) -> None:
        with Faults(client.dynamodb()) as faults:
            count(rows.record(None, rows.article(tags=())))

        assert faults.calls == ["BatchGetItem", "UpdateItem"]

    @pytest.mark.parametrize("articles", [13, 40])
    def test_a_change_costs_the_same_however_many_articles_there_are(self, articles: int) -> None:
        shelf = Shelf()
        count(*shelf.fill(articles, "optics"))
        record = shelf.change("a06", title="Another")

        with Faults(client.dynamodb()) as faults:
            count(record)

        # Its tally; its neighbours; their rows and places, and their neighbours, at once.
        looks = ["BatchGetItem", *["Query"] * 2, *["BatchGetItem"] * 2, *["Query"] * 2]
        assert faults.calls == [*looks, *["UpdateItem"] * 7]


@pytest.mark.usefixtures("aws")
class TestTrouble:
    def test_what_fails_for_good_does_not_hold_up_the_tally(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(likeness, "most_alike", fail)
        shelf = Shelf()

        reported = count(*shelf.fill(2, "optics"), rows.record(None, rows.review(), 9))

        assert reported == []
        assert rows.numbers_of().count == 1
        assert shelf.shown("a00") == []

    def test_a_removed_article_vanishes_and_its_row_is_cleared(self) -> None:
        shelf = Shelf()
        count(*shelf.fill(2, "optics"))
        table = settings.current().derived_table
        removed = shelf.articles["a01"]
        for place in listings.places_of(removed.summary):
            client.write({"Delete": {"TableName": table, "Key": keys.key(*place)}})

        count(rows.record(removed, None, 9))

        assert (shelf.shown("a00"), shelf.shown("a01")) == ([], [])

    def test_an_article_that_was_hidden_and_changed_since_is_cleared_all_the_same(self) -> None:
        shelf = Shelf()
        count(*shelf.fill(2, "optics"))
        hidden = shelf.change("a01", status=ArticleStatus.DRAFT)
        shelf.change("a01", title="Another")

        count(hidden)

        assert shelf.differing() == {}

    def test_a_late_copy_of_what_hid_an_article_does_not_clear_it(self) -> None:
        shelf = Shelf()
        count(*shelf.fill(2, "optics"))
        hidden = shelf.change("a01", status=ArticleStatus.DRAFT)
        count(hidden, shelf.change("a01", status=ArticleStatus.PUBLISHED))

        count(hidden)

        assert shelf.shown("a01") == ["a00"]

    def test_many_rows_are_written_in_parts(self) -> None:
        shelf = Shelf()
        shelf.fill(103, "optics")

        worker.compute(one.summary for one in shelf.articles.values())

        assert shelf.differing() == {}


LOST = "the related articles are out of date"


class TestReconciler:
    @pytest.fixture(autouse=True)
    def _lost(self, library: Api) -> None:
        """The stream has lost the retraction of an article."""
        library.delete("/articles/lamp", editor=True, If_Match="*")

    def test_lost_changes_are_named_and_left_alone(self, library: Api) -> None:
        drift = reconcile.reconcile("dome", repair=False)

        assert drift.causes == (LOST,)
        assert related_of(library, "dome") == ["lamp", "moth"]

    def test_lost_changes_are_put_right(self, library: Api) -> None:
        reconcile.reconcile("dome", repair=True)

        assert related_of(library, "dome") == ["moth"]
        assert reconcile.reconcile("dome", repair=False).causes == ()

    def test_what_may_be_on_its_way_is_no_loss_and_put_right(self, library: Api) -> None:
        drift = reconcile.reconcile("dome", repair=True, grace=timedelta(minutes=15))

        assert drift.causes == ()
        assert related_of(library, "dome") == ["moth"]

    def test_what_a_hidden_article_has_kept_is_forgotten(self) -> None:
        causes = reconcile.reconcile("lamp", repair=True).causes

        assert LOST in causes
        assert related.read(["lamp"])["lamp"].articles == ()

    def test_a_row_that_cannot_be_read_is_written_anew(self, library: Api) -> None:
        table = settings.current().derived_table
        broken = keys.related("dome") | {
            "revision": {"N": "7"},
            "articles": {"L": [{"M": {"slug": {"N": "1"}}}]},
        }
        client.write({"Put": {"TableName": table, "Item": broken}})

        drift = reconcile.reconcile("dome", repair=True)

        assert drift.causes == (LOST,)
        assert related_of(library, "dome") == ["moth"]

    def test_a_row_of_an_article_that_was_set_back_is_written_anew(self, deliver: Deliver) -> None:
        deliver()
        table = settings.current().derived_table
        row = client.get(table, keys.related("dome")) or {}
        ahead = row | {"article_revision": {"N": "9"}}
        client.write({"Put": {"TableName": table, "Item": ahead}})

        drift = reconcile.reconcile("dome", repair=True)

        assert drift.causes == (LOST,)
        assert related.read(["dome"])["dome"].article_revision == 1

    def test_an_article_that_stands_in_no_list_is_left_to_the_rebuild(self) -> None:
        table = settings.current().derived_table
        gone = keys.key("LIST#all", "2026-03-10T08:00:00Z#dome")
        client.write({"Delete": {"TableName": table, "Key": gone}})

        assert reconcile.reconcile("dome", repair=True).causes == ()
