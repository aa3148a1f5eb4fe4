"""Spam has reasons, and honest reviews in any language have none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.model import Block, Effect, Finding, Tally
from chalicelib.rules import spam
from chalicelib.rules.spam import Evidence, Words

NOBODY = Evidence("203.0.113.77", "READER")
LONG = "Nobody would write these very sentences twice, on two articles that have nothing in common."

HONEST = [
    "Great article!",
    "3.5/5 stars from me, and i.e. e.g. a must-read... Really.",
    "Node.js and Vue.js are compared well; v2.0 is missing though.",
    "See https://en.wikipedia.org/wiki/Telescope for the history.",
    "I wrote about it on example.com and at www.example.org, read both!",
    "Mail me at grace@example.com if you want the data, the mean is 4.2.",
    "A+++ would read again!!! 10/10",
    "Nice 👩‍🚀🔭 piece ❤️",
    "C'est un très bel article, merci beaucoup !",
    "Der Aufsatz ist gut, die Zahlen (z.B. 3.141.592) stimmen.",
    "Muy buen artículo, aunque le faltan fuentes.",
    "Ottimo articolo, grazie mille.",
    "Очень интересная статья, спасибо автору.",
    "Πολύ καλό άρθρο, ευχαριστώ.",
    "とても良い記事でした。ありがとうございます。",
    "这篇文章写得很好,学到了很多。",
    "정말 좋은 글입니다. 감사합니다.",
    "مقالة رائعة جدا، شكرا لكم.",
    "מאמר מצוין, תודה רבה.",
    "बहुत अच्छा लेख है, धन्यवाद।",
    "บทความดีมาก ขอบคุณครับ",
    "Bài viết rất hay, cảm ơn tác giả.",
    "Çok güzel bir yazı olmuş, teşekkürler.",
    "Bardzo dobry artykuł, polecam.",
    "Fantastisk artikel, tack så mycket.",
    "Nagyon jó cikk, köszönöm.",
    "Skvělý článek, děkuji.",
    "Дуже гарна стаття, дякую.",
    "Très bon. Note : 4,5/5. J'ai lu les pages 1.2 à 3.4.",
    "The press loved it. I'd expressed doubts, but the WordPress part is right.",
    "Scunthorpe and Essex are mentioned twice.",
    "What a casino-royale of a plot!",
    "Too long.\n\nToo dull.\n\nToo many footnotes.",
    "I disagree: the author's 2nd point (cf. p.12) contradicts Fig.3.",
    "5 stars for the pictures, 1 star for the text.",
    "http is a protocol and www is a prefix; neither is a link.",
    "He said...she said...they.com-plained a lot.",
    "Version 1.2.3.4 of the file README.md and main.py are attached.",
    "10:30-11.45 on 14.03.2026 at the dome, bring coats.",
    "Read it twice; my e-mail is in the form. Best, G.",
    "Sehr gut! Mehr davon: https://de.wikipedia.org/wiki/Fernrohr (und www.example.org).",
    "ช่วยได้มาก 5/5",
]
SPAM = {
    "http://a.example http://b.example http://c.example": "links",
    "www.a.example, www.b.example and www.c.example": "links",
    "buy at cheap-pills.com cheap-pills.net cheap-pills.xyz": "links",
    "BEST-CASINO.COM BEST-CASINO.NET BEST-CASINO.ORG": "links",
    "https://a.example/1 https://a.example/2 https://a.example/3": "links",
    "(http://a.example)(http://b.example)(http://c.example)": "links",
    "<a href=\"http://a.example\">x</a> <a href='http://b.example'>y</a> http://c.example": "links",
    "[url=http://a.example]a[/url] [url=http://b.example]b[/url] www.c.example": "links",
    " ".join(f"https://spam{n}.example" for n in range(11)): "many_links",
    " ".join(f"spam{n}.ru" for n in range(12)): "many_links",
    "Win big at the Casino tonight": "blocked_word",
    "C A S I N O is fun, casino is not": "blocked_word",
    "ｃａｓｉｎｏ": "blocked_word",
    "CASINO": "blocked_word",
    "ca\u200dsino": "blocked_word",
    "cheap   Blue\nPills here": "blocked_word",
    "这个赌场很好": "blocked_word",
    "ไปคาสิโนกัน": "blocked_word",
    "go to spam.example now": "blocked_domain",
    "go to http://www.spam.example/path?x=1": "blocked_domain",
    "go to https://good.example@spam.example/": "blocked_domain",
    "go to SPAM.EXAMPLE.": "blocked_domain",
    "go to deep.down.spam.example:8080": "blocked_domain",
    "go to https://ｓｐａｍ.example": "blocked_domain",
    "go to https://bücher.example/": "blocked_domain",
    "go to https://xn--bcher-kva.example/": "blocked_domain",
}


def block(kind: str, value: str, effect: Effect = Effect.SPAM) -> Block:
    normal = value if kind == "reader" else spam.normalise_block(kind, value)
    return Block("1", kind, normal, effect, "", "ada", datetime(2026, 3, 14, tzinfo=UTC))


LIST = (
    *(block("word", word) for word in ("Casino", "blue pills", "press", "赌场", "คาสิโน")),
    *(block("domain", domain) for domain in ("spam.example", "bücher.example")),
    block("network", "198.51.100.0/24"),
    block("reader", "BLOCKED"),
)
LISTED = Evidence("203.0.113.77", "READER", blocks=LIST)


def reasons(message: str, name: str = "Grace", evidence: Evidence = NOBODY) -> list[str]:
    return [one.reason for one in spam.findings(Words(name, message, 3), evidence)]


@pytest.mark.parametrize("message", HONEST)
def test_an_honest_review_has_nothing_against_it(message: str) -> None:
    assert reasons(message) == []


@pytest.mark.parametrize(
    "message", [one for one in HONEST if "press loved" not in one and "casino" not in one]
)
def test_nor_by_a_list_of_words_that_it_only_contains(message: str) -> None:
    assert reasons(message, evidence=LISTED) == []


@pytest.mark.parametrize(("message", "reason"), SPAM.items())
def test_spam_has_a_reason(message: str, reason: str) -> None:
    assert reason in reasons(message, evidence=LISTED)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("https://spam.example", "link_in_name"),
        ("Buy at pills.com", "link_in_name"),
        ("Grаce", "mixed_script_name"),
        ("Аdmin", "reserved_name"),
        ("Casino", "blocked_word"),
        ("spam.example", "blocked_domain"),
    ],
)
def test_a_name_is_looked_at_too(name: str, reason: str) -> None:
    assert reason in reasons("Good.", name, LISTED)


@pytest.mark.parametrize(
    ("address", "is_hit"),
    [
        ("198.51.100.7", True),
        ("::ffff:198.51.100.7", True),
        ("198.51.101.7", False),
        ("2001:db8::1", False),
        ("", False),
        ("nowhere", False),
    ],
)
def test_a_network_is_compared_with_where_it_came_from(address: str, is_hit: bool) -> None:
    evidence = Evidence(address, "READER", blocks=LIST)

    assert reasons("Good.", evidence=evidence) == (["blocked_network"] if is_hit else [])


def test_a_reader_is_compared_as_a_whole() -> None:
    assert reasons("Good.", evidence=Evidence("", "BLOCKED", blocks=LIST)) == ["blocked_reader"]


@pytest.mark.parametrize(
    ("repeats", "found"),
    [
        (0, ()),
        (1, (Finding("repeated_text", Effect.HOLD),)),
        (2, (Finding("repeated_text", Effect.HOLD),)),
        (3, (Finding("repeated_text", Effect.SPAM),)),
    ],
)
def test_a_message_that_goes_round_is_held_and_then_spam(
    repeats: int, found: tuple[Finding, ...]
) -> None:
    assert spam.findings(Words("Grace", LONG, 3), Evidence("", "", repeats=repeats)) == found


def test_an_entry_decides_what_becomes_of_it() -> None:
    held = Evidence("", "", blocks=(block("word", "casino", Effect.HOLD),))

    assert spam.findings(Words("Grace", "casino", 3), held) == (
        Finding("blocked_word", Effect.HOLD),
    )


def test_a_burst_is_a_reason() -> None:
    tally = Tally(100, 480, (2, 2, 6, 10, 80))
    evidence = Evidence("", "", recent=(9, 0, 0, 0, 0), tally=tally)

    assert spam.findings(Words("Grace", "Bad.", 1), evidence) == (
        Finding("burst_low", Effect.HOLD),
    )
    assert spam.findings(Words("Grace", "Good.", 5), evidence) == ()


@pytest.mark.parametrize("message", ["Great article!", "👍" * 100, "a " * 59, ""])
def test_what_many_people_write_is_not_remembered(message: str) -> None:
    assert spam.repeat_key(message) is None


@pytest.mark.parametrize(
    "other",
    [LONG.upper(), f"  {LONG}!!!", LONG.replace(" ", "\n"), LONG.replace("w", "\u200dw")],
)
def test_a_message_is_known_in_other_clothes(other: str) -> None:
    assert spam.repeat_key(other) == spam.repeat_key(LONG)
    assert spam.repeat_key(f"{LONG} But this is new.") != spam.repeat_key(LONG)


@pytest.mark.parametrize(
    ("kind", "value", "normal"),
    [
        ("word", "  Blue   PILLS! ", "blue pills"),
        ("word", "ＣＡＳＩＮＯ", "casino"),
        ("word", "赌场", "赌场"),
        ("domain", "WWW.Spam.Example.", "spam.example"),
        ("domain", "bücher.example", "xn--bcher-kva.example"),
        ("network", "198.51.100.7/24", "198.51.100.0/24"),
        ("network", " 198.51.100.7 ", "198.51.100.7/32"),
        ("network", "2001:DB8::1/48", "2001:db8::/48"),
        ("network", "10.0.0.0/8", "10.0.0.0/8"),
    ],
)
def test_an_entry_has_one_form(kind: str, value: str, normal: str) -> None:
    assert spam.normalise_block(kind, value) == normal
    assert spam.normalise_block(kind, normal) == normal


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("word", ""),
        ("word", "x"),
        ("word", "!!!"),
        ("word", "w" * 81),
        ("domain", "spam"),
        ("domain", "https://spam.example"),
        ("domain", "spam.example/path"),
        ("domain", "-spam.example"),
        ("domain", "spam..example"),
        ("domain", "a b.example"),
        ("domain", f"{'d' * 64}.example"),
        ("domain", f"{'d.' * 130}example"),
        ("network", "somewhere"),
        ("network", "10.0.0.0/7"),
        ("network", "0.0.0.0/0"),
        ("network", "::/0"),
        ("network", "2001::/15"),
        ("network", "198.51.100.0/33"),
    ],
)
def test_an_entry_that_would_match_nothing_or_everybody_is_none(kind: str, value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - ipaddress words its own
        spam.normalise_block(kind, value)


def test_every_reason_that_is_given_is_explained() -> None:
    given = {
        one.reason
        for message in (*SPAM, "x")
        for name in ("https://spam.example", "Grаce", "admin")
        for one in spam.findings(
            Words(name, message, 1),
            Evidence("198.51.100.7", "BLOCKED", LIST, 1, (9, 0, 0, 0, 0)),
        )
    }

    assert given <= spam.REASONS.keys()


evidences = st.builds(
    Evidence,
    st.sampled_from(["", "198.51.100.7", "nowhere"]),
    st.sampled_from(["READER", "BLOCKED"]),
    st.sampled_from([(), LIST]),
    st.integers(0, 9),
    st.tuples(*[st.integers(0, 50)] * 5),
)


@settings(max_examples=300, deadline=None)
@given(st.text(), st.text(), st.integers(0, 5), evidences)
def test_no_text_is_too_strange(name: str, message: str, rating: int, evidence: Evidence) -> None:
    for one in spam.findings(Words(name, message, rating), evidence):
        assert one.reason in spam.REASONS


@settings(max_examples=200, deadline=None)
@given(st.text(), st.lists(st.sampled_from(LIST)), st.sampled_from(LIST))
def test_one_more_entry_never_makes_it_milder(
    message: str, entries: list[Block], another: Block
) -> None:
    fewer = spam.findings(Words("G", message, 3), Evidence("", "", tuple(entries)))
    more = spam.findings(Words("G", message, 3), Evidence("", "", (*entries, another)))

    assert {*fewer} <= {*more}
