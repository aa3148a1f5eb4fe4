"""
The project as Chalice packages it, made anew below `.build/`.

Chalice never works in the source tree. It gets a copy with nothing left to
install: `requirements.txt` is empty, and what the Lambdas import lies in
`vendor/`, which Chalice copies to the top level of the zip. So pip verifies
each wheel's hash, fails when one cannot be had, and takes the wheels of the
target's architecture on any host; and the zip carries bytecode, without which
a cold start compiles everything.

    .build/<stage>-<architecture>/
      app.py  chalicelib/        copies, with bytecode
      requirements.txt           empty
      vendor/                    wheels, unpacked, with bytecode
      .chalice/config.json       this stage alone, release and architecture set
      .chalice/policy-*.json     rendered

The Python that runs this is the one that the package is made for.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools.deployment import bytecode, templates, wheels

ROOT: Final = Path(__file__).parent.parent.parent
BUILD: Final = ROOT / ".build"
_IGNORED: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


def stage(
    stage_name: str,
    *,
    architecture: str,
    policies: Mapping[str, str] | None,
    content_stream_arn: str | None = None,
    build: Path = BUILD,
) -> Path:
    """
    Make the staged project of a stage.

    Args:
        architecture: `arm64` or `x86_64`.
        policies: Values of the placeholders in the policies, by name
            (`ContentTable.Arn`, `AWS::Region`, `Stage`). None leaves them to
            CloudFormation, for a stack that has resources of these names.
        content_stream_arn: Of the table that exists already. None for a stack
            that makes the table itself.
        build: Directory that holds all staged projects.

    Returns:
        Directory of the project.

    Raises:
        StageError: `.chalice/config.json` has no such stage, or it is `local`.
        WheelError: A pinned wheel cannot be had for this architecture.
        TemplateError: A placeholder has no value.
    """
    configured = settings(stage_name)
    project = build / f"{stage_name}-{architecture}"
    draft = build / f"{project.name}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    (draft / ".chalice").mkdir(parents=True)
    shutil.copy(ROOT / "app.py", draft)
    shutil.copytree(ROOT / "chalicelib", draft / "chalicelib", ignore=_IGNORED)
    (draft / "requirements.txt").touch()
    wheels.unpack(
        draft / "vendor", _pinned(configured), architecture=architecture, cache=build / "wheels"
    )
    bytecode.add(draft)
    _write_config(draft, configured, architecture, content_stream_arn)
    for policy in sorted((ROOT / ".chalice").glob("policy-*.json")):
        _write(draft / ".chalice" / policy.name, _rendered(policy, policies))
    _settle(draft, project)
    return project


def settings(stage_name: str) -> dict[str, Any]:
    """
    Read `.chalice/config.json`, with the settings of this stage alone.

    Raises:
        StageError: There is no such stage, or it is `local`.
    """
    found: dict[str, Any] = json.loads((ROOT / ".chalice" / "config.json").read_text())
    deployable = sorted(found["stages"].keys() - {"local"})
    if stage_name not in deployable:
        msg = f"no stage {stage_name!r} in .chalice/config.json; there are {', '.join(deployable)}"
        raise StageError(msg)
    found["stages"] = {stage_name: found["stages"][stage_name]}
    return found


class StageError(Exception):
    """There is no such stage to deploy."""


def release() -> str:
    """Name what is deployed: `RELEASE` of the environment, or the commit that is checked out."""
    named = os.environ.get("RELEASE")
    if named:
        return named
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607 - git is where PATH says
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unreleased"


def _pinned(settings: Mapping[str, Any]) -> list[Path]:
    (chosen,) = settings["stages"].values()
    has_provider = chosen.get("environment_variables", {}).get("OIDC_ISSUER")
    return [wheels.REQUIREMENTS, *([wheels.SIGN_IN] if has_provider else [])]


def _write_config(
    project: Path, settings: dict[str, Any], architecture: str, content_stream_arn: str | None
) -> None:
    (chosen,) = settings["stages"].values()
    environment = chosen.setdefault("environment_variables", {})
    environment["RELEASE"] = release()
    if content_stream_arn is not None:
        environment["CONTENT_STREAM_ARN"] = content_stream_arn
    settings["lambda_architecture"] = architecture
    _write(project / ".chalice" / "config.json", settings)


def _rendered(policy: Path, values: Mapping[str, str] | None) -> dict[str, Any]:
    source = json.loads(policy.read_text())
    return templates.as_functions(source) if values is None else templates.filled(source, values)


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2) + "\n")


def _settle(draft: Path, project: Path) -> None:
    """
    Copy the draft in one order and with the same modes.

    Chalice zips files with their modes and in the order of the directory. The
    modes should not be this user's, and the order should be the same each time
    on this machine; `make package` sorts the zip besides.
    """
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir()
    for path in sorted(draft.rglob("*")):
        settled = project / path.relative_to(draft)
        if path.is_dir():
            settled.mkdir()
        else:
            shutil.copyfile(path, settled)
            settled.chmod(0o644)
    shutil.rmtree(draft)
