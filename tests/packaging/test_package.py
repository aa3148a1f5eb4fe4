"""The zip: what is in it, and that it runs as it is."""

import re
import struct
from pathlib import Path

import pytest

from tests.packaging.built import ROOT, Built
from tests.packaging.conftest import package
from tools import sbom

pytestmark = pytest.mark.slow

LARGEST = 6_000_000
LIBRARIES = {
    "annotated_types",
    "email_validator",
    "idna",
    "markdown_it",
    "mdurl",
    "nh3",
    "pydantic",
    "pydantic_core",
    "typing_extensions.py",
    "typing_inspection",
}
ELF_MACHINES = {"x86_64": 62, "arm64": 183}


def pinned() -> set[tuple[str, str]]:
    """What `requirements.txt` pins, but for what no Lambda imports."""
    text = (ROOT / "requirements.txt").read_text()
    pins = re.findall(r"^([a-z0-9-]+)==([^ ]+) ", text, re.MULTILINE)
    return {(name, release) for name, release in pins if name != "dnspython"}


def test_zip_is_small_enough(built: Built) -> None:
    assert built.zip.stat().st_size <= LARGEST


def test_zip_holds_our_modules_the_libraries_and_chalices_runtime_alone(built: Built) -> None:
    tops = {name.split("/")[0] for name in built.files}

    libraries = {top for top in tops if not top.endswith(".dist-info")}

    assert libraries == LIBRARIES | {"app.py", "__pycache__", "chalice", "chalicelib"}


def test_zip_holds_every_module_of_chalicelib_and_nothing_else_of_it(built: Built) -> None:
    ours = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "chalicelib").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }

    packaged = {
        name for name in built.files if name.startswith("chalicelib/") and name[-4:] != ".pyc"
    }

    assert packaged == ours


def test_zip_holds_two_files_of_chalice(built: Built) -> None:
    sources = {name for name in built.files if re.fullmatch(r"chalice/.*\.py", name)}

    assert sources == {"chalice/__init__.py", "chalice/app.py"}


def test_zip_holds_the_pinned_distributions(built: Built) -> None:
    infos = {name.split("/")[0] for name in built.files if name.endswith(".dist-info/METADATA")}

    found = {tuple(info.removesuffix(".dist-info").replace("_", "-").split("-")) for info in infos}

    assert {("-".join(parts[:-1]), parts[-1]) for parts in found} == pinned()


def test_native_wheels_are_of_the_architecture(built: Built) -> None:
    natives = {name: data for name, data in built.files.items() if ".so" in Path(name).suffixes}

    machines = {struct.unpack_from("<H", data, 18)[0] for data in natives.values()}

    assert {name.split("/")[0] for name in natives} == {"nh3", "pydantic_core"}
    assert machines == {ELF_MACHINES[built.architecture]}


def test_same_sources_give_the_same_bytes(build: Path, tmp_path: Path) -> None:
    """Compiled and unpacked again, by another process in another place."""
    package(tmp_path, "arm64")

    again, first = Built.of(tmp_path, "arm64"), Built.of(build, "arm64")

    assert again.zip.read_bytes() == first.zip.read_bytes()


def test_files_stand_in_the_order_of_their_names(built: Built) -> None:
    """Chalice's order is the file system's, another one on each."""
    assert list(built.files) == sorted(built.files)


def test_bill_of_materials_names_every_distribution_with_its_version(built: Built) -> None:
    named = {(one["name"], one["version"]) for one in sbom.describe(built.zip)["components"]}

    canonical = {(name.replace("_", "-"), release) for name, release in named}
    assert canonical == pinned() | {("chalice", "1.34.0")}
