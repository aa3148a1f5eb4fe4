"""A Python counts as found when it was run and said the right version."""

import sys
from pathlib import Path

import pytest

from tools import interpreter
from tools.interpreter import NAME, InterpreterError


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that has no Python but this test's, of an older version than the Lambdas'."""
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    return tmp_path


def command(path: Path, prints: str, status: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def python(path: Path) -> Path:
    return command(path, f"3 13 {path}")


def test_python_on_path_is_found(path: Path) -> None:
    wanted = python(path / NAME)

    assert interpreter.find() == str(wanted)


def test_shim_that_does_not_run_gives_way_to_the_version_behind_it(path: Path) -> None:
    command(path / NAME, "pyenv: python3.13: command not found", status=127)
    command(path / "pyenv", str(path / "pyenv-root"))
    wanted = python(path / "pyenv-root" / "versions" / "3.13.2" / "bin" / NAME)

    assert interpreter.find() == str(wanted)


def test_pyenv_is_found_by_its_variable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(path / "elsewhere"))
    wanted = python(path / "elsewhere" / "versions" / "3.13.0" / "bin" / NAME)

    assert interpreter.find() == str(wanted)


def test_python_of_uv_is_found(path: Path) -> None:
    wanted = python(path / "uv-pythons" / NAME)
    command(path / "uv", str(wanted))

    assert interpreter.find() == str(wanted)


def test_python_that_says_another_version_is_not_taken(path: Path) -> None:
    command(path / NAME, f"3 12 {path / NAME}")

    with pytest.raises(InterpreterError, match="LAMBDA_PYTHON="):
        interpreter.find()


def test_running_python_is_taken_if_it_is_the_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = python(path / "running")
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(sys, "executable", str(wanted))

    assert interpreter.find() == str(wanted)


def test_fallback_is_the_running_python_with_a_notice(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = interpreter.main(["--fallback"])

    said = capsys.readouterr()
    assert status == 0
    assert said.out == f"{sys.executable}\n"
    assert f"No {NAME} here" in said.err


def test_without_fallback_nothing_is_printed_for_the_shell(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = interpreter.main([])

    said = capsys.readouterr()
    assert status == 1
    assert said.out == ""
    assert f"{NAME}, the Lambdas' Python, is needed" in said.err


def test_a_python_that_is_too_old_is_no_fallback(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))

    assert interpreter.main(["--fallback"]) == 1


def test_packaging_in_another_python_is_refused(path: Path) -> None:
    with pytest.raises(InterpreterError, match=r"This is Python 3\.11, .* on 3\.13"):
        interpreter.require()
