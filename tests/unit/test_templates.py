from pathlib import Path
from typing import Any

import pytest

from tools.deployment import templates
from tools.deployment.templates import TemplateError


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Table", {"Ref": "Table"}),
        ("!Sub 'x-${Stage}'", {"Fn::Sub": "x-${Stage}"}),
        ("!GetAtt Table.StreamArn", {"Fn::GetAtt": ["Table", "StreamArn"]}),
        ("!GetAtt [Table, Arn]", {"Fn::GetAtt": ["Table", "Arn"]}),
        ("!If [IsProd, !Ref A, 1]", {"Fn::If": ["IsProd", {"Ref": "A"}, 1]}),
        ("!Condition IsProd", {"Condition": "IsProd"}),
        ("!Transform {Name: X, Of: !Ref A}", {"Fn::Transform": {"Name": "X", "Of": {"Ref": "A"}}}),
    ],
)
def test_short_functions_are_read_in_their_long_form(
    tmp_path: Path, short: str, long: dict[str, Any]
) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(f"Value: {short}\n")

    assert templates.load(template) == {"Value": long}


def test_templates_are_composed_part_by_part() -> None:
    one = {"Description": "One", "Parameters": {"Stage": {}}, "Resources": {"A": {"Type": "X"}}}
    other = {
        "Description": "Other",
        "Parameters": {"Stage": {}},
        "Resources": {"B": {"Type": "Y"}},
        "Outputs": {"C": {}},
    }

    assert templates.compose(one, other) == {
        "Description": "One",
        "Parameters": {"Stage": {}},
        "Resources": {"A": {"Type": "X"}, "B": {"Type": "Y"}},
        "Outputs": {"C": {}},
    }


def test_templates_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(TemplateError, match="Resources has two different A"):
        templates.compose({"Resources": {"A": {"Type": "X"}}}, {"Resources": {"A": {"Type": "Y"}}})


def test_composing_changes_none_of_its_parts() -> None:
    one: dict[str, Any] = {"Resources": {"A": {}}}

    templates.compose(one, {"Resources": {"B": {}}})

    assert one == {"Resources": {"A": {}}}


POLICY = {
    "Statement": [
        {
            "Action": ["dynamodb:Query"],
            "Resource": ["${ContentTable.Arn}/index/by_id", "*"],
            "Condition": {"Bool": {"aws:SecureTransport": True}},
        }
    ]
}


def test_placeholders_are_left_to_cloudformation() -> None:
    (statement,) = templates.as_functions(POLICY)["Statement"]

    assert statement["Resource"] == [{"Fn::Sub": "${ContentTable.Arn}/index/by_id"}, "*"]
    assert statement["Action"] == ["dynamodb:Query"]


def test_placeholders_are_filled() -> None:
    (statement,) = templates.filled(POLICY, {"ContentTable.Arn": "arn:x"})["Statement"]

    assert statement["Resource"] == ["arn:x/index/by_id", "*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": True}}


def test_placeholder_without_a_value_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"\$\{ContentTable.Arn\}"):
        templates.filled(POLICY, {"DerivedTable.Arn": "arn:x"})
