"""
Markdown to HTML that is safe to put into a page.

CommonMark with tables and strikethrough; HTML in the source is shown as text.
What comes out is cleaned again by an allow list, so that safety does not hang
on one library.
"""

from functools import cache
from typing import Final

import nh3
from markdown_it import MarkdownIt

_TAGS: Final = frozenset(
    {
        *("a", "abbr", "blockquote", "br", "code", "del", "em", "hr", "img", "pre", "s", "strong"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "ul"),
        *("table", "tbody", "td", "th", "thead", "tr"),
    }
)
_ATTRIBUTES: Final = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "code": {"class"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}
_SCHEMES: Final = {"http", "https", "mailto"}


def render(markdown: str) -> str:
    """Give the HTML of a text."""
    return nh3.clean(
        _parser().render(markdown),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        filter_style_properties={"text-align"},
        link_rel="noopener noreferrer nofollow",
    )


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
