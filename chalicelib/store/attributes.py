"""DynamoDB's attribute maps as plain values and back: text, integers, lists, maps."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]
Plain: TypeAlias = dict[str, Any]


def pack(plain: Mapping[str, Any]) -> Item:
    """
    Write text, integers, lists and maps as DynamoDB attributes.

    None is left out: an absent attribute keeps a row out of a sparse index.
    """
    return {name: _pack(value) for name, value in plain.items() if value is not None}


def unpack(item: Item) -> Plain:
    """
    Read DynamoDB attributes as text, integers, lists and maps.

    Raises:
        ValueError: A number is no integer, or a type is foreign to Plaudit.
    """
    return {name: _unpack(value) for name, value in item.items()}


def _pack(value: object) -> Item:
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [_pack(element) for element in value]}
        case dict():
            return {"M": pack(value)}
    msg = f"no attribute for {type(value).__name__}"
    raise TypeError(msg)


def _unpack(attribute: Item) -> Any:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return value
        case "N":
            return int(value)
        case "L":
            return [_unpack(element) for element in value]
        case "M":
            return unpack(value)
    msg = f"attribute type {kind} is not used here"
    raise ValueError(msg)
