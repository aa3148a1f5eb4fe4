"""
The packages that are measured, and what the Lambda runtime brings to each.

Plaudit's is its zip, unpacked. A peer's is made alike: its own files and the
distributions that it needs at one level, with unchecked-hash bytecode. boto3
and the runtime client lie in a directory of their own that all share, as in
Lambda, with bytecode too.
"""

import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from tools import package

_PEERS: Final = Path(__file__).parent / "peers"
_SHARED: Final = {"house.py": "house.py", "client.py": "client.py"}
_OWN_FILES: Final = {
    "bare": {**_SHARED, "bare.py": "bare.py"},
    "botocore": {**_SHARED, "client.py": "botocore_client.py", "bare.py": "bare.py"},
    "powertools": {**_SHARED, "models.py": "models.py", "powertools.py": "powertools.py"},
    "fast": {**_SHARED, "models.py": "models.py", "fast.py": "fast.py"},
}
"""Of each package, with the name of the source among the peers."""
_NEEDS: Final = {
    "bare": (),
    "botocore": (),
    "powertools": ("aws-lambda-powertools", "pydantic"),
    "fast": ("fastapi", "mangum", "pydantic"),
}
_RUNTIME: Final = ("awslambdaric", "boto3")


@dataclass(frozen=True, slots=True)
class Packages:
    """
    Directories, each as `/var/task` would be.

    Attributes:
        ours: Plaudit's zip, unpacked.
        uncompiled: The same without bytecode, as Chalice alone makes it.
        peers: By name: `bare`, `botocore`, `powertools`, `fast`.
        runtime: As `/var/runtime`.
        zip_bytes: Size of Plaudit's zip.
    """

    ours: Path
    uncompiled: Path
    peers: dict[str, Path]
    runtime: Path
    zip_bytes: int


def architecture() -> str:
    """Give Lambda's name of this machine's architecture."""
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def build(directory: Path) -> Packages:
    """Make all packages for this Python and this machine, below an empty directory."""
    made = package.make("dev", architecture=architecture(), build=directory / "build")
    archive = made / "deployment.zip"
    ours, uncompiled = directory / "ours", directory / "uncompiled"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(ours)
    shutil.copytree(ours, uncompiled, ignore=shutil.ignore_patterns("__pycache__"))
    peers = {name: _peer(name, directory / name) for name in _OWN_FILES}
    runtime = directory / "runtime"
    _install(runtime, _RUNTIME)
    _compile(runtime)
    return Packages(ours, uncompiled, peers, runtime, archive.stat().st_size)


def _peer(name: str, directory: Path) -> Path:
    _install(directory, _NEEDS[name])
    for file, source in _OWN_FILES[name].items():
        shutil.copy(_PEERS / source, directory / file)
    _compile(directory)
    return directory


def _install(directory: Path, names: Iterable[str]) -> None:
    """Copy distributions and all that they need from this Python's, whose hashes pip has seen."""
    directory.mkdir()
    for found in _closure(names).values():
        for file in found.files or ():
            if ".." in file.parts or "__pycache__" in file.parts:
                continue
            target = directory / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)


def _closure(names: Iterable[str]) -> dict[str, Distribution]:
    wanted, found = list(names), dict[str, Distribution]()
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        found[name] = distribution(name)
        needs = (Requirement(text) for text in found[name].requires or ())
        wanted += [
            one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})
        ]
    return found


def _compile(directory: Path) -> None:
    subprocess.run(  # noqa: S603 - a fixed command
        [
            *(sys.executable, "-m", "compileall", "-q", "-f"),
            *("--invalidation-mode", "unchecked-hash", str(directory)),
        ],
        env={"PYTHONHASHSEED": "0"},
        check=True,
    )
