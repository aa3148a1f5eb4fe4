"""
Nothing tells who a reader is: no answer, no log line, no row.

The whole suite looks for readers in every answer and log line. Here it is shown that it would
find them, and that the tables, which it does not look into, hold none either.
"""

import base64
import hashlib
import json
import logging
from typing import Any

import pytest

from app import app
from chalicelib import settings
from chalicelib.guard import secrets
from chalicelib.store import client, keys
from tests import builders, privacy
from tests.actions import ARTICLE, QUEUE, REVIEWS, decide, edit, stored, submit, withdraw
from tests.client import Answer, Api
from tests.conftest import Deliver
from tests.faults import Faults

pytestmark = pytest.mark.usefixtures("published")

EMAIL = "Hidden.Reader@Example.com"
FORMS = {
    "address": EMAIL,
    "lower": EMAIL.lower(),
    "upper": EMAIL.upper(),
    "ip": privacy.SOURCE_IP,
    **{
        f"{algorithm}-{name}": hashlib.new(algorithm, text.encode()).hexdigest()
        for algorithm in ("md5", "sha1", "sha256")
        for name, text in (("sent", EMAIL), ("lower", EMAIL.lower()))
    },
}
FORMS["md5-capitals"] = FORMS["md5-lower"].upper()


def listener() -> privacy.Listener:
    """Give what listens to the log lines of this test."""
    handlers = logging.getLogger().handlers
    (found,) = (one for one in handlers if isinstance(one, privacy.Listener))
    return found


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_answer_that_tells_about_a_reader_fails_its_test(api: Api, form: str) -> None:
    submit(api, email=EMAIL)

    with pytest.raises(AssertionError, match="tells about a reader"):
        api.put("/articles/a-leak", builders.article(title=f"By {form}!"))


def test_a_header_that_tells_about_a_reader_fails_its_test(api: Api) -> None:
    submit(api, email=EMAIL)

    with pytest.raises(AssertionError, match="tells about a reader"):
        api.put(f"/articles/{FORMS['sha256-lower']}", builders.article())


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_log_line_that_tells_about_a_reader_is_found(api: Api, form: str) -> None:
    submit(api, email=EMAIL)

    logging.getLogger("anything").error("from %s", form)

    assert list(privacy.found_in(listener().lines.pop())) != []


def test_fields_and_exceptions_of_a_log_line_are_looked_at(api: Api) -> None:
    submit(api, email=EMAIL)

    logging.getLogger("anything").error("failed", extra={"fields": {"who": EMAIL}})
    logging.getLogger("anything").error("failed", exc_info=ValueError(EMAIL))

    lines = [listener().lines.pop(), listener().lines.pop()]
    assert [bool(list(privacy.found_in(line))) for line in lines] == [True, True]


def test_the_lines_of_the_app_are_looked_at(api: Api) -> None:
    submit(api, email=EMAIL)

    assert [line for line in listener().lines if "/articles/{slug}/reviews" in line] != []


def test_an_error_that_nobody_foresaw_is_logged_without_its_text(api: Api) -> None:
    def fail() -> None:
        raise RuntimeError(EMAIL)

    with Faults(client.dynamodb()) as faults:
        faults.meanwhile(1, fail)
        answer = submit(api, email=EMAIL)

    assert (answer.status, answer.code) == (500, "internal")
    assert [line for line in listener().lines if "RuntimeError" in line] != []


def test_what_tells_nothing_is_not_found() -> None:
    assert list(privacy.found_in(f"{hashlib.sha256(b'nobody').hexdigest()} 203.0.113.7")) == []


def lives_of_a_reader(api: Api) -> list[dict[str, Any]]:
    """Let one reader do everything; give the answers to the submissions."""
    api.put("/articles/second-light", builders.article())
    first = submit(api, "a-key", email=EMAIL).body
    edit(api, first, rating=4)
    api.put(f"/editor{REVIEWS}/{first['id']}/reply", {"message": "Thank you."})
    proposal = submit(api, email=EMAIL, message="On second thought.").body
    decide(api, (proposal, "publish"))
    spam = submit(api, email=f"x{EMAIL}", website="https://spam.example").body
    gone = submit(api, email=f"y{EMAIL}").body
    withdraw(api, gone)
    return [first, proposal, spam, gone]


def test_no_row_and_no_record_holds_an_address_or_a_hash_of_it(api: Api, deliver: Deliver) -> None:
    lives_of_a_reader(api)

    records = deliver()

    names = settings.current().content_table, settings.current().derived_table
    rows = [row for name in names for row in client.dynamodb().scan(TableName=name)["Items"]]
    assert len(rows) > 10
    assert len(records) > 10
    assert list(privacy.found_in(json.dumps([rows, records]))) == []


def test_a_reader_is_known_by_a_keyed_hash_alone(api: Api) -> None:
    review = stored(submit(api, email=EMAIL).body)

    secret = secrets.current().reader_secret
    assert review.reader == keys.reader(secret, EMAIL.lower())
    assert review.reader != keys.reader(b"another-secret", EMAIL.lower())


@pytest.mark.parametrize("index", ["by_article", "by_rating", "by_helpful"])
def test_an_index_for_the_public_holds_nothing_of_a_reader(api: Api, index: str) -> None:
    submit(api, "a-key", email=EMAIL)

    rows = client.dynamodb().query(
        TableName=settings.current().content_table,
        IndexName=index,
        KeyConditionExpression="listed_in = :article",
        ExpressionAttributeValues={":article": {"S": keys.article_pk(builders.SLUG)}},
    )["Items"]
    held = {name for row in rows for name in row}
    assert held - {"rating_order", "helpful_order"} == {
        *("pk", "sk", "listed_in"),
        *("id", "name", "message", "rating", "submitted_at", "helpful"),
    }


class Hearing(Api):
    """A client that keeps everything it was told."""

    def __init__(self) -> None:
        super().__init__(app)
        self.told: list[str] = []

    def request(self, *args: Any, **options: Any) -> Answer:
        answer = super().request(*args, **options)
        self.told.append(f"{answer.text} {answer.headers}".casefold())
        return answer


def test_the_keys_of_rows_and_readers_leave_in_no_answer_and_no_log_line(
    api: Api, deliver: Deliver
) -> None:
    hearing = Hearing()
    answers = lives_of_a_reader(hearing)
    deliver()
    for path in ("/articles", "/articles?sort=top", ARTICLE, f"{ARTICLE}/tally", REVIEWS, QUEUE):
        hearing.get(path, editor=True)

    told = "\n".join([*hearing.told, *listener().lines]).casefold()
    rows = [stored(answer) for answer in answers]
    spelled = [
        spelling(text).casefold()
        for row in rows
        for text in (keys.encode_digest(row.key.digest), row.reader, row.fingerprint)
        for spelling in (str, lambda text: keys.decode_digest(text).hex(), in_base64)
    ]
    assert len(set(spelled)) > 20
    assert [text for text in spelled if text in told] == []


def in_base64(text: str) -> str:
    return base64.b64encode(keys.decode_digest(text)).decode().rstrip("=")


def test_a_manage_token_holds_no_key_and_nothing_that_two_of_a_reader_share(api: Api) -> None:
    answers = lives_of_a_reader(api)

    payloads = [base64.urlsafe_b64decode(one["manage_token"] + "==") for one in answers]
    digests = [stored(one).key.digest for one in answers]
    assert [digest for digest in digests for payload in payloads if digest in payload] == []
    assert len({payload[:8] for payload in payloads}) == len(payloads)
    assert len({payload[9:17] for payload in payloads}) == len(payloads)
    assert len({len(payload) for payload in payloads}) == 1
    assert {payload[:1] for payload in payloads} - {b"R", b"P"} != set()


def test_an_id_is_made_by_chance(api: Api) -> None:
    first = submit(api, email=EMAIL).body
    withdraw(api, first)

    again = submit(api, email=EMAIL).body

    assert again["id"][10:] != first["id"][10:]
