"""`make run` as a person meets it: a real process, a real socket, a terminal."""

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import builders
from tests.packaging.local_server import ROOT, LocalServer, copy_project, free_port, wait_until

pytestmark = pytest.mark.slow

CLOSE = "Connection: close\n\n"
LINE = re.compile(r"\d\d:\d\d:\d\d  (\S+) +(.+)")


@dataclass(frozen=True)
class Run:
    """From start to end; `clock` and `processor` are seconds."""

    clock: float
    processor: float
    code: int
    is_gone: bool
    output: str


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project that nobody edits."""
    return copy_project(tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[LocalServer]:
    """A server for all tests that leave it running."""
    started = LocalServer(root, root.parent / "output")
    try:
        started.wait_for_an_answer()
        yield started
    finally:
        started.stop()


def test_samples_are_let_in_whatever_visitors_may_do(root: Path, log: Path) -> None:
    server = LocalServer(
        root,
        log,
        LIMITS="network=1/1h article=1/1h",
        CAPTCHA="turnstile",
        CONSENT_REVISION="1",
        CONSENT_TEXT="I agree.",
    )
    try:
        server.wait_for_an_answer()
        tallied = server.request("GET", "/articles/the-first-patch/tally")
        refused = server.request("POST", "/articles/the-first-patch/reviews", "{}")
    finally:
        server.stop()

    assert tallied is not None
    assert json.loads(tallied[1])["count"] == 3
    assert refused is not None
    assert "captcha_required" in refused[1]
    assert "consent_required" in refused[1]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture(scope="module")
def run(root: Path) -> Run:
    """A server that was started, answered once and got Ctrl-C."""
    server = LocalServer(root, root.parent / "output-of-a-run")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        clock = server.wait_for_an_answer()
        code = server.interrupt()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
        return Run(clock, processor, code, server.is_gone, server.output)
    finally:
        server.stop()


def test_the_first_answer_takes_less_than_three_seconds(run: Run) -> None:
    """Of the processor; what else the machine does may stretch the time on the clock."""
    assert run.processor < 3
    assert run.clock < 10


def test_ctrl_c_stops_it_cleanly(run: Run) -> None:
    assert run.code == 0
    assert run.is_gone
    assert "Traceback" not in run.output


def test_the_terminal_tells_the_address_and_the_key_and_nothing_of_the_samples(run: Run) -> None:
    welcome, *lines = run.output.strip().split("\n\n")

    assert re.search(r"^Plaudit is running at http://127\.0\.0\.1:\d+$", welcome, re.MULTILINE)
    assert re.search(r"^ +Editor's key +[A-Za-z0-9_-]{43}$", welcome, re.MULTILINE)
    assert [LINE.sub(r"\1 \2", line).rsplit(" ", 2)[0] for line in lines] == ["GET /health 200"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for the worker in /proc")
def test_ctrl_c_before_the_first_answer_stops_it_as_cleanly(root: Path, log: Path) -> None:
    server = LocalServer(root, log)
    try:
        wait_until(Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text)

        code = server.interrupt()

        assert code == 0
        wait_until(lambda: server.is_gone)
        assert "Traceback" not in server.output
    finally:
        server.stop()


def test_chalice_local_runs_by_itself_whatever_aws_the_environment_names(
    root: Path, log: Path
) -> None:
    chalice = str(Path(sys.executable).with_name("chalice"))
    server = LocalServer(
        root,
        log,
        command=(chalice, "local", "--stage", "local", "--port", "{port}"),
        AWS_PROFILE="missing",
        AWS_USE_FIPS_ENDPOINT="true",
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS="http://127.0.0.1:9",
    )
    try:
        server.wait_for_an_answer()

        answer = server.request("GET", "/articles/first-light/tally")

        assert answer is not None
        assert answer[0] == 200
        assert json.loads(answer[1])["count"] == 3
    finally:
        server.stop()


def test_a_review_whose_reader_wants_mail_brings_a_letter_that_the_page_shows(
    root: Path, log: Path
) -> None:
    server = LocalServer(root, log, MODERATION="approve_first")
    try:
        server.wait_for_an_answer()
        before = server.request("GET", "/")
        body = json.dumps(builders.submission(email="letters@example.com", notify=True))
        server.request("POST", "/articles/first-light/reviews", body)

        page = wait_until(
            lambda: (
                "letters@example.com" in (found := server.request("GET", "/") or (0, ""))[1]
                and found[1]
            )
        )
        kinds = sorted(path.name.split(".", 1)[1] for path in (root / ".notices").iterdir())
        link = re.search(r'href="(http://127[^"]+/links#[^"]+)"', page)

        assert before is not None
        assert "Nobody has been told of anything yet." in before[1]
        assert f"http://127.0.0.1:{server.port}/" in page
        assert link is not None
        assert [kind.partition("-")[0] for kind in kinds] == ["editor", "reader.eml", "webhook"]
    finally:
        server.stop()


def test_an_edit_reloads_with_the_same_key(tmp_path: Path, log: Path) -> None:
    copy = copy_project(tmp_path)
    server = LocalServer(copy, log)
    try:
        server.wait_for_an_answer()
        key = server.editor_key
        settings = copy / "chalicelib" / "settings.py"

        settings.write_text(settings.read_text().replace("unreleased", "edited"))

        wait_until(
            lambda: '"release":"edited"' in (server.request("GET", "/health") or ("", ""))[1]
        )
        body = json.dumps(builders.article())
        put = server.request("PUT", "/articles/new", body, Authorization=f"Bearer {key}")
        assert put is not None
        assert put[0] == 201
        assert server.editor_key == key
    finally:
        server.stop()


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "8000 8001", "٨٠٨٠", "9" * 5000])
def test_a_port_that_is_none_is_one_line(port: str) -> None:
    done = _run(port)

    assert done.returncode == 2
    assert done.stderr == "The port must be a number from 1 to 65535: make run PORT=8123\n"


def test_a_busy_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as holder:
        port = holder.getsockname()[1]

        done = _run(str(port))

    assert done.returncode == 2
    assert done.stderr == f"Port {port} is busy. Choose another one: make run PORT=8123\n"


def test_six_reviews_at_once_are_counted_within_a_second(server: LocalServer) -> None:
    path = "/articles/quiet-corner"
    bodies = [
        json.dumps(builders.submission(email=f"reader-{number}@example.com", rating=4))
        for number in range(6)
    ]

    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda body: server.request("POST", f"{path}/reviews", body), bodies)
        )
    answered = time.monotonic()
    counted = '{"count":6,"average":4.0,"total":24,'
    wait_until(lambda: (server.request("GET", f"{path}/tally") or (0, ""))[1].startswith(counted))

    assert time.monotonic() - answered < 1
    assert [answer and answer[0] for answer in answers] == [201] * 6


def test_the_terminal_shows_a_line_for_a_request_a_tally_and_a_webhook(
    server: LocalServer,
) -> None:
    before = len(server.output)
    body = json.dumps(builders.submission(email="lines@example.com"))

    server.request("POST", "/articles/the-pilcrow/reviews", body)

    shown = wait_until(lambda: "notified" in server.output[before:] and server.output[before:])
    request, tally, told = [
        match.groups() for match in map(LINE.fullmatch, shown.splitlines()) if match
    ]
    assert request[0] == "POST"
    assert re.fullmatch(r"/articles/the-pilcrow/reviews 201 \d+ ms", request[1])
    assert tally[0] == "tally"
    assert "the-pilcrow" in tally[1]
    assert told[0] == "notified"
    assert told[1].startswith("review.received of the-pilcrow: sent to webhook-")
    assert "127.0.0.1" not in shown


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("HEAD /articles/first-light HTTP/1.1\n", "200 OK"),
        ("HEAD /articles/missing HTTP/1.1\n", "404 Not Found"),
        ("HEAD /nowhere HTTP/1.1\n", "404 Not Found"),
        ("GET /articles/first-light HTTP/1.1\nIf-None-Match: *\n", "304 Not Modified"),
        ("DELETE /articles/order-on-the-shelf HTTP/1.1\nIf-Match: *\n", "204 No Content"),
    ],
)
def test_an_answer_without_a_body_is_followed_by_the_next_answer(
    server: LocalServer, request_line: str, status: str
) -> None:
    key = f"Authorization: Bearer {server.editor_key}\n\n"

    answers = server.exchange(request_line + key, "GET /health HTTP/1.1\n" + CLOSE)

    head, following = answers.split("\r\n\r\n", 1)
    assert head.startswith(f"HTTP/1.1 {status}")
    assert "content-length" not in head.lower()
    assert following.startswith("HTTP/1.1 200 OK")


@pytest.mark.parametrize("length", ["many", "-1", "1_0", "٣", ""])
def test_a_length_that_is_none_is_refused_and_ends_the_connection(
    server: LocalServer, length: str
) -> None:
    post = f"POST /articles/first-light/reviews HTTP/1.1\nContent-Length: {length}\n\n"

    answers = server.exchange(post, "GET /health HTTP/1.1\n\n")

    head, body = answers.split("\r\n\r\n", 1)
    assert head.startswith("HTTP/1.1 400")
    assert "Connection: close" in head
    assert json.loads(body)["code"] == "invalid_request"


def test_a_body_in_chunks_is_read(server: LocalServer) -> None:
    body = json.dumps(builders.submission(email="chunks@example.com"))
    head = (
        "POST /articles/first-light/reviews HTTP/1.1\nContent-Type: application/json\n"
        "Transfer-Encoding: chunked\n" + CLOSE
    )
    parts = [body[:7], body[7:]]

    answers = server.exchange(head, *(f"{len(part):x};a=b\n{part}\n" for part in parts), "0\n\n")

    assert answers.startswith("HTTP/1.1 201 Created")


def test_a_body_over_the_gateways_limit_is_too_large(server: LocalServer) -> None:
    answer = server.request("POST", "/articles/first-light/reviews", " " * (11 * 2**20))

    assert answer is not None
    assert answer[0] == 413


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [
        ("nonsense\n\n", 400, "invalid_request"),
        ("GET / HTTP/9.9\n\n", 400, "invalid_request"),
        (f"GET /{'a' * 70_000} HTTP/1.1\n\n", 400, "invalid_request"),
        ("TRACE /articles HTTP/1.1\n\n", 405, "method_not_allowed"),
        ("POST / HTTP/1.1\n" + CLOSE, 405, "method_not_allowed"),
        ("GET /v1/articles HTTP/1.1\n" + CLOSE, 404, "route_not_found"),
    ],
)
def test_what_the_gateway_refuses_is_a_problem_too(
    server: LocalServer, request_line: str, status: int, code: str
) -> None:
    answers = server.exchange(request_line)

    head, body = answers.split("\r\n\r\n", 1)
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "application/problem+json" in head
    assert json.loads(body)["code"] == code


def test_a_python_that_is_too_old_is_one_line_and_leaves_no_environment(tmp_path: Path) -> None:
    old = tmp_path / "python"
    pretend = "import sys; sys.version_info = (3, 10, 13); exec(sys.argv[1])"
    old.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{pretend}' \"$2\"\n")
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "requirements-local.txt"):
        shutil.copy(ROOT / name, tmp_path)

    done = subprocess.run(  # noqa: S603
        ["make", "run", f"PYTHON={old}"],  # noqa: S607 - what a person types
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    said = "Plaudit needs Python 3.11 or newer, and this is 3.10: say PYTHON=python3.13"
    assert done.stderr.splitlines()[0] == said
    assert done.returncode == 2
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"MODERATION": "never"}, "MODERATION must be one of publish_first, approve_first\n"),
        (
            {"CONSENT_REVISION": "1"},
            "CONSENT_TEXT must be 1 to 2000 bytes, with CONSENT_REVISION\n",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(
    environment: dict[str, str], complaint: str
) -> None:
    done = _run(str(free_port()), **environment)

    assert done.returncode == 2
    assert done.stderr == complaint


def _run(port: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "localdev", port],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
