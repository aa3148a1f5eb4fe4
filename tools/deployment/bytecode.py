"""
Bytecode for a staged project, so that no cold start compiles anything.

Unchecked: the interpreter takes it without a look at the source, whose time in
the zip is 1980. Compiled in a process of its own with a fixed hash seed, so
that the same sources give the same bytes.

Source:
    Invalidation by hash: peps.python.org/pep-0552
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

CHALICE_FILES: Final = ("__init__.py", "app.py")
"""What Chalice adds of itself to a zip."""


class BytecodeError(Exception):
    """A module that is to be deployed does not compile."""


def add(project: Path) -> None:
    """
    Put bytecode beside every module of the zip, for this very Python.

    Chalice adds `app.py` and two files of its own to the zip's top level,
    where `vendor/` goes too; their bytecode is put there.

    Raises:
        BytecodeError: A module does not compile.
    """
    vendor = project / "vendor"
    guests = [(project / "app.py", vendor / "app.py")]
    guests += [(_chalice() / name, vendor / "chalice" / name) for name in CHALICE_FILES]
    for source, guest in guests:
        guest.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, guest)
    _compile(vendor, Path())
    _compile(project / "chalicelib", Path("chalicelib"))
    for _, guest in guests:
        guest.unlink()


def _chalice() -> Path:
    spec = importlib.util.find_spec("chalice")
    if spec is None or spec.origin is None:
        msg = "chalice is not installed for this Python"
        raise BytecodeError(msg)
    return Path(spec.origin).parent


def _compile(directory: Path, place: Path) -> None:
    """Compile a directory whose place in the zip is given, the name that tracebacks show."""
    command = [sys.executable, "-m", "compileall", "-q", "-f"]
    command += ["--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(directory), "-p", str(place), str(directory)]
    done = subprocess.run(  # noqa: S603 - a fixed command
        command,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BytecodeError(done.stdout + done.stderr)
