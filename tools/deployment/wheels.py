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
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parent.parent.parent
REQUIREMENTS: Final = _ROOT / "requirements.txt"
SIGN_IN: Final = _ROOT / "requirements-oidc.txt"
"""What a stage needs besides whose editors sign in with a provider."""
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
    """pip could not get what is pinned."""


def unpack(directory: Path, pinned: Sequence[Path], *, architecture: str, cache: Path) -> None:
    """
    Unpack pinned wheels, without scripts and records.

    Args:
        directory: Made by this.
        pinned: Requirements with their hashes.
        architecture: `arm64` or `x86_64`.
        cache: Keeps what was unpacked before, by requirements, Python and
            architecture.

    Raises:
        WheelError: A wheel is missing, or is not the one that was pinned.
    """
    kept = cache / _key(pinned, architecture)
    if not kept.exists():
        fresh = cache / f"{kept.name}.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        _install(fresh, pinned, architecture)
        _strip(fresh)
        fresh.rename(kept)
    shutil.copytree(kept, directory)


def _key(pinned: Sequence[Path], architecture: str) -> str:
    # This file says what is left out.
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in (*pinned, Path(__file__))))
    return f"{sys.implementation.cache_tag}-{architecture}-{digest.hexdigest()[:16]}"


def _install(directory: Path, pinned: Sequence[Path], architecture: str) -> None:
    machine = MACHINES[architecture]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--target", str(directory), "--no-compile", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", _version()]
    for minor in reversed(_GLIBC):
        command += ["--platform", f"manylinux_2_{minor}_{machine}"]
    command += ["--platform", f"manylinux2014_{machine}"]
    command += ["--require-hashes"]
    for path in pinned:
        command += ["--requirement", str(path)]
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
