"""A function and nothing else: what no framework can beat."""

import json
from typing import Any

import house  # beside it in the package


def handler(event: dict[str, Any], context: object) -> Any:
    """Answer GET and POST without a check that the others make."""
    del context
    slug = event["pathParameters"]["slug"]
    if event["httpMethod"] == "GET":
        return house.proxied(200, house.read(slug))
    sent = json.loads(event["body"])
    return house.proxied(201, house.store(slug, sent["name"], sent["message"], sent["rating"]))
