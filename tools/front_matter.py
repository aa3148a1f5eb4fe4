"""Reads articles from Markdown files with YAML front matter."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import frontmatter
import yaml
from frontmatter.default_handlers import YAMLHandler


class FrontMatterError(Exception):
    """A file cannot be read as an article. The message is one line for its author."""


def read(path: Path) -> dict[str, Any]:
    """
    Read one file.

    Returns:
        The body of a PUT, with the slug besides: the front matter's `slug`, or
        the file's name without its ending.

    Raises:
        FrontMatterError: The file is missing, no UTF-8, or its front matter is
            no YAML mapping of what JSON can hold.
    """
    try:
        post = frontmatter.loads(_text(path), handler=YAMLHandler())
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        msg = f"the front matter is not valid YAML{_line_of(error)}"
        raise FrontMatterError(msg) from error
    if not post.metadata:
        msg = "there is no front matter between two lines of ---"
        raise FrontMatterError(msg)
    fields = {"slug": path.stem, **post.metadata}
    try:
        article = {str(name): _as_json(value) for name, value in fields.items()}
        json.dumps(article, allow_nan=False)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        msg = "the front matter holds what JSON cannot: a set, bytes, NaN or a loop"
        raise FrontMatterError(msg) from error
    return {**article, "slug": str(article["slug"]), "body_markdown": post.content}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        msg = f"cannot be read: {error.strerror}"
        raise FrontMatterError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"is not UTF-8 (byte {error.start})"
        raise FrontMatterError(msg) from error


def _as_json(value: object) -> object:
    """Write a YAML date as the API takes it; YAML without a zone means UTC."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    if isinstance(value, dict):
        return {str(name): _as_json(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    return value


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 1})" if mark else ""
