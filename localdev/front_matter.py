"""Reads articles from Markdown files with YAML front matter."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import frontmatter
import yaml


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
            no YAML mapping.
    """
    try:
        post = frontmatter.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot be read: {type(error).__name__}"
        raise FrontMatterError(msg) from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        msg = f"the front matter is not valid YAML{_line_of(error)}"
        raise FrontMatterError(msg) from error
    if not post.metadata:
        msg = "there is no front matter between two lines of ---"
        raise FrontMatterError(msg)
    fields = {name: _as_json(value) for name, value in post.metadata.items()}
    return {"slug": path.stem, **fields, "body_markdown": post.content}


def _as_json(value: object) -> object:
    """Write a YAML date as the API takes it; YAML without a zone means UTC."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return value


def _line_of(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f" (line {mark.line + 2})" if mark else ""
