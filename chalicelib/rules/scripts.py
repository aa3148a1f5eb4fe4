"""
Names that pretend: look-alike letters of several scripts, and offices of the site.

Neither is refused, for an honest name may look so; an editor sees it first.

Source:
    Mixed scripts: www.unicode.org/reports/tr39/#Mixed_Script_Detection
    Names of characters, which begin with their script's: docs.python.org/3/library/unicodedata.html
"""

import re
import unicodedata
from typing import Final

_TOGETHER: Final = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""Scripts that one word may have together: Japanese, Chinese and Korean, as UTS 39 lists them."""
_RESERVED: Final = frozenset(
    {
        *("admin", "administrator", "author", "editor", "editors", "moderator", "official"),
        *("owner", "plaudit", "root", "staff", "support", "sysop", "system", "team", "webmaster"),
    }
)
_LOOK_ALIKES: Final = {
    "a": "аɑα@4",
    "b": "вьβ8",
    "c": "сϲ",
    "d": "ԁ",
    "e": "еєҽε3",
    "f": "ƒ",
    "g": "ɡԍ9",
    "h": "һ",
    "i": "іıιɩlӏ1|!",
    "k": "кκ",
    "m": "м",
    "n": "ոпη",
    "o": "оοσօ0",
    "p": "рρ",
    "r": "гᴦ",
    "s": "ѕꜱ5$",
    "t": "тτ7",
    "u": "υսц",
    "v": "ѵν",
    "w": "ѡω",
    "y": "уүγ",
}
"""
Letters of those words as other scripts and digits write them.

Source:
    www.unicode.org/Public/security/latest/confusables.txt, and what digits stand for
"""
_LETTERS: Final = str.maketrans(
    {other: letter for letter, others in _LOOK_ALIKES.items() for other in others}
)
_ALIASES: Final = {"IDEOGRAPHIC": "CJK", "MODIFIER": ""}
"""How names of characters begin that belong to a script of another name, or to any."""


def is_mixed_script(name: str) -> bool:
    """Tell whether a word of a name mixes scripts that no language writes together."""
    words = re.split(r"[\s\-]+", unicodedata.normalize("NFKC", name))
    return any(not _is_one_script(word) for word in words)


def is_reserved_name(name: str) -> bool:
    """Tell whether a name looks like one that only the site itself should have."""
    letters = re.sub(r"[\W_]+", "", _skeleton(name))
    return letters in _SKELETONS


def _is_one_script(word: str) -> bool:
    scripts = {_script(letter) for letter in word if letter.isalpha()} - {""}
    is_one = len(scripts) <= 1
    return is_one or any(scripts <= several for several in _TOGETHER)


def _script(letter: str) -> str:
    first = re.split("[ -]", unicodedata.name(letter, ""), maxsplit=1)[0]
    return _ALIASES.get(first, first)


def _skeleton(name: str) -> str:
    folded = unicodedata.normalize("NFKD", name).casefold().translate(_LETTERS)
    return "".join(one for one in folded if not unicodedata.combining(one))


_SKELETONS: Final = frozenset(_skeleton(word) for word in _RESERVED)
