"""
`python -m tools.audit`: known vulnerabilities in what the Lambdas run with.

Asks the advisories of PyPI, through pip-audit, for each pinned distribution.
pip-audit by itself passes over what the service does not answer for and then
reports that nothing was found; here that is a failure.

    0  every distribution was looked up, and nothing is known
    1  something is known
    2  not every distribution could be looked up
"""

import json
import subprocess
import sys
from typing import Any, Final

from tools.deployment import wheels

CLEAN: Final = 0
VULNERABLE: Final = 1
UNKNOWN: Final = 2

_REQUIREMENTS: Final = (wheels.REQUIREMENTS, wheels.SIGN_IN)


def main() -> int:
    """
    Audit what is in a package, and what is in one of a stage whose editors sign in besides.

    Returns:
        The exit status, as above.
    """
    done = subprocess.run(  # noqa: S603 - a fixed command
        [
            *(sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"),
            *("--disable-pip", "--require-hashes"),
            *(f"--requirement={path}" for path in _REQUIREMENTS),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return _tell(UNKNOWN, f"The advisories could not be asked:\n{done.stderr[-1000:]}")
    return _tell(*judge(dependencies))


def judge(dependencies: list[dict[str, Any]]) -> tuple[int, str]:
    """
    Say what an audit came to.

    Args:
        dependencies: Of pip-audit's JSON: `name` with `version` and `vulns`,
            or with `skip_reason`.

    Returns:
        Exit status, and what to tell.
    """
    known = [
        f"{one['name']} {one['version']}: {vulnerability['id']}, "
        f"fixed in {', '.join(vulnerability['fix_versions']) or 'no release'}"
        for one in dependencies
        for vulnerability in one.get("vulns", [])
    ]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    if known:
        return VULNERABLE, "\n".join(known)
    if skipped or not dependencies:
        return UNKNOWN, (
            f"Not audited: the advisories did not answer for {len(skipped)} of "
            f"{len(dependencies)} distributions ({', '.join(skipped)}). Is the internet reachable?"
        )
    return CLEAN, f"{len(dependencies)} distributions, no known vulnerabilities."


def _tell(status: int, text: str) -> int:
    (sys.stderr if status else sys.stdout).write(f"{text}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
