"""The one stack: what stands in it beside what Chalice makes."""

from typing import Final

from tools.deployment import templates
from tools.deployment.staging import ROOT
from tools.deployment.templates import Template

INFRA: Final = ROOT / "infra"


def beside_chalice(stage: str) -> Template:
    """
    Give the template that is merged into Chalice's.

    Returns:
        Tables, alarms and what functions and API have besides, for one stage:
        its parameter `Stage` takes no other value, so that the stack cannot
        get one stage's code and another's names.
    """
    parts = [INFRA / name for name in ("tables.yaml", "watch.yaml", "stack.yaml")]
    # The alarms are a file of their own that the tables do without.
    composed = templates.compose(*(templates.load(part) for part in parts if part.exists()))
    composed["Description"] = templates.load(INFRA / "stack.yaml")["Description"]
    composed["Parameters"]["Stage"] = {"Type": "String", "Default": stage, "AllowedValues": [stage]}
    return composed
