"""Only what DynamoDB keeps exactly goes in and comes out."""

from typing import Any

import pytest

from chalicelib.store import attributes, keys


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}, object()])
def test_what_has_no_exact_form_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        attributes.pack({"value": value})


@pytest.mark.parametrize(
    "attribute",
    [
        {"N": "1.5"},
        {"N": "NaN"},
        {"B": b"bytes"},
        {"NULL": True},
        {"SS": ["a"]},
        {},
        {"S": "", "N": "1"},
    ],
)
def test_what_was_never_written_is_not_read(attribute: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - several kinds of it
        attributes.unpack({"value": attribute})


def test_values_come_back_as_they_went() -> None:
    plain = {"text": "é", "number": -3, "list": ["a", {"deep": 1}], "map": {"empty": {}}}

    assert attributes.unpack(attributes.pack(plain)) == plain


def test_none_leaves_no_attribute() -> None:
    assert attributes.pack({"absent": None}) == {}


@pytest.mark.parametrize("text", ["", "AA", "AAAA", "A" * 27, "a" * 26, "1" * 26, "Ä" * 26])
def test_a_digest_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - several kinds of it
        keys.decode_digest(text)
