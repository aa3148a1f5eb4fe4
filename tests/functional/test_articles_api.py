"""Editors write and change articles; a repetition changes nothing, nor does stale news."""

from typing import Any

import pytest

from chalicelib.store import client
from tests import builders
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults

ARTICLE = f"/articles/{builders.SLUG}"
IMAGE = {"url": "https://example.com/a.png", "alt": "A dome", "credit": "Image created by AI"}

each_change = pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])


def change(api: Api, method: str, if_match: str, title: str = "Second light") -> Answer:
    """Ask for the change that each method is for."""
    bodies = {"PUT": builders.article(title=title), "PATCH": {"title": title}, "DELETE": None}
    return api.request(method, ARTICLE, bodies[method], editor=True, If_Match=if_match)


def test_a_new_article_is_public_at_once(api: Api) -> None:
    answer = api.put(ARTICLE, builders.article(image=IMAGE))

    assert (answer.status, answer.headers["location"]) == (201, ARTICLE)
    read = api.get(ARTICLE)
    assert read.headers["etag"] == answer.headers["etag"]
    assert answer.body == read.body | {"status": "published", "retraction": None}
    assert (answer.body["slug"], answer.body["revision"]) == (builders.SLUG, 1)
    assert builders.article(image=IMAGE).items() <= answer.body.items()


def test_create_only_takes_a_free_slug(api: Api) -> None:
    assert api.put(ARTICLE, builders.article(), If_None_Match="*").status == 201


@pytest.mark.parametrize(
    ("path", "location"),
    [(f"{ARTICLE}/", ARTICLE), ("/articles/first%2Dlight", "/articles/first%2Dlight")],
)
def test_another_spelling_of_the_path_writes_the_same_article(
    api: Api, path: str, location: str
) -> None:
    answer = api.put(path, builders.article())

    assert (answer.status, answer.headers["location"]) == (201, location)
    assert api.get(location).body == api.get(ARTICLE).body


@pytest.mark.parametrize(
    "spelling",
    [
        {},
        {"title": "  First light "},
        {"tags": ["astronomy", "beginnings", "astronomy"]},
        {"published_at": "2026-03-14T09:00:00.5+01:00"},
        {"published_at": None},
        {"image": None},
    ],
    ids=lambda spelling: next(iter(spelling), "same"),
)
def test_the_same_article_again_changes_nothing(
    api: Api, published: str, spelling: dict[str, Any]
) -> None:
    before = api.get(ARTICLE)

    again = api.put(ARTICLE, builders.article(**spelling), If_None_Match="*")

    assert (again.status, again.headers["etag"]) == (200, before.headers["etag"])
    assert "location" not in again.headers
    assert api.get(ARTICLE) == before


@each_change
def test_the_etag_of_a_read_allows_a_change(api: Api, published: str, method: str) -> None:
    answer = change(api, method, api.get(ARTICLE).headers["etag"])

    assert answer.status == (204 if method == "DELETE" else 200)


@pytest.mark.parametrize("spelling", ["*", " * ", "W/{}", "{}, {}", '"1"', 'W/"1"', '"1-x"'])
def test_if_match_may_be_weak_or_bare_or_any(api: Api, published: str, spelling: str) -> None:
    etag = api.get(ARTICLE).headers["etag"]

    answer = change(api, "PATCH", spelling.format(etag, etag))

    assert (answer.status, answer.body["revision"]) == (200, 2)


@each_change
def test_a_stale_change_is_told_the_present_revision(api: Api, published: str, method: str) -> None:
    stale = api.get(ARTICLE).headers["etag"]
    change(api, "PATCH", stale, "Third light")

    answer = change(api, method, stale)

    assert (answer.status, answer.code, answer.headers["etag"]) == (412, "stale_revision", '"2"')
    assert api.get(ARTICLE).body["title"] == "Third light"


@each_change
@pytest.mark.parametrize("if_match", ["*", '"1"'])
def test_a_change_that_lost_a_race_is_stale(
    api: Api, published: str, method: str, if_match: str
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(2, lambda: change(api, "PATCH", "*", "Third light"))

        answer = change(api, method, if_match)

    assert (answer.status, answer.headers["etag"]) == (412, '"2"')
    assert api.get(ARTICLE).body["title"] == "Third light"


def test_each_answer_has_the_etag_for_the_next_change(api: Api, published: str) -> None:
    second = change(api, "PATCH", "*", "Second light")

    third = change(api, "PUT", second.headers["etag"], "Third light")

    assert (third.status, third.body["revision"]) == (200, 3)
    assert third.headers["etag"] == api.get(ARTICLE).headers["etag"]


def test_a_review_that_was_counted_meanwhile_makes_no_change_stale(
    api: Api, published: str, deliver: Deliver
) -> None:
    etag = api.get(ARTICLE).headers["etag"]
    api.post(f"{ARTICLE}/reviews", builders.submission())
    deliver()

    answer = change(api, "PATCH", etag)

    assert (answer.status, answer.body["tally"]["count"]) == (200, 1)


def test_a_patch_changes_what_it_names(api: Api) -> None:
    before = api.put(ARTICLE, builders.article(image=IMAGE)).body

    after = api.patch(ARTICLE, {"author": None, "image": None}, editor=True, If_Match="*").body

    differing = {name for name in before if before[name] != after[name]}
    assert differing - {"updated_at"} == {"author", "image", "revision"}
    assert (after["author"], after["image"]) == (None, None)


def test_a_put_replaces_everything(api: Api) -> None:
    api.put(ARTICLE, builders.article(image=IMAGE))

    after = api.put(ARTICLE, {"title": "Bare", "body_markdown": "Text."}, If_Match="*").body

    emptied = [after[name] for name in ("description", "image", "author", "tags")]
    assert emptied == ["", None, None, []]
    assert (after["status"], after["published_at"]) == ("published", "2026-03-14T08:00:00Z")


@each_change
def test_a_change_whose_answer_was_lost_may_be_repeated(
    api: Api, published: str, method: str
) -> None:
    first = change(api, method, '"1"')

    again = change(api, method, '"1"')

    assert (again.status, again.text) == (first.status, first.text)


@each_change
def test_a_change_that_was_committed_and_answered_by_503_may_be_repeated(
    api: Api, published: str, method: str
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, "lost_answer")
        lost = change(api, method, '"1"')

    again = change(api, method, '"1"')

    assert (lost.status, lost.headers["retry-after"]) == (503, "2")
    assert again.status == (204 if method == "DELETE" else 200)
    assert change(api, "PATCH", '"2"', "Third light").status == 200


def test_an_old_change_is_no_repetition(api: Api, published: str) -> None:
    change(api, "PATCH", '"1"', "Second light")
    change(api, "PATCH", '"2"', "Third light")
    change(api, "PATCH", '"3"', "Second light")

    assert change(api, "PATCH", '"1"', "Second light").status == 412


@each_change
def test_a_change_that_the_sdk_sent_twice_was_made_once(
    api: Api, published: str, method: str
) -> None:
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, "repeated")

        answer = change(api, method, '"1"')

    assert faults.fired == ["TransactWriteItems"]
    assert answer.status == (204 if method == "DELETE" else 200)
    assert change(api, "PATCH", '"2"', "Third light").status == 200
