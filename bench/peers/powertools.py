"""Powertools for AWS Lambda: its resolver, which checks with pydantic."""

from typing import Any

import house  # beside it in the package
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from models import Article, Review, Submission

app = APIGatewayRestResolver(enable_validation=True)


@app.get("/articles/<slug>")
def get_article(slug: str) -> Article:
    """Give an article with its tally."""
    found = house.read(slug)
    if found is None:
        raise NotFoundError
    return Article(**found)


@app.post("/articles/<slug>/reviews")
def submit_review(slug: str, submission: Submission) -> tuple[Review, int]:
    """Store a review."""
    sent = submission
    return Review(**house.store(slug, sent.name, sent.message, sent.rating)), 201


def handler(event: dict[str, Any], context: Any) -> Any:
    """Answer an event of API Gateway."""
    return app.resolve(event, context)
