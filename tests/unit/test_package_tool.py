"""`make package` fails where Chalice goes on, and says what to do next."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tools import interpreter, package
from tools.deployment import chalice_cli
from tools.deployment.chalice_cli import ChaliceError


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Python in which Chalice does what a test writes into this file, in the shell's language."""
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    return script


def test_what_chalice_prints_is_given(tmp_path: Path, python: Path) -> None:
    python.write_text("#!/bin/sh\necho Creating deployment package.\n")

    assert chalice_cli.run(tmp_path, "package") == "Creating deployment package.\n"


def test_failure_of_chalice_is_one(tmp_path: Path, python: Path) -> None:
    python.write_text("#!/bin/sh\necho No region >&2\nexit 2\n")

    with pytest.raises(ChaliceError, match="No region"):
        chalice_cli.run(tmp_path, "package")


def test_dependency_that_chalice_passes_over_is_a_failure(tmp_path: Path, python: Path) -> None:
    """It ends with 0 and a Lambda that cannot start."""
    python.write_text("#!/bin/sh\necho 'Could not install dependencies:'\necho nh3==0.3.8\n")

    with pytest.raises(ChaliceError, match=r"nh3==0\.3\.8"):
        chalice_cli.run(tmp_path, "package")


def test_chalice_has_a_region_and_writes_no_bytecode(
    tmp_path: Path, python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    python.write_text('#!/bin/sh\necho "$AWS_DEFAULT_REGION $PYTHONDONTWRITEBYTECODE $STAGE"\n')

    assert chalice_cli.run(tmp_path, "package", environ={"STAGE": "dev"}) == "us-east-1 1 dev\n"


def test_package_in_another_python_than_the_lambdas_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(interpreter, "VERSION", (3, 99))

    assert package.main(["dev"]) == package.FAILED
    assert "the Lambdas run on 3.99" in capsys.readouterr().err


def test_stage_that_is_not_deployed_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = package.main(["local", "--fallback", "--build", str(tmp_path)])

    assert status == package.FAILED
    assert capsys.readouterr().err.count("\n") == 1


def test_made_package_is_told_with_the_two_commands_that_deploy_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(stage: str, **_: Any) -> Path:
        (tmp_path / "deployment.zip").write_bytes(bytes(1_230_000))
        return tmp_path

    monkeypatch.setattr(package, "make", make)
    monkeypatch.chdir(tmp_path.parent)

    status = package.main(["dev", "--fallback"])

    told = capsys.readouterr().out.splitlines()
    assert status == package.MADE
    assert told[0] == f"{tmp_path.name}/deployment.zip: 1.23 MB"
    assert [line.split()[:3] for line in told[2:]] == [
        ["aws", "cloudformation", "package"],
        ["aws", "cloudformation", "deploy"],
    ]
    assert "--stack-name plaudit-dev --capabilities CAPABILITY_IAM" in told[3]
