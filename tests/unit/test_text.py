"""What a text may hold, and that it is stored as it was written but for its spelling in Unicode."""

import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.rules import text

# The same examples in every run; no deadline, because a busy machine is no bug.
unhurried = settings(deadline=None, derandomize=True, database=None)
texts = st.text() | st.text(" \t\n\r\u0301e\u00e9\u0958\ufb2c\u1e9b\u0323\u200b")

SHOWABLE = [
    "Ада Лавлейс",
    "李白",
    "שלום",
    "سلام",
    "Zoë",
    "👩‍🚀🔭",
    "a\u200cb",
    "<b>&amp;</b>",
    "' OR 1=1 --",
    "~!@#$%^&*()",
    "x" * 10_000,
    "\U0001f3f4",
]
REFUSED = [
    *("\x00", "\x07", "\x08", "\x0b", "\x0c", "\r", "\x1b", "\x1f", "\x7f", "\x85", "\x9f"),
    *("\ud800", "\udbff", "\udc00", "\udfff"),
    *("\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0001fffe", "\U0010ffff"),
    *("\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069"),
    *("\U000e0001", "\U000e0041", "\U000e007f"),
]


@pytest.mark.parametrize("value", SHOWABLE)
def test_what_people_write_is_clean(value: str) -> None:
    assert text.is_clean(value, one_line=True) is True


@pytest.mark.parametrize("character", REFUSED, ids=ascii)
def test_what_no_page_can_show_is_refused(character: str) -> None:
    assert text.is_clean(f"fine{character}fine") is False


@pytest.mark.parametrize("character", ["\n", "\t"], ids=ascii)
def test_only_one_line_refuses_line_ends_and_tabs(character: str) -> None:
    value = f"two{character}parts"

    assert (text.is_clean(value), text.is_clean(value, one_line=True)) == (True, False)


@unhurried
@given(
    st.text(),
    st.characters(categories=["Cc", "Cs"], exclude_characters="\t\n")
    | st.integers(0, 33).map(lambda end: chr((end // 2 << 16) | 0xFFFE | end % 2)),
    st.text(),
)
def test_no_control_surrogate_or_noncharacter_is_clean(before: str, bad: str, after: str) -> None:
    assert text.is_clean(before + bad + after) is False


@unhurried
@given(texts)
def test_a_clean_text_is_normalised_once(value: str) -> None:
    assume("\r" not in value.replace("\r\n", "\n"))
    once = text.normalise(value)

    assert text.normalise(once) == once


@unhurried
@given(texts)
def test_a_normal_text_is_in_nfc_without_margins(value: str) -> None:
    normal = text.normalise(value)

    assert unicodedata.is_normalized("NFC", normal)
    assert normal == normal.strip()


@unhurried
@given(texts)
def test_nothing_but_the_spelling_changes(value: str) -> None:
    unix = value.replace("\r\n", "\n").strip()

    assert unicodedata.normalize("NFD", text.normalise(value)) == unicodedata.normalize("NFD", unix)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Zoe\u0308", "Zo\u00eb"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("  a  b \t\n", "a  b"),
        ("\u00a0x\u2003", "x"),
        ("ﬁne", "ﬁne"),
        ("", ""),
    ],
)
def test_a_text_is_stored_in_one_spelling(written: str, stored: str) -> None:
    assert text.normalise(written) == stored


@pytest.mark.parametrize(
    "value", ["", " ", "\t\n", "\u00a0", "\u200b\u200d", "\u2060\ufeff", "\u3164", "\u00ad \u2800"]
)
def test_what_cannot_be_seen_is_blank(value: str) -> None:
    assert text.is_blank(value) is True


@pytest.mark.parametrize("value", ["a", ".", "\u200ba", "0", "👩‍🚀"])
def test_what_can_be_seen_is_not_blank(value: str) -> None:
    assert text.is_blank(value) is False


@pytest.mark.parametrize("slug", ["a", "0", "-", "first-light", "x" * 80])
def test_a_slug_has_1_to_80_of_its_characters(slug: str) -> None:
    assert text.SLUG.fullmatch(slug) is not None


@pytest.mark.parametrize(
    "slug",
    [
        "",
        "x" * 81,
        "First",
        "a_b",
        "a b",
        "a/b",
        "é",
        "a\n",
        "\u0131",
        "\u212a",
        "٣",
        "a%2Db",
        "a.",
    ],
)
def test_nothing_else_is_a_slug_or_a_tag(slug: str) -> None:
    assert (text.SLUG.fullmatch(slug), text.TAG.fullmatch(slug)) == (None, None)


@pytest.mark.parametrize(("length", "is_tag"), [(1, True), (40, True), (41, False)])
def test_a_tag_has_1_to_40_characters(length: int, *, is_tag: bool) -> None:
    assert (text.TAG.fullmatch("t" * length) is not None) is is_tag


@pytest.mark.parametrize(
    ("review_id", "is_ulid"),
    [
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", True),
        ("01ARZ3NDEKTSV4RRFFQ69G5FA", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAVV", False),
        ("01arz3ndektsv4rrffq69g5fav", False),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAU", False),
        ("~", False),
        ("", False),
    ],
)
def test_an_id_is_a_ulid(review_id: str, *, is_ulid: bool) -> None:
    assert (text.ULID.fullmatch(review_id) is not None) is is_ulid


@pytest.mark.parametrize(
    "written",
    [
        "Nguyễn Thị Hương".encode().decode(),
        "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים",  # points and accents
        "بِسْمِ ٱللَّهِ ٱلرَّحْمَٰنِ",
        "བོད་ཡིག་གི་སྐྱེས་རབས",
        "น้ำใจที่ดี",
        "क्षत्रिय श्री",
        "Z̧̈",
        "e" + "\u0301" * text.MOST_MARKS,
    ],
)
def test_marks_that_scripts_need_are_clean(written: str) -> None:
    assert text.is_clean(unicodedata.normalize("NFD", written))


@pytest.mark.parametrize("mark", ["\u0301", "\u0488", "\u20dd", "\u0324"])
def test_a_heap_of_marks_is_not_clean(mark: str) -> None:
    assert not text.is_clean("Grace" + mark * (text.MOST_MARKS + 2))


@pytest.mark.parametrize(
    "name",
    ["Grace", "علی\u200cرضا", "क्\u200dष", "ශ්\u200dරී", "👩\u200d🚀", "❤\ufe0f\u200d🔥", "李小龍"],
)
def test_a_name_keeps_the_joiners_that_it_needs(name: str) -> None:
    assert text.is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Gra\u200bce",
        "Gra\u200dce",
        "Gra\u200cce",
        "\u200dGrace",
        "Gr\u00adace",
        "Grace\u2060",
        "\ufeffGrace",
        "Gra\u034fce",
        "Grace\u3164",
    ],
)
def test_a_name_hides_nothing(name: str) -> None:
    assert not text.is_name(name)
