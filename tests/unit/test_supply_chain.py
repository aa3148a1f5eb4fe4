"""What is installed is what was locked."""

import re
from pathlib import Path

import pytest

from tools import audit

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
SETS = sorted(path.stem for path in ROOT.glob("requirements*.in"))
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z0-9,-]+\])?==(\S+)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each distribution in a set."""
    lines = re.sub(r"\\\n\s+", " ", (ROOT / f"{name}.txt").read_text()).splitlines()
    pins = [(PIN.match(line), line) for line in lines if line and line[0] not in " #"]
    return {pin[1]: (pin[2], len(HASH.findall(line))) for pin, line in pins if pin is not None} | {
        line: ("", 0) for pin, line in pins if pin is None
    }


def wanted(name: str) -> set[str]:
    """Distributions that a set's `.in` file names, without those of files that it includes."""
    lines = (ROOT / f"{name}.in").read_text().splitlines()
    return {
        re.split(r"[\[=<>\s#]", line.lower())[0] for line in lines if line and line[0] not in "#-"
    }


def test_every_set_has_a_source_and_is_locked_by_make() -> None:
    locks = {path.stem for path in ROOT.glob("requirements*.txt")}
    (named,) = re.findall(
        r"^SETS := requirements \$\(addprefix requirements,(.+)\)$", MAKEFILE, re.MULTILINE
    )

    assert set(SETS) == locks
    assert {"requirements", *(f"requirements{name}" for name in named.split())} == locks


@pytest.mark.parametrize("name", SETS)
def test_every_distribution_is_pinned_with_its_hashes(name: str) -> None:
    loose = [found for found, (release, hashes) in locked(name).items() if not (release and hashes)]

    assert loose == []


@pytest.mark.parametrize("name", SETS)
def test_lock_has_what_its_source_names(name: str) -> None:
    assert wanted(name) <= locked(name).keys()


@pytest.mark.parametrize("name", SETS)
def test_lock_names_no_index(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text()

    assert not re.search(r"https?:|file:|index-url|find-links|trusted-host", text)


def test_sets_that_hold_the_app_agree() -> None:
    """The app is tested with the very releases that it is deployed with."""
    # The emulator and what audits have environments of their own.
    apart = {"requirements-rehearsal", "requirements-supply"}
    sets = [locked(name) for name in SETS if name not in apart]
    releases: dict[str, set[str]] = {}
    for one in sets:
        for name, (release, _) in one.items():
            releases.setdefault(name, set()).add(release)

    assert {name for name, found in releases.items() if len(found) > 1} == set()


def answer(**changes: object) -> dict[str, object]:
    return {"name": "pydantic", "version": "2.14.3", "vulns": [], **changes}


def test_audit_of_what_nothing_is_known_about_passes() -> None:
    assert audit.judge([answer()]) == (0, "1 distributions, no known vulnerabilities.")


def test_audit_names_what_is_known() -> None:
    known = {"id": "PYSEC-2026-1", "fix_versions": ["2.14.4"]}

    status, told = audit.judge([answer(vulns=[known]), {"name": "idna", "skip_reason": "?"}])

    assert (status, told) == (1, "pydantic 2.14.3: PYSEC-2026-1, fixed in 2.14.4")


def test_audit_that_could_not_ask_fails_and_says_so() -> None:
    status, told = audit.judge([answer(), {"name": "idna", "skip_reason": "not found"}])

    assert status == 2
    assert "did not answer for 1 of 2 distributions (idna)" in told


def test_audit_of_nothing_fails() -> None:
    assert audit.judge([])[0] == 2
