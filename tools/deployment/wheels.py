"""
The pinned wheels of the Lambdas, for an architecture that need not be this one's.

pip does it all: it verifies hashes, takes no source distribution and fails on
what it cannot find.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

REQUIREMENTS: Final = Path(__file__).parent.parent.parent / "requirements.txt"
MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of architectures, and the wheels'."""

_GLIBC: Final = range(17, 35)
"""
Minor versions of glibc 2 whose wheels run: Amazon Linux 2023 has 2.34.

Source:
    docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html
"""


_UNUSED: Final = (
    # email-validator asks the DNS only where it is told to check deliverability.
    "dns",
    "dnspython-*.dist-info",
    # pydantic asks for its old self only where a class has `__get_validators__`.
    "pydantic/v1",
)
"""What no Lambda ever imports, a fifth of the zip."""


class WheelError(Exception):
    """pip could not get what `requirements.txt` pins."""


def unpack(directory: Path, *, architecture: str, cache: Path) -> None:
    """
    Unpack the wheels of `requirements.txt`, without scripts and records.

    Args:
        directory: Made by this.
        architecture: `arm64` or `x86_64`.
        cache: Keeps what was unpacked before, by requirements, Python and
            architecture.

    Raises:
        WheelError: A wheel is missing, or is not the one that was pinned.
    """
    kept = cache / _key(architecture)
    if not kept.exists():
        fresh = cache / f"{kept.name}.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        _install(fresh, architecture)
        _strip(fresh)
        fresh.rename(kept)
    shutil.copytree(kept, directory)


def _key(architecture: str) -> str:
    # This file says what is left out.
    pinned = hashlib.sha256(REQUIREMENTS.read_bytes() + Path(__file__).read_bytes())
    return f"{sys.implementation.cache_tag}-{architecture}-{pinned.hexdigest()[:16]}"


def _install(directory: Path, architecture: str) -> None:
    machine = MACHINES[architecture]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--target", str(directory), "--no-compile", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", _version()]
    for minor in reversed(_GLIBC):
        command += ["--platform", f"manylinux_2_{minor}_{machine}"]
    command += ["--platform", f"manylinux2014_{machine}"]
    command += ["--require-hashes", "--requirement", str(REQUIREMENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip
    if done.returncode:
        raise WheelError(done.stderr or done.stdout)


def _version() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _strip(directory: Path) -> None:
    """Take out what names this machine (scripts, records) and what is never imported."""
    for pattern in ("bin", *_UNUSED):
        for unused in directory.glob(pattern):
            shutil.rmtree(unused)
    for metadata in directory.glob("*.dist-info"):
        for name in ("RECORD", "REQUESTED", "INSTALLER", "direct_url.json"):
            (metadata / name).unlink(missing_ok=True)
