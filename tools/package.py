"""
`python -m tools.package STAGE [--arch ARCH]`: a stage as one CloudFormation stack.

Writes the zip and the template, and says which two commands deploy them. Runs
in the Python that the package is made for, and needs no AWS account.

    .build/<stage>-<architecture>/package/
      deployment.zip
      sam.json

    0  the package is there
    2  it could not be made; the reason is on stderr
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tools import environment, interpreter
from tools.deployment import archive, bytecode, chalice_cli, stack, staging, templates, wheels

MADE: Final = 0
FAILED: Final = 2


def main(arguments: Sequence[str]) -> int:
    """
    Make the package and say how it is deployed.

    Returns:
        The exit status, as above.

    Raises:
        SystemExit: The command line cannot be read, or asks for help.
    """
    options = _parser().parse_args(arguments)
    try:
        if not options.fallback:
            interpreter.require()
        made = make(options.stage, architecture=options.arch, build=options.build)
    except (
        bytecode.BytecodeError,
        chalice_cli.ChaliceError,
        interpreter.InterpreterError,
        staging.StageError,
        templates.TemplateError,
        wheels.WheelError,
    ) as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    sys.stdout.write(_told(options.stage, made))
    return MADE


def make(stage: str, *, architecture: str, build: Path = staging.BUILD) -> Path:
    """
    Package a stage.

    Args:
        architecture: `arm64` or `x86_64`.
        build: Directory that holds all staged projects.

    Returns:
        Directory with `deployment.zip` and `sam.json`.

    Raises:
        ChaliceError: Chalice failed, or something is missing from the zip.
        StageError: There is no such stage, or a setting of it is malformed.
        WheelError: A pinned wheel cannot be had.
    """
    environment.check(stage)
    project = staging.stage(stage, architecture=architecture, policies=None, build=build)
    merged = project / "merge.json"
    merged.write_text(json.dumps(stack.beside_chalice(stage), indent=2) + "\n")
    package = project / "package"
    chalice_cli.run(
        project,
        *("package", "--stage", stage, "--pkg-format", "cloudformation"),
        *("--merge-template", str(merged), str(package)),
    )
    archive.sort(package / "deployment.zip")
    return package


def _told(stage: str, package: Path) -> str:
    size = (package / "deployment.zip").stat().st_size
    shown = package.relative_to(Path.cwd()) if package.is_relative_to(Path.cwd()) else package
    return (
        f"{shown / 'deployment.zip'}: {size / 1_000_000:.2f} MB\n\n"
        f"aws cloudformation package --template-file {shown / 'sam.json'} "
        f"--s3-bucket YOUR-BUCKET --output-template-file {shown / 'packaged.yaml'}\n"
        f"aws cloudformation deploy --template-file {shown / 'packaged.yaml'} "
        f"--s3-bucket YOUR-BUCKET --stack-name plaudit-{stage} --capabilities CAPABILITY_IAM\n"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.package",
        description="Package a stage as one CloudFormation stack.",
    )
    parser.add_argument("stage", help="dev, prod or another of .chalice/config.json")
    parser.add_argument("--arch", choices=sorted(wheels.MACHINES), default="arm64")
    parser.add_argument("--build", type=Path, default=staging.BUILD, help="where to work")
    parser.add_argument(
        "--fallback", action="store_true", help="take this Python, for a trial that is not deployed"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
