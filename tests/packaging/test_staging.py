"""The staged project that `chalice deploy` is given: everything filled in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.built import ROOT, Built
from tools.deployment import staging, wheels
from tools.deployment.staging import StageError
from tools.deployment.templates import TemplateError
from tools.deployment.wheels import WheelError

STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/plaudit-dev-content/stream/2026"
VALUES = {
    "ContentTable.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/plaudit-dev-content",
    "ContentTable.StreamArn": STREAM,
    "DerivedTable.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/plaudit-dev-derived",
    "TallyFailures.Arn": "arn:aws:sqs:eu-west-1:123456789012:plaudit-dev-tally-failures",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "Stage": "dev",
}


@pytest.fixture
def without_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to install, so that staging takes no network and no time."""

    def unpack(directory: Path, pinned: list[Path], **_: Any) -> None:
        directory.mkdir()
        (directory / "pinned").write_text(" ".join(path.name for path in pinned))

    monkeypatch.setattr(wheels, "unpack", unpack)


def stage(build: Path, **changes: Any) -> Path:
    arguments = {"architecture": "arm64", "policies": VALUES, "content_stream_arn": STREAM}
    return staging.stage("dev", **arguments | changes, build=build)


def config(project: Path) -> Any:
    return json.loads((project / ".chalice" / "config.json").read_text())


@pytest.mark.usefixtures("without_wheels")
def test_policies_are_filled_in(tmp_path: Path) -> None:
    project = stage(tmp_path)

    policies = sorted((project / ".chalice").glob("policy-*.json"))
    assert [one.name for one in policies] == [
        one.name for one in sorted((ROOT / ".chalice").glob("policy-*.json"))
    ]
    assert not [one for one in policies if "${" in one.read_text()]
    assert VALUES["ContentTable.Arn"] in policies[0].read_text()


@pytest.mark.usefixtures("without_wheels")
def test_placeholder_without_a_value_stops_it(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="nothing to put in place of"):
        stage(tmp_path, policies={"Stage": "dev"})


@pytest.mark.usefixtures("without_wheels")
def test_config_has_this_stage_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEASE", "v1.2")

    found = config(stage(tmp_path, architecture="x86_64"))

    source = json.loads((ROOT / ".chalice" / "config.json").read_text())
    expected = dict(source["stages"]["dev"]["environment_variables"])
    expected |= {"RELEASE": "v1.2", "CONTENT_STREAM_ARN": STREAM}
    assert found["stages"] == {"dev": {"environment_variables": expected}}
    assert found["lambda_architecture"] == "x86_64"
    assert found["autogen_policy"] is False


@pytest.mark.usefixtures("without_wheels")
def test_staged_project_replaces_the_one_before(tmp_path: Path) -> None:
    project = stage(tmp_path)
    (project / "chalicelib" / "removed.py").touch()

    stage(tmp_path)

    assert not (project / "chalicelib" / "removed.py").exists()
    assert [path.name for path in tmp_path.iterdir()] == [project.name]


@pytest.mark.parametrize("name", ["local", "nowhere"])
def test_stage_that_is_not_deployed_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError, match="there are dev, prod"):
        staging.stage(name, architecture="arm64", policies=None, build=tmp_path)


def test_release_is_the_commit_unless_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RELEASE")

    assert staging.release().removesuffix("-dirty")


@pytest.mark.slow
def test_wheel_that_is_not_the_pinned_one_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"mdurl==0.1.2 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(wheels, "REQUIREMENTS", requirements)

    with pytest.raises(WheelError, match="DO NOT MATCH THE HASHES"):
        stage(tmp_path / "build")


@pytest.mark.slow
def test_distribution_without_a_wheel_stops_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"mdurl==0.0.999 --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(wheels, "REQUIREMENTS", requirements)

    with pytest.raises(WheelError, match="No matching distribution"):
        stage(tmp_path / "build")


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stage's editors sign in."""
    known = staging.settings("dev")
    known["stages"]["dev"]["environment_variables"] |= {
        "OIDC_ISSUER": "https://id.example",
        "OIDC_AUDIENCE": "desk",
    }
    monkeypatch.setattr(staging, "settings", lambda _: known)


@pytest.mark.usefixtures("without_wheels")
def test_what_signing_in_needs_is_for_stages_that_ask_for_it(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = (stage(tmp_path) / "vendor" / "pinned").read_text()
    request.getfixturevalue("provider")
    after = (stage(tmp_path) / "vendor" / "pinned").read_text()

    assert (before, after) == ("requirements.txt", "requirements.txt requirements-oidc.txt")


@pytest.mark.slow
@pytest.mark.usefixtures("provider")
def test_a_stage_whose_editors_sign_in_runs_with_what_is_in_its_package(tmp_path: Path) -> None:
    project = stage(tmp_path, architecture=Built.architecture_here())
    code = "from chalicelib.guard import sign_in; print(sign_in.jwt.__file__)"

    done = subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = ['.', 'vendor']; {code}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == ""
    assert Path(done.stdout.strip()).is_relative_to(project / "vendor") or done.stdout.startswith(
        "vendor"
    )
