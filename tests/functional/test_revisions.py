"""Each change of an article is a revision that can be listed, compared and restored."""

from typing import Any

import pytest

from chalicelib.store import client
from tests import builders
from tests.client import Answer, Api
from tests.faults import COMMITTED, UNCOMMITTED, Faults, Kind

ARTICLE = f"/articles/{builders.SLUG}"
REVISIONS = f"/editor{ARTICLE}/revisions"


@pytest.fixture
def changed(api: Api) -> Api:
    """An article of four revisions."""
    api.put(ARTICLE, builders.article(title="One", body_markdown="first\n\nsecond"))
    patch(api, title="Two")
    patch(api, body_markdown="first\n\nthird", tags=["optics"])
    patch(api, status="retracted", retraction_reason="It was wrong.")
    return api


def patch(api: Api, **changes: Any) -> Answer:
    answer = api.patch(ARTICLE, changes, editor=True, If_Match="*")
    assert answer.status == 200
    return answer


def restore(api: Api, number: int, match: str = "*") -> Answer:
    return api.post(f"{REVISIONS}/{number}/restore", editor=True, If_Match=match)


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    page = api.get(f"{REVISIONS}{query}", editor=True).body
    items: list[dict[str, Any]] = page["items"]
    if page["next_cursor"]:
        items += listed(api, f"?limit=1&cursor={page['next_cursor']}")
    return items


def test_they_are_listed_newest_first_with_who_and_when(changed: Api) -> None:
    found = listed(changed)

    assert [(one["revision"], one["title"], one["status"]) for one in found] == [
        (4, "Two", "retracted"),
        (3, "Two", "published"),
        (2, "Two", "published"),
        (1, "One", "published"),
    ]
    assert {one["changed_by"] for one in found} == {"ada"}
    assert found[0]["retraction"]["reason"] == "It was wrong."
    assert "body_markdown" not in found[0]


def test_pages_lead_to_each_once(changed: Api) -> None:
    assert [one["revision"] for one in listed(changed, "?limit=1")] == [4, 3, 2, 1]


def test_one_is_compared_with_the_one_before(changed: Api) -> None:
    answer = changed.get(f"{REVISIONS}/3", editor=True).body

    assert (answer["against"], answer["body_markdown"]) == (2, "first\n\nthird")
    assert answer["changes"]["fields"] == {
        "tags": {"before": builders.article()["tags"], "after": ["optics"]}
    }
    assert answer["changes"]["body_markdown"] == [
        "--- revision 2",
        "+++ revision 3",
        "@@ -1,3 +1,3 @@",
        " first",
        " ",
        "-second",
        "+third",
    ]


def test_or_with_any_other(changed: Api) -> None:
    answer = changed.get(f"{REVISIONS}/4?against=1", editor=True).body

    assert answer["against"] == 1
    assert answer["changes"]["fields"].keys() == {"title", "tags", "status", "retraction"}
    assert "+third" in answer["changes"]["body_markdown"]


def test_the_first_is_compared_with_nothing(changed: Api) -> None:
    answer = changed.get(f"{REVISIONS}/1", editor=True).body

    assert (answer["against"], answer["changes"]) == (None, None)


def test_one_is_restored_as_a_revision_of_its_own(changed: Api) -> None:
    answer = restore(changed, 1, '"4"')

    assert (answer.status, answer.body["revision"]) == (200, 5)
    assert (answer.body["title"], answer.body["body_markdown"]) == ("One", "first\n\nsecond")
    assert answer.body["tags"] == builders.article()["tags"]
    assert "<p>second</p>" in answer.body["body_html"]
    assert (answer.body["status"], changed.get(ARTICLE).status) == ("retracted", 410)
    assert [one["revision"] for one in listed(changed)] == [5, 4, 3, 2, 1]


def test_what_is_so_already_is_no_revision(changed: Api) -> None:
    assert restore(changed, 3).body["revision"] == 4


@pytest.mark.parametrize(
    ("match", "expected"),
    [('"3"', (412, "stale_revision")), ("", (428, "revision_required"))],
)
def test_a_restoration_wants_the_present_revision(
    changed: Api, match: str, expected: tuple[int, str]
) -> None:
    headers = {"If_Match": match} if match else {}

    answer = changed.post(f"{REVISIONS}/1/restore", editor=True, **headers)

    assert (answer.status, answer.code) == expected
    assert len(listed(changed)) == 4


@pytest.mark.parametrize("number", ["0", "5", "01", "-1", "x", "99999999999", "%D9%A1"])
def test_there_are_no_others(changed: Api, number: str) -> None:
    for answer in (
        changed.get(f"{REVISIONS}/{number}", editor=True),
        changed.get(f"{REVISIONS}/1?against={number}", editor=True),
        changed.post(f"{REVISIONS}/{number}/restore", editor=True, If_Match="*"),
    ):
        assert (answer.status, answer.code) == (404, "revision_not_found")


@pytest.mark.parametrize("path", ["", "/1"])
def test_an_article_that_is_not_there_has_none(api: Api, path: str) -> None:
    assert api.get(f"{REVISIONS}{path}", editor=True).code == "article_not_found"


@pytest.mark.parametrize("kind", UNCOMMITTED)
def test_a_change_that_failed_keeps_nothing(api: Api, kind: Kind) -> None:
    api.put(ARTICLE, builders.article())
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, kind, times=6)
        answer = api.patch(ARTICLE, {"title": "Two"}, editor=True, If_Match='"1"')

    assert answer.status == 503
    assert [one["revision"] for one in listed(api)] == [1]


@pytest.mark.parametrize("kind", COMMITTED)
def test_a_lost_answer_keeps_one(api: Api, kind: Kind) -> None:
    api.put(ARTICLE, builders.article())
    with Faults(client.dynamodb()) as faults:
        faults.fail(2, kind)
        api.patch(ARTICLE, {"title": "Two"}, editor=True, If_Match='"1"')
    again = api.patch(ARTICLE, {"title": "Two"}, editor=True, If_Match='"1"')

    assert (again.status, again.body["revision"]) == (200, 2)
    assert [one["revision"] for one in listed(api)] == [2, 1]
