"""The stacks: of the tables, for functions that Chalice deploys, and of everything."""

from typing import Final

from tools.deployment import templates
from tools.deployment.staging import ROOT
from tools.deployment.templates import Template

INFRA: Final = ROOT / "infra"


def tables() -> Template:
    """Give the template of the tables, the queue and the alarms; its parameter is `Stage`."""
    return _composed("tables.yaml", "watch.yaml")


def beside_chalice(stage: str) -> Template:
    """
    Give the template that is merged into Chalice's.

    Returns:
        Tables, alarms and what functions and API have besides, for one stage:
        its parameter `Stage` takes no other value, so that the stack cannot
        get one stage's code and another's names.
    """
    composed = _composed("tables.yaml", "watch.yaml", "stack.yaml")
    composed["Description"] = templates.load(INFRA / "stack.yaml")["Description"]
    composed["Parameters"]["Stage"] = {"Type": "String", "Default": stage, "AllowedValues": [stage]}
    return composed


def _composed(*names: str) -> Template:
    parts = [INFRA / name for name in names]
    # The alarms are a file of their own that the tables do without.
    return templates.compose(*(templates.load(part) for part in parts if part.exists()))
