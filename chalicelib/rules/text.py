"""
What a text may hold: slugs, tags, ids and what people write.

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
ULID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}", re.ASCII)

_PLANE_ENDS: Final = "".join(
    chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17)
)
# Controls but tab and newline, lone surrogates, noncharacters, and the
# characters that reorder the text around them (Trojan Source).
# www.unicode.org/reports/tr36 and www.unicode.org/reports/tr9
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\U000e0000-\U000e007f" + _PLANE_ENDS + "]"
)
IGNORABLE: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""
What may stand in a word unseen, as a class of a pattern: Default_Ignorable_Code_Point and
annotations.

Source:
    www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
"""
# With white space and the empty Braille cell.
_INVISIBLE: Final = re.compile(rf"[\s\u2800{IGNORABLE}]*")

MOST_MARKS: Final = 8
"""
Marks above and below one letter. Hebrew with all its points and accents has five, Tibetan,
Thai and Vietnamese fewer; more is there to run over the lines around it.
"""
# What takes no room and says nothing: a name with it looks like another name.
_WEIGHTLESS: Final = re.compile(
    r"[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
)
# Joiners shape letters of Arabic, Indic and neighbouring scripts, and pictures of several people;
# elsewhere they are weightless too. www.rfc-editor.org/rfc/rfc5892#appendix-A
_STRAY_JOINER: Final = re.compile(
    r"(?<![\u0600-\u1cff\ufb50-\ufdff\ufe70-\ufefc\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])[\u200c\u200d]"
)


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
    return _FORBIDDEN.search(text) is None and not _is_overloaded(text)


def is_name(text: str) -> bool:
    """Tell whether a clean line shows everything that it holds, as a name should."""
    return _WEIGHTLESS.search(text) is None and _STRAY_JOINER.search(text) is None


def is_blank(text: str) -> bool:
    """Tell whether nothing of the text can be seen."""
    return _INVISIBLE.fullmatch(text) is not None


def _is_overloaded(text: str) -> bool:
    """Tell whether more marks are on one letter than any script puts there."""
    if text.isascii():
        return False
    marks = 0
    for letter in unicodedata.normalize("NFC", text):
        marks = marks + 1 if unicodedata.category(letter) in {"Mn", "Me"} else 0
        if marks > MOST_MARKS:
            return True
    return False
