"""FastAPI, with Mangum to make requests of events."""

import house  # beside it in the package
from fastapi import FastAPI, HTTPException
from mangum import Mangum
from models import Article, Review, Submission

app = FastAPI()


@app.get("/articles/{slug}")
def get_article(slug: str) -> Article:
    """Give an article with its tally."""
    found = house.read(slug)
    if found is None:
        raise HTTPException(404)
    return Article(**found)


@app.post("/articles/{slug}/reviews", status_code=201)
def submit_review(slug: str, submission: Submission) -> Review:
    """Store a review."""
    sent = submission
    return Review(**house.store(slug, sent.name, sent.message, sent.rating))


handler = Mangum(app, lifespan="off")
