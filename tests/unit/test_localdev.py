"""What of a local run needs no process of its own."""

import logging
import os
import socket
from pathlib import Path

import pytest

from localdev import aws, notices
from localdev.gateway import HttpServer
from localdev.reload import SourceTree
from localdev.terminal import Readable

CLIENT = ("192.0.2.7", 4711)


def test_only_what_a_server_reads_is_watched(tmp_path: Path) -> None:
    read = [
        "app.py",
        ".chalice/config.json",
        "chalicelib/api/http.py",
        "infra/tables.yaml",
        "localdev/articles/first-light.md",
        "localdev/page.html",
    ]
    not_read = [
        "README.md",
        "tests/unit/test_text.py",
        "docs/api.json",
        ".venv/lib/six.py",
        ".git/config.json",
        "env/pyvenv.cfg",
        "env/lib/six.py",
        "chalicelib/__pycache__/http.pyc",
        ".chalice/deployed/dev.json",
    ]
    for name in [*read, *not_read]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    walked = SourceTree().walk(str(tmp_path))

    files = {Path(folder, name) for folder, _, names in walked for name in names}
    assert files == {tmp_path / name for name in read}


def test_a_start_takes_away_what_an_earlier_run_would_have_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "FOLDER", tmp_path / "notices")
    notices.empty()
    (tmp_path / "notices").mkdir()
    for name in ("01A.webhook-x", "01B.reader.eml"):
        (tmp_path / "notices" / name).write_bytes(b"")

    notices.empty()

    assert list((tmp_path / "notices").iterdir()) == []


def test_a_setting_that_the_environment_chooses_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_EDITORS", "ada@example.org")
    monkeypatch.delenv("MANAGE_URL", raising=False)

    with aws.told(MAIL_EDITORS="ada@example.org", MANAGE_URL=None):
        aws.choose(MAIL_EDITORS="editors@example.org", MANAGE_URL="http://localhost:3000")
        chosen = os.environ["MAIL_EDITORS"], os.environ["MANAGE_URL"]

    assert chosen == ("ada@example.org", "http://localhost:3000")
    assert "MANAGE_URL" not in os.environ


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("the-dome", "reader.export of the-dome: sent to reader"),
        ("", "reader.export: sent to reader"),
    ],
)
def test_the_terminal_says_of_what_somebody_was_told(slug: str, said: str) -> None:
    record = logging.LogRecord("chalicelib", logging.INFO, "", 0, "notified", (), None)
    record.fields = {"kind": "reader.export", "slug": slug, "state": "sent", "target": "reader"}

    assert Readable().format(record).endswith(f"  notified {said}")


def test_a_client_that_hangs_up_is_no_news(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _serve(ConnectionResetError())

    assert "".join(capsys.readouterr()) == ""
    assert caplog.records == []


def test_a_fault_of_the_gateway_is_one_line_without_the_clients_address(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    _serve(RuntimeError("what a client sent"))

    (record,) = caplog.records
    assert record.getMessage() == "gateway failed"
    assert record.levelno == logging.ERROR
    assert "RuntimeError" in str(vars(record))
    assert CLIENT[0] not in str(vars(record))
    assert "what a client sent" not in str(vars(record))
    assert "".join(capsys.readouterr()) == ""


def _serve(fault: Exception) -> None:
    """Let a server meet a fault in the middle of a request."""

    def fail(*_: object) -> None:
        raise fault

    with HttpServer(("127.0.0.1", 0), fail) as server, socket.socket() as connection:
        server.process_request_thread(connection, CLIENT)
