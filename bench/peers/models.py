"""The forms that the two frameworks check, as pydantic models."""

from pydantic import BaseModel, ConfigDict, Field


class Tally(BaseModel):
    """Sum of an article's reviews."""

    count: int
    total: int
    average: float
    histogram: dict[str, int]


class Article(BaseModel):
    """A text with its tally."""

    slug: str
    title: str
    description: str
    body_markdown: str
    body_html: str
    author: str
    tags: list[str]
    published_at: str
    updated_at: str
    revision: int
    tally: Tally


class Submission(BaseModel):
    """What a reader sends. The address is not checked, as Plaudit does."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    email: str = Field(max_length=254)
    message: str = Field(min_length=1, max_length=5000)
    rating: int = Field(ge=1, le=5)


class Review(BaseModel):
    """What was stored."""

    id: str
    name: str
    message: str
    rating: int
