"""
`python -m tools.sbom ZIP`: what is in a deployment package, as CycloneDX JSON.

Read from the zip itself: the metadata of each distribution, and Chalice, which
leaves two files and no metadata. The same zip gives the same document, so it
has neither time nor serial number.

Source:
    cyclonedx.org/docs/1.6/json
"""

import argparse
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Sequence
from email.message import Message
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

_METADATA: Final = re.compile(r"[^/]+\.dist-info/METADATA")


def main(arguments: Sequence[str]) -> int:
    """Write `sbom.json` beside the zip."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.sbom", description="List what a deployment package holds."
    )
    parser.add_argument("zip", type=Path)
    package = parser.parse_args(arguments).zip
    written = package.with_name("sbom.json")
    written.write_text(json.dumps(describe(package), indent=2) + "\n")
    sys.stdout.write(f"{written}\n")
    return 0


def describe(package: Path) -> dict[str, Any]:
    """Give the CycloneDX 1.6 document of a deployment package."""
    with zipfile.ZipFile(package) as opened:
        names = sorted(name for name in opened.namelist() if _METADATA.fullmatch(name))
        found = [Parser().parsestr(opened.read(name).decode()) for name in names]
    components = [_library(one["Name"], one["Version"], _license(one)) for one in found]
    components.append(_library("chalice", version("chalice"), "Apache-2.0"))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "name": "plaudit",
                "bom-ref": "plaudit",
                "hashes": [{"alg": "SHA-256", "content": _digest(package)}],
            }
        },
        "components": sorted(components, key=lambda component: str(component["name"])),
    }


def _library(name: str, release: str, license_name: str | None) -> dict[str, Any]:
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{release}"
    library: dict[str, Any] = {
        "type": "library",
        "name": name,
        "version": release,
        "bom-ref": purl,
        "purl": purl,
    }
    if license_name:
        library["licenses"] = [{"license": {"name": license_name}}]
    return library


def _license(metadata: Message) -> str | None:
    """Give the license as the distribution declares it, of old or new fashion."""
    declared = metadata["License-Expression"] or metadata["License"]
    if declared and "\n" not in declared:
        return str(declared)
    classified = [
        classifier.rpartition(" :: ")[2]
        for classifier in metadata.get_all("Classifier", [])
        if classifier.startswith("License ::")
    ]
    return classified[0] if classified else None


def _digest(package: Path) -> str:
    return hashlib.sha256(package.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
