"""The stacks: of the tables, for functions that Chalice deploys, and of everything."""

from typing import Any, Final

from tools.deployment import staging, templates
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
    composed["Resources"]["RestAPI"]["Properties"]["GatewayResponses"] = gateway_responses(stage)
    composed["Parameters"]["Stage"] = {"Type": "String", "Default": stage, "AllowedValues": [stage]}
    return composed


def gateway_responses(stage: str) -> dict[str, Any]:
    """
    Give what API Gateway answers by itself, by its names of the causes.

    It says the same to everybody, so it can let in one origin alone: the first of the
    stage's `CORS_ORIGINS`.
    """
    environment = staging.settings(stage)["stages"][stage]["environment_variables"]
    listed = environment.get("CORS_ORIGINS", "").split(",")
    origin = next(filter(None, map(str.strip, listed)), "")
    allowed = {"Access-Control-Allow-Origin": f"'{origin}'"} if origin else {}
    api = templates.load(INFRA / "stack.yaml")["Resources"]["RestAPI"]["Properties"]
    return {
        name: described
        | {"ResponseParameters": {"Headers": described["ResponseParameters"]["Headers"] | allowed}}
        for name, described in api["GatewayResponses"].items()
    }


def _composed(*names: str) -> Template:
    parts = [INFRA / name for name in names]
    # The alarms are a file of their own that the tables do without.
    return templates.compose(*(templates.load(part) for part in parts if part.exists()))
