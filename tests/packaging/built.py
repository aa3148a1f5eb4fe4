"""What `tools.package` has made: the zip, the template, and the Python they are for."""

import json
import os
import platform
import subprocess
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.deployment.wheels import MACHINES

ROOT = Path(__file__).parent.parent.parent
PYTHON = ROOT / ".venv-lambda" / "bin" / "python"


def environment() -> dict[str, str]:
    """This process's environment without what its tests have set for AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"}


def ask_python(code: str) -> str:
    """Run code in the packages' Python."""
    done = subprocess.run(  # noqa: S603 - our own commands
        [PYTHON, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    return done.stdout.strip()


@dataclass
class Built:
    """A package of one architecture."""

    architecture: str
    directory: Path

    @classmethod
    def of(cls, build: Path, architecture: str) -> "Built":
        return cls(architecture, build / f"dev-{architecture}" / "package")

    @staticmethod
    def architecture_here() -> str:
        (found,) = [name for name, machine in MACHINES.items() if machine == platform.machine()]
        return found

    @property
    def zip(self) -> Path:
        return self.directory / "deployment.zip"

    @property
    def template(self) -> dict[str, Any]:
        template: dict[str, Any] = json.loads((self.directory / "sam.json").read_text())
        return template

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Every file in the zip by its name."""
        with zipfile.ZipFile(self.zip) as opened:
            return {name: opened.read(name) for name in opened.namelist()}

    def unpack(self, directory: Path) -> Path:
        with zipfile.ZipFile(self.zip) as opened:
            opened.extractall(directory)
        return directory
