"""What the peers share: the read and the write, as Plaudit makes them."""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

from client import dynamodb  # beside it in the package

CONTENT = os.environ["CONTENT_TABLE"]
DERIVED = os.environ["DERIVED_TABLE"]
STARS = ("1", "2", "3", "4", "5")


def read(slug: str) -> dict[str, Any] | None:
    """Read an article, its tally and related articles in one BatchGetItem."""
    answer = dynamodb.batch_get_item(
        RequestItems={
            CONTENT: {"Keys": [{"pk": {"S": f"A#{slug}"}, "sk": {"S": "ARTICLE"}}]},
            DERIVED: {
                "Keys": [{"pk": {"S": f"T#{slug}"}, "sk": {"S": sk}} for sk in ("TALLY", "RELATED")]
            },
        }
    )
    found = answer["Responses"]
    if not found[CONTENT]:
        return None
    beside = {row["sk"]["S"]: row for row in found[DERIVED]}
    return _article(found[CONTENT][0], beside["TALLY"], beside["RELATED"])


def store(slug: str, name: str, message: str, rating: int) -> dict[str, Any]:
    """Store a review in the transaction that Plaudit makes, with as many attributes."""
    review_id, key, at = uuid.uuid4().hex[:26], uuid.uuid4().hex[:26], now()
    item: dict[str, Any] = {
        "pk": {"S": f"A#{slug}"},
        "sk": {"S": f"R#{key}"},
        "id": {"S": review_id},
        "revision": {"N": "1"},
        "status": {"S": "published"},
        "answered_status": {"S": "published"},
        "name": {"S": name},
        "message": {"S": message},
        "rating": {"N": str(rating)},
        "submitted_at": {"S": at},
        "changed_at": {"S": at},
        "reader": {"S": key},
        "fingerprint": {"S": key},
        "idempotency": {"S": ""},
        "listed_in": {"S": f"A#{slug}"},
        "rating_order": {"S": f"{rating}#{review_id}"},
    }
    gate: dict[str, Any] = {"pk": {"S": f"A#{slug}"}, "sk": {"S": "GATE"}}
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "ConditionCheck": {
                    "TableName": CONTENT,
                    "Key": gate,
                    "ConditionExpression": "attribute_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
            {
                "Put": {
                    "TableName": CONTENT,
                    "Item": item,
                    "ConditionExpression": "attribute_not_exists(pk)",
                    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                }
            },
        ],
        ClientRequestToken=str(uuid.uuid4()),
    )
    return {"id": review_id, "name": name, "message": message, "rating": rating}


def now() -> str:
    """Give the time in RFC 3339."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def proxied(status: int, body: object) -> dict[str, Any]:
    """Write API Gateway's form of an answer."""
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def _article(row: dict[str, Any], tally: dict[str, Any], related: dict[str, Any]) -> dict[str, Any]:
    count, total = int(tally["count"]["N"]), int(tally["total"]["N"])
    return {
        **_teaser(row),
        "body_markdown": row["body_markdown"]["S"],
        "body_html": row["body_html"]["S"],
        "updated_at": row["updated_at"]["S"],
        "revision": int(row["revision"]["N"]),
        "tally": {
            "count": count,
            "total": total,
            "average": round(total / count, 2),
            "histogram": {stars: int(tally[f"stars_{stars}"]["N"]) for stars in STARS},
        },
        "related": [_teaser(one["M"]) for one in related["articles"]["L"]],
    }


def _teaser(row: dict[str, Any]) -> dict[str, Any]:
    image = row.get("image")
    return {
        "slug": row["slug"]["S"],
        "title": row["title"]["S"],
        "description": row["description"]["S"],
        "image": image and {name: text["S"] for name, text in image["M"].items()},
        "author": row["author"]["S"],
        "tags": [tag["S"] for tag in row["tags"]["L"]],
        "published_at": row["published_at"]["S"],
    }
