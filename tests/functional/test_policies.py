"""
Least privilege: each Lambda may do what its code does, and nothing else.

That it may do what it does is looked at in every test of the suite (the fixture `aws` in
conftest); here a tour through everything shows that it needs all that it may do.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chalicelib import settings
from chalicelib.guard import captcha, secrets
from chalicelib.model import now, rfc3339
from chalicelib.notices import audience, delivery, digest, mail
from chalicelib.store import client, items
from chalicelib.workers import schedule
from chalicelib.workers.notify import deliver_notifications
from chalicelib.workers.reconcile import reconcile_tallies
from chalicelib.workers.schedule import every_minute
from chalicelib.workers.tally import tally_ratings
from localdev import tables
from tests import builders, iam, rows
from tests.actions import REVIEWS, decide, edit, report, submit, vote, withdraw
from tests.carriers import Post
from tests.client import Api
from tests.conftest import Deliver
from tests.functional.notifying import KEY, MAIL
from tests.iam import Recorder, Request

BY_LAMBDA_ITSELF = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
}
"""What the service does in a function's name: polling, logging, setting a failed batch aside."""
CONTENT, DERIVED = (iam.table(f"plaudit-local-{name}") for name in ("content", "derived"))
KEYS = ("KEYS",)
LEDGER, TALLY, LISTING, ARTICLE = ("T#first-light",), ("T#first-light",), ("LIST#all",), ("A#x",)
NOTED = ("LIMIT#site#3600", "CAPTCHA#x", "TEXT#x")
LEDGER_OF_DECISIONS = ("D#first-light",)
CHANGES = ("UpdateItem", "DeleteItem", "BatchWriteItem")
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
FORBIDDEN = {
    "api": [
        Request("dynamodb:Query", DERIVED, LEDGER),
        *(Request(f"dynamodb:{verb}", DERIVED, TALLY) for verb in WRITES),
        *(Request("dynamodb:DeleteItem", DERIVED, (one,)) for one in NOTED),
        *(Request("dynamodb:Query", DERIVED, (one,)) for one in NOTED),
        *(Request("dynamodb:UpdateItem", DERIVED, (one,)) for one in NOTED[1:]),
        *(Request(f"dynamodb:{verb}", CONTENT, LEDGER_OF_DECISIONS) for verb in CHANGES),
        *(Request(f"dynamodb:{verb}", CONTENT, ("V#x",)) for verb in CHANGES),
        Request("dynamodb:DeleteItem", CONTENT, ("ERASURES",)),
        *(Request(f"dynamodb:{verb}", CONTENT, ("CONSENT",)) for verb in CHANGES),
        Request("dynamodb:UpdateItem", CONTENT, ("F#x",)),
        Request("dynamodb:Query", CONTENT, ARTICLE),
        Request("dynamodb:Query", CONTENT, KEYS),
        *(Request(f"dynamodb:{verb}", CONTENT, KEYS) for verb in WRITES),
        Request("sqs:SendMessage", iam.HERE["TallyFailures.Arn"]),
        Request("ssm:GetParameters", iam.arn("ssm", "parameter/plaudit/local/webhooks")),
        Request("ses:SendRawEmail", iam.arn("ses", "identity/example.org")),
    ],
    "tally": [
        *(Request(f"dynamodb:{verb}", CONTENT, ARTICLE) for verb in (*WRITES, "GetItem", "Query")),
        *(Request(f"dynamodb:{verb}", DERIVED, (one,)) for one in NOTED for verb in WRITES),
        *(Request(f"dynamodb:{verb}", DERIVED, LISTING) for verb in WRITES),
        Request("ssm:GetParameters", iam.arn("ssm", "parameter/plaudit/local/reader-secret")),
    ],
    "reconcile": [
        *(Request(f"dynamodb:{verb}", CONTENT, ARTICLE) for verb in WRITES),
        *(Request(f"dynamodb:{verb}", DERIVED, LISTING) for verb in WRITES),
        Request("ssm:GetParameters", iam.arn("ssm", "parameter/plaudit/local/reader-secret")),
    ],
    "notify": [
        *(Request(f"dynamodb:{verb}", CONTENT, ARTICLE) for verb in WRITES),
        *(Request(f"dynamodb:{verb}", CONTENT, ("C#x",)) for verb in ("PutItem", "Query")),
        *(Request(f"dynamodb:{verb}", CONTENT, ("O#x",)) for verb in ("PutItem", "DeleteItem")),
        *(Request(f"dynamodb:{verb}", DERIVED, LISTING) for verb in (*WRITES, "GetItem", "Query")),
        Request("dynamodb:Query", CONTENT, ARTICLE),
        Request("ssm:GetParameters", iam.arn("ssm", "parameter/plaudit/local/captcha-secret")),
        Request("ses:SendRawEmail", iam.arn("ses", "configuration-set/x")),
    ],
}
FORBIDDEN["schedule"] = [
    *(Request(f"dynamodb:{verb}", CONTENT, LEDGER_OF_DECISIONS) for verb in CHANGES),
    *(Request(f"dynamodb:{verb}", CONTENT, LEDGER_OF_DECISIONS) for verb in ("GetItem", "Query")),
    Request("dynamodb:DeleteItem", CONTENT, ARTICLE),
    *(Request(f"dynamodb:{verb}", CONTENT, ("F#x",)) for verb in WRITES),
    Request("dynamodb:UpdateItem", CONTENT, ("V#x",)),
    *(
        Request("dynamodb:Query", f"{CONTENT}/index/queue", (queue,))
        for queue in ("dead", "delivered")
    ),
    *(Request(f"dynamodb:{verb}", DERIVED, TALLY) for verb in (*WRITES, "GetItem", "Query")),
    Request("dynamodb:Query", CONTENT, ARTICLE),
    Request("ssm:GetParameters", iam.arn("ssm", "parameter/plaudit/local/captcha-secret")),
]
for name in ("tally", "reconcile", "notify", "schedule"):
    FORBIDDEN[name] += [
        Request(f"dynamodb:{verb}", CONTENT, KEYS)
        for verb in (*WRITES, "GetItem", "BatchGetItem", "Query")
    ]
FOR_NOBODY = [
    *(
        Request(f"dynamodb:{verb}", table)
        for verb in (
            "Scan",
            "DeleteTable",
            "UpdateTable",
            "PartiQLSelect",
            "ExportTableToPointInTime",
        )
        for table in (CONTENT, DERIVED)
    ),
    Request("dynamodb:GetItem", iam.table("plaudit-other-content"), ARTICLE),
    Request("dynamodb:GetItem", iam.table("plaudit-local-content-2"), ARTICLE),
    Request("ssm:GetParameters", iam.arn("ssm", "parameter/plaudit/prod/reader-secret")),
    Request("ssm:PutParameter", iam.arn("ssm", "parameter/plaudit/local/reader-secret")),
    Request("logs:CreateLogGroup", iam.arn("logs", "log-group:/aws/lambda/plaudit-local")),
    Request("lambda:InvokeFunction", iam.arn("lambda", "function:plaudit-local")),
]


@pytest.fixture
def recorder(aws: None, setting: Callable[..., None]) -> Iterator[Recorder]:
    """What the Lambdas ask for, with their secrets in Parameter Store."""
    known = settings.current().secrets
    setting(SECRETS_PATH="/plaudit/local")
    secrets._read.cache_clear()
    secrets._ssm.cache_clear()
    for name, value in {
        "reader-secret": known.reader_secret.decode(),
        "signing-secrets": known.signing_secrets[0].decode(),
        "captcha-secret": "of-the-provider",
        "webhooks": f"https://127.0.0.1:1/ {KEY}",
    }.items():
        secrets._ssm().put_parameter(
            Name=f"/plaudit/local/{name}", Value=value, Type="SecureString", Overwrite=True
        )
    recorder = Recorder()
    for one in (client.dynamodb(), secrets._ssm(), mail._ses()):
        recorder.watch(one)
    with Post():
        yield recorder
    for one in (client.dynamodb(), secrets._ssm(), mail._ses()):
        recorder.leave(one)
    secrets._read.cache_clear()


def tour(
    api: Api,
    deliver: Deliver,
    setting: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Do once everything that readers, editors and the workers do."""
    article = f"/articles/{builders.SLUG}"
    monkeypatch.setattr(captcha, "is_solved", lambda _: True)
    api.put(article, builders.article())
    first = submit(api).body
    edit(api, first, rating=2)
    deliver()
    read(api, article)
    voted = submit(api, email="voted@example.com").body
    vote(api, voted)
    report(api, voted)
    api.get(f"/editor{REVIEWS}/{voted['id']}/reports", editor=True)
    setting(MODERATION="approve_first")
    waiting = submit(api, email="ada@example.com").body
    proposed = submit(api, rating=1).body
    decide(
        api,
        (waiting, "publish"),
        (proposed, "publish"),
        (submit(api, email="spam@example.com").body, "spam"),
    )
    api.put(f"/editor{REVIEWS}/{waiting['id']}/reply", {"message": "Thank you."})
    api.get(f"/editor{article}/decisions", editor=True)
    api.get(f"/editor{REVIEWS}/{waiting['id']}/decisions", editor=True)
    withdraw(api, first)
    revisions = f"/editor{article}/revisions"
    for path in ("/editor/articles", revisions, "/editor/reviews", "/editor/blocks"):
        api.get(path, editor=True)
    setting(LIMITS="network=9/1h site=9/1h", CAPTCHA="turnstile", CAPTCHA_HOSTNAMES="example.org")
    assert api.get("/health").status == 200
    for number in range(2):
        submit(api, email=f"{number}@example.com", captcha_token=f"{number}", message="Long. " * 30)
    malformed = items.review_item(rows.review(7)) | {"rating": {"S": "five"}}
    tally_ratings({"Records": [rows.record_of(None, malformed, 7)]}, None)
    tally_ratings({"Records": [rows.record(None, rows.review(8))]}, None)
    reconcile_tallies(builders.SCHEDULED, None)
    setting(**MAIL, WEBHOOKS="on", LIMITS="off", CAPTCHA="off", MODERATION="approve_first")
    submit(api, email="told@example.com", notify=True)
    ask_for_a_link(api)
    # What the API has read is not asked for again in the same process.
    secrets._read.cache_clear()
    deliver_notifications({"Records": deliver()}, None)
    submit(api, email="told@example.org", notify=True)
    ask_for_a_link(api)
    api.patch(article, {"status": "draft"}, editor=True, If_Match="*")
    soon = rfc3339(now() + timedelta(minutes=1))
    scheduled = {"status": "scheduled", "published_at": soon}
    api.patch(article, scheduled, editor=True, If_Match="*")
    for module in (schedule, delivery, audience):
        monkeypatch.setattr(module, "now", lambda: now() + timedelta(minutes=5))
    secrets._read.cache_clear()
    every_minute(builders.SCHEDULED, None)
    # Each tells of one digest, and so looks through the queue; the second forgets.
    setting(DIGEST_HOUR="0", MAIL_EDITORS="ada@example.org", RETENTION="spam=1d rejected=1d")
    for days in range(1, 3):
        tomorrow = (now() + timedelta(days=days)).replace(minute=0)
        for module in (schedule, delivery, audience, digest):
            monkeypatch.setattr(module, "now", lambda at=tomorrow: at)
        secrets._read.cache_clear()
        every_minute(builders.SCHEDULED, None)
    deliver_notifications({"Records": deliver()}, None)
    end(api, article, "voted@example.com")


def read(api: Api, article: str) -> None:
    """Read what anyone may."""
    for path in (f"{article}", f"{article}/tally", "/articles", "/articles?tag=astronomy&sort=top"):
        api.get(path)
    for sort in ("newest", "highest", "helpful"):
        api.get(f"{REVIEWS}?sort={sort}")
    api.get("/articles/no-such/reviews")


def ask_for_a_link(api: Api) -> None:
    """Ask as a reader for what is held of them."""
    body = {"email": "told@example.com", "action": "export"}
    assert api.post("/readers/requests", body).status == 202


def end(api: Api, article: str, email: str) -> None:
    """Retract an article; export and erase a reader."""
    api.delete(article, editor=True, If_Match="*")
    api.post("/readers/requests", {"email": email, "action": "export"})
    api.post("/editor/readers/export", {"email": email}, editor=True)
    api.post("/editor/readers/erase", {"email": email}, editor=True)


def test_every_permission_is_needed(
    recorder: Recorder,
    api: Api,
    deliver: Deliver,
    setting: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tour(api, deliver, setting, monkeypatch)

    idle = [
        (name, grant.sid, grant.action, grant.resource)
        for name in iam.LAMBDAS
        for grant in iam.grants(name)
        if grant.action not in BY_LAMBDA_ITSELF
        and not any(grant.covers(request) for request in recorder.asked[name])
    ]
    assert idle == []
    assert recorder.denied() == []


@pytest.mark.parametrize(
    ("name", "request_"), [(name, one) for name, several in FORBIDDEN.items() for one in several]
)
def test_what_is_another_lambdas_business_is_denied(name: str, request_: Request) -> None:
    assert not iam.is_allowed(name, request_)


@pytest.mark.parametrize("name", iam.LAMBDAS)
@pytest.mark.parametrize("request_", FOR_NOBODY)
def test_some_things_no_lambda_may_do(name: str, request_: Request) -> None:
    assert not iam.is_allowed(name, request_)


@pytest.mark.parametrize("name", iam.LAMBDAS)
def test_only_listing_the_streams_needs_a_star(name: str) -> None:
    wide = {grant.action for grant in iam.grants(name) if grant.resource == "*"}

    assert wide <= {"dynamodb:ListStreams"}
    assert not any("*" in grant.action for grant in iam.grants(name))


@pytest.mark.parametrize("name", iam.LAMBDAS)
def test_a_lambda_writes_into_its_own_log_alone(name: str) -> None:
    suffix = {
        "api": "",
        "tally": "-tally_ratings",
        "reconcile": "-reconcile_tallies",
        "notify": "-deliver_notifications",
        "schedule": "-every_minute",
    }[name]
    groups = {grant.resource for grant in iam.grants(name) if grant.action.startswith("logs:")}

    assert groups == {iam.arn("logs", f"log-group:/aws/lambda/plaudit-local{suffix}:*")}


def test_the_public_lists_read_indexes_without_anything_of_a_reader() -> None:
    for index in tables.schema("ContentTable")["GlobalSecondaryIndexes"]:
        if index["IndexName"] in {"by_article", "by_rating", "by_helpful"}:
            copied = set(index["Projection"]["NonKeyAttributes"])
            assert copied <= {
                "id",
                "name",
                "message",
                "rating",
                "submitted_at",
                "edited_at",
                "reply",
                "helpful",
            }


def test_a_call_that_no_policy_allows_is_seen(recorder: Recorder, api: Api) -> None:
    recorder.asked["tally"].add(Request("dynamodb:PutItem", CONTENT, ARTICLE))

    assert recorder.denied() == [("tally", Request("dynamodb:PutItem", CONTENT, ARTICLE))]
