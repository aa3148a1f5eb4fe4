"""`python -m tools.keys`, and how the other tools refuse wrong arguments."""

import pytest

from chalicelib.model import now
from tools import articles, keys

KEY = "an-editors-key"


def test_what_is_stored_is_the_sha_256_and_not_the_key() -> None:
    stored = keys.described("ada", "abc", now())

    assert stored.digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_no_two_keys_are_alike() -> None:
    assert keys.new_key() != keys.new_key()


@pytest.mark.parametrize("name", [[], ["Ada"], ["a b"], ["a:b"], [""], ["a" * 41], ["a,b"]])
def test_any_other_name_is_refused(name: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        keys.main(["create", "dev", *name])

    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["load"],
        ["load", "a.md", "--url", "ftp://example.com"],
        ["load", "a.md", "--url", "file:///etc/passwd"],
        ["load", "a.md", "--url", "http://"],
        ["load", "a.md", "--url", "http://127.0.0.1:8000/?a=b"],
        ["load", "a.md", "--url", "http://name@127.0.0.1:8000"],
        ["load", "a.md", "--url", "http://127.0.0.1:8000/a b"],
        ["load", "a.md", "--url", "http://127.0.0.1:port"],
        ["load", "a.md", "--key", "a\nkey"],
        ["load", "a.md", "--key", "ключ"],
    ],
)
def test_wrong_usage_ends_with_two(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EDITOR_KEY", KEY)

    with pytest.raises(SystemExit) as stopped:
        articles.main(arguments)

    assert stopped.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_without_a_key_nothing_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("EDITOR_KEY", raising=False)

    with pytest.raises(SystemExit) as stopped:
        articles.main(["load", "a.md"])

    assert stopped.value.code == 2
    assert "set EDITOR_KEY or give --key" in capsys.readouterr().err
