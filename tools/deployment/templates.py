"""
CloudFormation templates and policies, as plain dictionaries.

A template is read into the long form of its functions (`{"Ref": …}`,
`{"Fn::Sub": …}`), which JSON can carry. Policies hold placeholders in
CloudFormation's own notation, `${ContentTable.Arn}`; they are left to
CloudFormation or filled in here.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Template: TypeAlias = dict[str, Any]

_PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
_COMPOSED: Final = ("Parameters", "Mappings", "Conditions", "Resources", "Outputs")


class TemplateError(Exception):
    """Templates that cannot be one, or a placeholder without a value."""


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short functions, `!Ref`, in their long form."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Template:
    key = name if name in {"Ref", "Condition"} else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {key: text.split(".", 1) if name == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {key: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)  # noqa: S101 - YAML has three kinds of node
    return {key: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _function)


def load(path: Path) -> Template:
    """Read a template from YAML or JSON, functions in their long form."""
    template: Template = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    return template


def compose(*templates: Template) -> Template:
    """
    Make one template of several.

    Returns:
        The parts of all; description and format version are the first one's.

    Raises:
        TemplateError: Two templates say different things under one name.
    """
    composed: Template = {key: value for key, value in templates[0].items() if key not in _COMPOSED}
    for part in _COMPOSED:
        for template in templates:
            for name, entry in template.get(part, {}).items():
                if composed.setdefault(part, {}).setdefault(name, entry) != entry:
                    msg = f"{part} has two different {name}"
                    raise TemplateError(msg)
    return composed


def as_functions(policy: Template) -> Template:
    """Leave a policy's placeholders to CloudFormation: each text with one becomes `Fn::Sub`."""
    found: Template = _replaced(
        policy, lambda text: {"Fn::Sub": text} if _PLACEHOLDER.search(text) else text
    )
    return found


def filled(policy: Template, values: Mapping[str, str]) -> Template:
    """
    Put values in place of a policy's placeholders.

    Args:
        values: By name of the placeholder, `ContentTable.Arn`, `AWS::Region`.

    Raises:
        TemplateError: A placeholder has no value.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return values[match[1]]
        except KeyError:
            msg = f"nothing to put in place of {match[0]}"
            raise TemplateError(msg) from None

    found: Template = _replaced(policy, lambda text: _PLACEHOLDER.sub(value, text))
    return found


def _replaced(node: Any, change: Any) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, list):
        return [_replaced(one, change) for one in node]
    if isinstance(node, dict):
        return {key: _replaced(value, change) for key, value in node.items()}
    return node
