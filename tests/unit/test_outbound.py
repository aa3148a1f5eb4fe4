"""A question to another service ends when its time is over, whatever the service does."""

import socket
import ssl
import threading
import time

import pytest

from chalicelib.errors import UnavailableError
from chalicelib.guard import outbound
from tests.captcha_provider import Reply, running

STATUS = b"HTTP/1.1 200 OK\r\n"


def ask(url: str, seconds: float = 5) -> outbound.Reply:
    return outbound.post(url, {"a": "b & c"}, seconds, 10)


def asking() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "outbound"]


def test_an_answer_has_its_headers_in_lower_case() -> None:
    with running(Reply(raw=STATUS + b"X-Some: Thing\r\n\r\nanswer")) as provider:
        assert ask(provider.url) == outbound.Reply({"x-some": "Thing"}, b"answer")

    assert provider.forms == [{"a": ["b & c"]}]


@pytest.mark.parametrize(("length", "is_taken"), [(10, True), (11, False), (100_000, False)])
@pytest.mark.parametrize("beginning", [b"", b"Content-Length: %d\r\n"])
def test_an_answer_has_a_greatest_length(beginning: bytes, length: int, is_taken: bool) -> None:
    header = beginning % length if beginning else b""
    with running(Reply(raw=STATUS + header + b"\r\n" + b"x" * length)) as provider:
        if is_taken:
            assert ask(provider.url).body == b"x" * length
        else:
            with pytest.raises(UnavailableError):
                ask(provider.url)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(is_held_back=True),
        Reply(drip=b""),
        Reply(drip=b"HTTP/1.1 200"),
        Reply(drip=STATUS + b"X-"),
        Reply(drip=STATUS + b"Content-Length: 9\r\n\r\n"),
        Reply(drip=STATUS + b"Content-Length: 100000\r\n\r\n"),
    ],
)
def test_nobody_waits_longer_and_no_thread_is_left(reply: Reply) -> None:
    with running(reply) as provider:
        began = time.monotonic()

        with pytest.raises(UnavailableError):
            ask(provider.url, seconds=0.1)

        assert time.monotonic() - began < 1
        for thread in asking():
            thread.join(5)
        assert asking() == []


def test_a_service_that_is_not_there_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(UnavailableError) as caught:
        ask(f"http://127.0.0.1:{port}/")

    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_who_speaks_no_tls_is_not_spoken_to() -> None:
    with running(Reply(b"answer")) as provider, pytest.raises(UnavailableError) as caught:
        ask(provider.url.replace("http://", "https://"))

    assert isinstance(caught.value.__cause__, ssl.SSLError)
    assert provider.forms == []


def test_who_somebody_is_must_be_vouched_for() -> None:
    trust = outbound._trust()

    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    with running(Reply(b"answer")) as provider:
        assert ask(provider.url).body == b"answer"


def test_a_document_is_read_whole_and_nothing_is_sent() -> None:
    with running(Reply(b"0123456789")) as provider:
        assert outbound.get(provider.url, 5, 10) == b"0123456789"

    assert provider.forms == [{}]


@pytest.mark.parametrize("reply", [Reply(b"no", status=404), Reply(b"", 302, location="/there")])
def test_a_document_is_where_it_is_said_to_be(reply: Reply) -> None:
    with running(reply) as provider, pytest.raises(UnavailableError):
        outbound.get(provider.url, 5, 10)

    assert len(provider.forms) == 1
