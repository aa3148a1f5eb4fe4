"""A cold start compiles nothing."""

import _imp
import re

import pytest

from tests.packaging.built import Built, ask_python

pytestmark = pytest.mark.slow

UNCHECKED_HASH = 1
"""Flags of PEP 552: made from a hash, which nobody compares."""


@pytest.fixture(scope="module")
def tag() -> str:
    return ask_python("import sys; print(sys.implementation.cache_tag)")


@pytest.fixture(scope="module")
def magic() -> bytes:
    return bytes.fromhex(ask_python("import importlib.util as u; print(u.MAGIC_NUMBER.hex())"))


def bytecode_of(source: str, tag: str) -> str:
    return re.sub(r"([^/]+)\.py$", rf"__pycache__/\1.{tag}.pyc", source)


def test_every_module_has_bytecode_for_the_runtime(built: Built, tag: str, magic: bytes) -> None:
    sources = [name for name in built.files if name.endswith(".py")]

    heads = {built.files[bytecode_of(source, tag)][:8] for source in sources}

    assert heads == {magic + UNCHECKED_HASH.to_bytes(4, "little")}


def test_bytecode_is_of_the_very_sources_beside_it(built: Built, tag: str, magic: bytes) -> None:
    sources = [name for name in built.files if name.endswith(".py")]

    key = int.from_bytes(magic, "little")
    stale = [
        source
        for source in sources
        if built.files[bytecode_of(source, tag)][8:16] != _imp.source_hash(key, built.files[source])
    ]

    assert stale == []


def test_there_is_no_bytecode_without_a_source(built: Built, tag: str) -> None:
    expected = {bytecode_of(name, tag) for name in built.files if name.endswith(".py")}

    assert {name for name in built.files if name.endswith(".pyc")} == expected
