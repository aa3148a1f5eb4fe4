"""The whole way once: an article, a review, its tally."""

from tests import builders
from tests.client import Api
from tests.conftest import Deliver


def test_a_review_is_listed_and_counted(api: Api, published: str, deliver: Deliver) -> None:
    posted = api.post(f"/articles/{published}/reviews", builders.submission(rating=4))
    deliver()

    assert posted.status == 201
    assert posted.body["status"] == "published"
    assert posted.headers["location"] == f"/articles/{published}/reviews/{posted.body['id']}"
    listed = api.get(f"/articles/{published}/reviews").body["items"]
    assert [review["id"] for review in listed] == [posted.body["id"]]
    tally = api.get(f"/articles/{published}").body["tally"]
    assert (tally["count"], tally["average"], tally["histogram"]["4"]) == (1, 4.0, 1)
