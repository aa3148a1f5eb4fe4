"""The page at `/`, which exists on a laptop alone."""

import html
import json
import re
import shlex
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from app import app
from chalicelib.api import openapi
from localdev import page
from localdev.gateway import Gateway
from localdev.stream import Pump
from tests import builders
from tests.client import EDITOR_KEY, Answer, Api
from tests.conftest import Deliver
from tests.functional.notifying import KEY, MAIL, READER

HOST = "127.0.0.1:8123"
HOOK = {"WEBHOOKS": "on", "WEBHOOK_URLS": f"https://hooks.example.org {KEY}"}


@pytest.fixture
def landing(api: Api) -> Iterator[Gateway]:
    """The gateway of an app that has the page."""
    page.register(app, EDITOR_KEY)
    yield Gateway(app, Config())
    del app.routes["/"]


def test_there_is_no_page_in_another_stage(api: Api) -> None:
    answer = api.get("/")

    assert answer.status == 404
    assert answer.code == "route_not_found"


def test_page_is_for_this_browser_alone(landing: Gateway) -> None:
    answer = _ask(landing)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "style-src 'unsafe-inline'"} <= set(policy)
    assert not re.search(r"<script|url\(|@import| on\w+=| src=", answer.text)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8000", "localhost.x"])
def test_a_foreign_name_for_this_machine_shows_no_key(landing: Gateway, host: str) -> None:
    """A site may point its own name at 127.0.0.1 (DNS rebinding)."""
    assert EDITOR_KEY not in _ask(landing, Host=host).text


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "LOCALHOST", "[::1]:8123"])
def test_this_machine_shows_the_key(landing: Gateway, host: str) -> None:
    assert EDITOR_KEY in _ask(landing, Host=host).text


def test_another_site_cannot_read_the_key_that_the_page_shows(
    landing: Gateway, setting: Callable[..., None]
) -> None:
    """All may read what anyone may read, as in the stage `local` unless told."""
    setting(CORS_ORIGINS="*")

    answer = _ask(landing, Origin="https://evil.example")

    assert (answer.status, answer.headers["vary"]) == (200, "Origin")
    assert EDITOR_KEY in answer.text
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_page_shows_what_would_have_been_sent(
    landing: Gateway, api: Api, published: str, setting: Callable[..., None], tmp_path: Path
) -> None:
    setting(**MAIL, **HOOK, STAGE="local", NOTICES_FOLDER=str(tmp_path))
    pump = Pump()

    review = api.post(
        f"/articles/{published}/reviews", builders.submission(notify=True, name="<b>")
    ).body
    pump.deliver()
    pump.deliver()
    shown, foreign = _ask(landing).text, _ask(landing, Host="evil.example").text

    assert f'<span class="who">{READER}</span>' in shown
    assert "Your review of “First light”" in shown
    assert '<a href="https://www.example.org/mine#slug=first-light&amp;id=' in shown
    assert f"&quot;review_id&quot;:&quot;{review['id']}&quot;" in shown
    assert "<span>review.received</span>" in shown
    assert "Nobody has been told of anything yet." in foreign
    assert f">{READER}</span>" not in foreign


def test_page_says_when_nobody_was_told(landing: Gateway) -> None:
    assert "Nobody has been told of anything yet." in _ask(landing).text


def test_head_of_the_page_has_no_body(landing: Gateway) -> None:
    answer = _ask(landing, method="HEAD")

    assert answer.status == 200
    assert answer.text == ""


def test_page_promises_nothing_to_programs(landing: Gateway) -> None:
    assert "/" not in openapi.describe(app)["paths"]


def test_every_element_is_closed(landing: Gateway, published: str) -> None:
    checker = _Nesting()

    checker.feed(_ask(landing).text)

    assert checker.faults == []
    assert checker.open == []


def test_page_shows_every_route_with_its_summary_and_codes(landing: Gateway) -> None:
    text = _ask(landing).text.replace("<wbr>", "")

    for path, method, view, contract in openapi.routes_of(app):
        if method != "HEAD":
            summary = page.marked(view.__doc__.strip().partition("\n")[0])
            route = re.search(
                rf'>{method}</span>\s*<code class="path">{re.escape(path)}</code>.*?</details>',
                text,
                re.DOTALL,
            )
            assert route is not None, (method, path)
            assert summary in route.group()
            for error in openapi.problems_of(contract):
                assert f"<code>{error.status} {error.code}</code>" in route.group()


def test_page_shows_the_tally_as_it_is_now(
    landing: Gateway, api: Api, published: str, deliver: Deliver
) -> None:
    before = _ask(landing).text
    for number, rating in enumerate((5, 4, 4)):
        submission = builders.submission(email=f"page-{number}@example.com", rating=rating)
        api.post(f"/articles/{published}/reviews", submission)
    deliver()

    after = _ask(landing).text

    assert "no review yet" in before
    assert f'href="/articles/{published}"' in after
    assert 'aria-label="4.33 of 5 stars"' in after
    assert f'<a href="/articles/{published}/reviews">3 reviews</a>' in after
    assert "1 published<small>3 reviews counted</small>" in after


def test_page_shows_what_is_related_to_an_article_and_what_was_received_without_a_review(
    landing: Gateway, api: Api, deliver: Deliver
) -> None:
    for slug, title in (("the-dome", "The dome"), ("the-mirror", "A <mirror>")):
        api.put(f"/articles/{slug}", builders.article(title=title, tags=["astronomy"]))
    before = _ask(landing).text
    deliver()

    after = _ask(landing).text

    assert "Related:" not in before
    assert 'Related: <a href="/articles/the-dome">The dome</a></p>' in after
    assert 'Related: <a href="/articles/the-mirror">A &lt;mirror&gt;</a></p>' in after
    assert 'no review yet <a href="/articles/the-dome/moderation">counts</a>' in after


@pytest.mark.parametrize(
    ("moderation", "said"),
    [
        ("publish_first", "in the tally within a second."),
        ("approve_first", "until an editor publishes"),
    ],
)
def test_page_says_when_a_review_is_counted(
    landing: Gateway, setting: Callable[..., None], moderation: str, said: str
) -> None:
    setting(MODERATION=moderation)

    assert said in _ask(landing).text


def test_page_says_when_there_are_no_articles(landing: Gateway) -> None:
    text = _ask(landing).text

    assert "0 published" in text
    assert "There is none." in text


def test_what_people_wrote_is_escaped(landing: Gateway, api: Api) -> None:
    hostile = '<script>alert(1)</script> & "quotes" $key'
    body = builders.article(title=hostile, author="<b>Ada</b>")
    api.put("/articles/hostile", body)

    text = _ask(landing).text

    assert html.escape(hostile) in text
    assert "<script>" not in text
    assert "<b>Ada</b>" not in text


def test_lines_to_copy_name_the_host_that_was_asked(landing: Gateway) -> None:
    commands = _commands(_ask(landing, host="laptop.local:80"))

    assert all("http://laptop.local:80/" in " ".join(command) for command in commands)


@pytest.mark.parametrize("host", ["localhost:8000", "10.0.0.7", "[::1]:8000", "Laptop.local:80"])
def test_a_plain_host_is_taken(host: str) -> None:
    assert page.host_of(host) == host


@pytest.mark.parametrize(
    "host",
    [None, "", "a b", "a.example/x", "a:b", "a:8000:1", "x';rm -rf ~;'", "<b>", "a\n", "é:80"],
)
def test_any_other_host_is_not_repeated(host: str | None) -> None:
    assert page.host_of(host) == "127.0.0.1:8000"


@pytest.mark.parametrize(("told", "asked"), [({}, []), (MAIL, [202])])
def test_lines_to_copy_work_as_they_are(
    landing: Gateway,
    api: Api,
    published: str,
    deliver: Deliver,
    setting: Callable[..., None],
    told: dict[str, str],
    asked: list[int],
) -> None:
    setting(**told)
    statuses = []
    for command in _commands(_ask(landing)):
        answer = _run(api, command)
        deliver()
        statuses.append(answer.status)
        if command[2].endswith("/tally"):
            assert answer.body["count"] == 1

    assert statuses == [200, 201, 200, *asked, 201, 200]
    assert api.get("/articles/hello").body["title"] == "Hello"


def test_lines_to_copy_take_an_article_that_is_there(landing: Gateway, api: Api) -> None:
    api.put("/articles/the-only-one", builders.article())

    command = _commands(_ask(landing))[0]

    assert command[2] == f"http://{HOST}/articles/the-only-one"


def test_a_key_with_the_shells_own_signs_stays_one_word() -> None:
    key = 'a\'b $(x) \\ "c"'

    lines = dict(page.commands(f"http://{HOST}", key, "first-light"))

    assert f"Authorization: Bearer {key}" in _words(lines["Publish an article"])


def _ask(landing: Gateway, method: str = "GET", host: str = HOST, **more: str) -> Answer:
    response = landing.handle_request(method, "/", {"Host": host, **more}, None)
    headers = {name.lower(): value for name, value in response["headers"].items()}
    return Answer(response["statusCode"], headers, response["body"])


def _words(command: str) -> list[str]:
    return shlex.split(command.replace("\\\n", ""))


def _commands(answer: Answer) -> list[list[str]]:
    blocks = re.findall(r"<pre>(.*?)</pre>", answer.text, re.DOTALL)
    commands = [_words(html.unescape(block)) for block in blocks]
    return [command for command in commands if command[0] == "curl"]


def _run(api: Api, command: list[str]) -> Answer:
    """Send what curl would send."""
    options: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    for option, value in zip(command[3::2], command[4::2], strict=True):
        if option == "-H":
            name, _, content = value.partition(": ")
            headers[name] = content
        else:
            options[option] = value
    body = options.get("-d")
    method = options.get("-X", "GET" if body is None else "POST")
    if body is not None:
        headers["Content-Length"] = str(len(body))
        assert json.loads(body)
    path = command[2].removeprefix(f"http://{HOST}")
    return api.request(method, path, raw=body.encode() if body else None, **headers)


class _Nesting(HTMLParser):
    """Looks for elements that are not closed in their order."""

    _VOID = frozenset({"meta", "link", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in self._VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)
