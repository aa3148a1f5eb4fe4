"""`python -m tools.webhooks`: a secret for a receiver, and whether it looks at signatures."""

import base64
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from tests.functional.conftest import Run
from tests.functional.notifying import KEY
from tools import secrets, webhooks
from tools.deployment import command, staging

SECRET = base64.b64decode(KEY.removeprefix("whsec_"))


class Careful(BaseHTTPRequestHandler):
    """A receiver as the specification wants it."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204 if self.is_good(body) else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def is_good(self, body: bytes, /) -> bool:
        sent = self.headers["webhook-timestamp"]
        signed = f"{self.headers['webhook-id']}.{sent}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.digest(SECRET, signed, "sha256")).decode()
        is_signed = expected in self.headers["webhook-signature"].split(" ")
        return is_signed and abs(time.time() - int(sent)) < 300

    def log_message(self, *_: Any) -> None:
        pass


class Careless(Careful):
    def is_good(self, _: bytes, /) -> bool:
        return True


@contextmanager
def running(handler: type[Careful]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook"
        server.shutdown()
        thread.join()


def test_a_careful_receiver_passes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Careful) as url:
        monkeypatch.setenv("WEBHOOK_URLS", f"{url} {KEY}")
        status, said, complaint = run(webhooks, "test", url)

    assert (status, complaint) == (command.DONE, "")
    assert [line.split()[-1] for line in said.splitlines()] == [
        "answer",
        "taken",
        *["http_401"] * 3,
    ]


def test_a_receiver_that_checks_nothing_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Careless) as url:
        monkeypatch.setenv("WEBHOOK_URLS", f"{url} {KEY}")
        status, said, complaint = run(webhooks, "test", url)

    assert status == command.FAILED
    assert said.count("WRONG") == 3
    assert "failed 3 of 4 trials" in complaint


def test_a_receiver_that_is_not_there_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Careful) as url:
        pass
    monkeypatch.setenv("WEBHOOK_URLS", f"{url} {KEY}")

    status, said, _ = run(webhooks, "test", url)

    assert (status, said.count("unreachable  WRONG")) == (command.FAILED, 4)


def test_an_address_without_a_secret_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBHOOK_URLS", raising=False)

    for arguments in (["test", "https://a.example"], ["test", "https://a.example", "--stage=dev"]):
        status, _, complaint = run(webhooks, *arguments)
        assert status == command.FAILED
        assert "webhooks" in complaint.lower()


def test_a_stages_secret_is_taken_from_parameter_store(run: Run) -> None:
    with running(Careful) as url:
        boto3.client("ssm").put_parameter(
            Name="/plaudit/dev/webhooks", Value=f"{url} {KEY}", Type="SecureString"
        )
        status, _, complaint = run(webhooks, "test", url, "--stage", "dev")

    assert (status, complaint) == (command.DONE, "")


def test_a_new_line_is_one_that_is_taken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    status, said, _ = run(webhooks, "new", "https://hooks.example.org/plaudit")
    again = run(webhooks, "new", "https://hooks.example.org/plaudit")[1]

    assert (status, said == again) == (command.DONE, False)
    assert said.startswith("https://hooks.example.org/plaudit whsec_")
    assert run(webhooks, "new", "no address")[0] == command.FAILED


def test_a_stage_with_webhooks_wants_their_lines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = staging.settings("dev")
    told["stages"]["dev"]["environment_variables"]["WEBHOOKS"] = "on"
    monkeypatch.setattr(staging, "settings", lambda _: told)
    monkeypatch.delenv("WEBHOOK_URLS", raising=False)
    refused, _, complaint = run(secrets, "dev")
    before = secrets.missing("dev")
    monkeypatch.setenv("WEBHOOK_URLS", f"https://hooks.example.org {KEY}")
    made, said, _ = run(secrets, "dev")

    assert (refused, made) == (command.FAILED, command.DONE)
    assert "WEBHOOK_URLS" in complaint
    assert before[-1] == "/plaudit/dev/webhooks"
    assert (KEY in said, secrets.missing("dev")) == (False, [])
