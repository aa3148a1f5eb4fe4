"""
What a text may hold: slugs, tags and what people write.

Texts are stored as they were written but for Unicode's NFC and line ends;
escaping is the business of whoever shows them.
"""

import re
import unicodedata
from typing import Final

LONGEST_SLUG: Final = 80
LONGEST_TAG: Final = 40
SLUG: Final = re.compile(rf"[a-z0-9-]{{1,{LONGEST_SLUG}}}", re.ASCII)
TAG: Final = re.compile(rf"[a-z0-9-]{{1,{LONGEST_TAG}}}", re.ASCII)

# Controls but tab and newline, lone surrogates, noncharacters, and the
# characters that reorder the text around them (Trojan Source).
# www.unicode.org/reports/tr36 and www.unicode.org/reports/tr9
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_INVISIBLE: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff\u3164\u2800")


def normalise(text: str) -> str:
    r"""Give the text in NFC with `\n` line ends, without surrounding white space."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()


def is_clean(text: str, *, one_line: bool = False) -> bool:
    """
    Tell whether a text holds only characters that a page can show.

    Args:
        text: Any string, normalised.
        one_line: Whether tabs and line ends are refused too.
    """
    if one_line and ("\n" in text or "\t" in text):
        return False
    return _FORBIDDEN.search(text) is None


def is_blank(text: str) -> bool:
    """Tell whether nothing of the text can be seen."""
    return all(character.isspace() or character in _INVISIBLE for character in text)
