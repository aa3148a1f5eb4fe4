"""Spam has reasons, and honest reviews in any language have none."""

import ipaddress
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.model import Block, Effect, Finding, Tally
from chalicelib.rules import spam
from chalicelib.rules.spam import Evidence, Words

LOVED = Tally(100, 480, (2, 2, 6, 10, 80))
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
    "ASP.NET, VB.NET and ADO.NET are compared with Node.js, fairly.",
    "Great.Top article.Top pictures.Online since 2010.Club of two.",
    "Muy bien.de verdad.de los mejores.me gusta.to be continued.",
    "Write to ada@example.com, grace@example.org or info@example.net, they answer.",
    "The archive has it: https://web.archive.org/web/2020/https://www.example.org/a",
    "He/she, and/or, 24/7, km/h, TCP/IP, n/a, 1/2/2026: all are explained.",
    "3.5/5… 4.0/5… 4.5/5… it got better — see §2.3, p.14, Fig.7.",
    "कहानी बहुत अच्छी है, पर अंत जल्दी आ गया।",
    "লেখাটি খুব ভালো লেগেছে, ধন্যবাদ।",
    "மிகவும் நல்ல கட்டுரை, நன்றி.",
    "Статья т.е. обзор, т.к. автор и т.д. — отлично! 4.5/5",
    "文章很好，请看 https://zh.wikipedia.org/wiki/望远镜。谢谢！",
    "Très bon article.com il faut, mais 2.0/5 pour les photos.",
    "Its price is $1.99/month, or 1.000,00 EUR/year; v1.2.3-rc.1 is free.",
    "Compare Booking.com with its peers; e.g. i.e. etc. a.m. p.m. U.S.A.",
    "\U0001f600" * 200,
    "!" * 5000,
    "a." * 2500,
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
    # Letters of scripts without spaces stand right beside a host.
    "访问spam.example看看": "blocked_domain",
    "请看spam.example。很好": "blocked_domain",
    "go to http://spam。example/": "blocked_domain",
    "go to http://sp%61m.example/": "blocked_domain",
    "_spam.example_ and -spam.example-": "blocked_domain",
    "see(spam.example)or«bücher.example»": "blocked_domain",
    "good.example...spam.example": "blocked_domain",
    "mail x@spam.example": "blocked_domain",
    "来casino玩": "blocked_word",
    "_casino_": "blocked_word",
    "ca\u034fsi\u3164no\ufe0f": "blocked_word",
    "cash-casino.": "blocked_word",
    "यह कैसीनो अच्छा है": "blocked_word",
    "(http://a.example),(http://b.example),http://c.example": "links",
    "http://a.example,http://b.example,http://c.example": "links",
    "http://a.examplehttp://b.examplehttp://c.example": "links",
    "ｈｔｔｐ://a.example ｗｗｗ.b.example ht\u200btp://c.example": "links",
    "看www.a.example看https://b.example看http://c.com看": "links",
    "访问cheap.com和cheap.net和cheap.org": "links",
    "bit.ly/a1 t.me/b2 wa.me/3 and more": "links",
    "Cheap.COM/x Cheap.Net/y Cheap.Org/z": "links",
    "bücher.com, bücher.net, bücher.org": "links",
}


def block(kind: str, value: str, effect: Effect = Effect.SPAM) -> Block:
    normal = value if kind == "reader" else spam.normalise_block(kind, value)
    return Block("1", kind, normal, effect, "", "ada", datetime(2026, 3, 14, tzinfo=UTC))


LIST = (
    *(block("word", word) for word in ("Casino", "blue pills", "press", "赌场", "คาสิโน", "कैसीनो")),
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
    "message",
    [
        "WordPress expresses what pressed me",
        "casinos, casin o, ca sino",
        "blue, then white pills",
        "कसना और कसीना",
        "notspam.example, spam.example.org, spam.examples",
        "spam .example, spam. example, spam,example",
        "100 赌 场",
    ],
)
def test_an_entry_hits_nothing_that_only_looks_like_it(message: str) -> None:
    assert reasons(message, evidence=LISTED) == []


def test_a_phrase_does_not_reach_from_the_name_into_the_message() -> None:
    assert reasons("Pills are no subject of this.", "Blue", LISTED) == []


@pytest.mark.parametrize(
    ("links", "found"),
    [(2, ()), (3, ("links",)), (10, ("links",)), (11, ("many_links",))],
)
def test_links_are_counted_whatever_stands_between(links: int, found: tuple[str, ...]) -> None:
    for between in (" ", "\n", ",", ")(", "看"):
        texts = [f"https://www.example.org/{n}.com/?q=a.net" for n in range(links)]
        assert tuple(reasons(between.join(texts))) == found


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("https://spam.example", "link_in_name"),
        ("Buy at pills.com", "link_in_name"),
        ("Grаce", "mixed_script_name"),
        ("Аdmin", "reserved_name"),
        ("Casino", "blocked_word"),
        ("spam.example", "blocked_domain"),
        ("ｗｗｗ.pills.example", "link_in_name"),
        ("t.me/pills", "link_in_name"),
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
        ("198.51.100.7 ", False),
        ("198.51.100.7/24", False),
        ("fe80::1%eth0", False),
        ("::198.51.100.7", False),
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
        (1, ()),
        (2, (Finding("repeated_text", Effect.HOLD),)),
        (3, (Finding("repeated_text", Effect.HOLD),)),
        (4, (Finding("repeated_text", Effect.SPAM),)),
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
    evidence = Evidence("", "", recent=(9, 0, 0, 0, 0), tally=LOVED)

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
        ("network", "2001::/16", "2001::/16"),
        ("network", "::ffff:198.51.100.7/120", "198.51.100.0/24"),
        ("network", "198.51.100.7/255.255.255.0", "198.51.100.0/24"),
        ("word", "_a-b_", "a b"),
        ("word", "कैसीनो", "कैसीनो"),
        ("word", "来casino", "来 casino"),
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
        ("network", "::ffff:0.0.0.0/96"),
        ("network", "::ffff:10.0.0.0/103"),
        ("network", ""),
        ("word", "\u200b\u3164"),
        ("domain", ""),
        ("domain", "spam.-x"),
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


def test_every_reason_is_in_the_manual_with_its_sentence() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "moderation.md").read_text()

    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", manual, re.MULTILINE))

    assert rows == spam.REASONS


def test_every_check_is_run() -> None:
    """What a check finds alone is found among the others."""
    words = Words("admin https://x.example", " ".join(f"https://a{n}.example" for n in range(3)), 1)
    evidence = Evidence("198.51.100.7", "BLOCKED", LIST, 3, (20, 0, 0, 0, 0), LOVED)

    alone = {finding for check in spam.CHECKS for finding in check(words, evidence)}

    assert {*spam.findings(words, evidence)} == alone
    assert len(alone) >= 5


def test_what_was_found_twice_is_found_once() -> None:
    entries = tuple(block("word", word) for word in ("casino", "pills"))

    found = spam.findings(Words("Grace", "casino pills casino", 3), Evidence("", "", entries))

    assert found == (Finding("blocked_word", Effect.SPAM),)


HOSTILE = [
    "a." * 2500,
    "a-" * 2500,
    "com." * 1250,
    "x.com-" * 833,
    "x.com@" * 833,
    "http://" * 714,
    "https://a" * 555,
    "www." * 1250,
    "[" * 5000,
    "。" * 5000,
    "%2e" * 1666,
    "\u0301" * 5000,
    "ﷺ" * 5000,
    "a\u0300\u0301" * 1666,
    "看a." * 1250,
    "看a" * 2500,
    "看" * 5000,
    "看a.com" * 700,
    ("x" * 62 + ".") * 79,
    "xn--" * 1250,
    "xn--a." * 833,
    "ß." * 2500,
]


@pytest.mark.parametrize("message", HOSTILE, ids=[ascii(one[:8]) for one in HOSTILE])
def test_no_text_takes_long(message: str) -> None:
    """With a thousand entries and the longest message; 0.1 s at the most on a quiet machine."""
    entries = tuple(block("word", f"word number {n}") for n in range(500))
    entries += tuple(block("domain", f"spam{n}.example") for n in range(500))
    words = Words(message[:80], message, 3)
    before = time.process_time()

    spam.findings(words, Evidence("198.51.100.7", "READER", entries))
    spam.repeat_key(message)

    assert time.process_time() - before < 0.5


SURE = Effect.SPAM
# The same examples in every run; no deadline, because a busy machine is no bug.
unhurried = settings(deadline=None, derandomize=True, database=None, max_examples=100)
evidences = st.builds(
    Evidence,
    st.sampled_from(["", "198.51.100.7", "nowhere"]),
    st.sampled_from(["READER", "BLOCKED"]),
    st.sampled_from([(), LIST]),
    st.integers(0, 9),
    st.tuples(*[st.integers(0, 50)] * 5),
)


@unhurried
@given(st.text(), st.text(), st.integers(0, 5), evidences)
def test_no_text_is_too_strange(name: str, message: str, rating: int, evidence: Evidence) -> None:
    for one in spam.findings(Words(name, message, rating), evidence):
        assert one.reason in spam.REASONS


@unhurried
@given(st.text(), st.lists(st.sampled_from(LIST)), st.sampled_from(LIST))
def test_one_more_entry_never_makes_it_milder(
    message: str, entries: list[Block], another: Block
) -> None:
    fewer = spam.findings(Words("G", message, 3), Evidence("", "", tuple(entries)))
    more = spam.findings(Words("G", message, 3), Evidence("", "", (*entries, another)))

    assert {*fewer} <= {*more}


@unhurried
@given(st.text(), evidences, st.integers(1, 20), st.sampled_from(LIST))
def test_more_evidence_never_makes_a_verdict_milder(
    message: str, evidence: Evidence, repeats: int, another: Block
) -> None:
    words = Words("Grace", message, 3)
    before = spam.findings(words, evidence)
    more = replace(evidence, repeats=evidence.repeats + repeats, blocks=(*evidence.blocks, another))

    after = spam.findings(words, more)

    assert {one.reason for one in before} <= {one.reason for one in after}
    assert (SURE in {one.effect for one in before}) <= (SURE in {one.effect for one in after})


@unhurried
@given(st.text())
def test_a_word_in_its_normal_form_has_that_form(value: str) -> None:
    try:
        normal = spam.normalise_block("word", value)
    except ValueError:
        return
    assert spam.normalise_block("word", normal) == normal


@unhurried
@given(st.text(min_size=2, max_size=80), st.sampled_from(["{}", "so {} it is", "({})", "\n{}!"]))
def test_a_word_that_is_blocked_is_found_wherever_it_stands(value: str, frame: str) -> None:
    try:
        entry = block("word", value)
    except ValueError:
        return
    assert reasons(frame.format(value), evidence=Evidence("", "", (entry,))).count("blocked_word")


@unhurried
@given(
    st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){1,4}\.[a-z]{2,9}", fullmatch=True), st.data()
)
def test_a_domain_stands_for_what_is_below_it_alone(host: str, data: st.DataObject) -> None:
    labels = host.split(".")
    above = ".".join(labels[data.draw(st.integers(0, len(labels) - 2)) :])

    def is_hit(value: str) -> bool:
        entry = Block("1", "domain", value, Effect.SPAM, "", "ada", datetime.now(UTC))
        return "blocked_domain" in reasons(f"See {host}.", evidence=Evidence("", "", (entry,)))

    assert is_hit(above)
    assert not is_hit(f"x.{host}")
    assert not is_hit(above[1:]) or f".{host}".endswith(f".{above[1:]}")


@unhurried
@given(st.ip_addresses(), st.ip_addresses(), st.integers(16, 32))
def test_a_network_matches_what_is_in_it_alone(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
    other: ipaddress.IPv4Address | ipaddress.IPv6Address,
    length: int,
) -> None:
    assume(getattr(address, "ipv4_mapped", None) is None)
    entry = block("network", f"{address}/{length}")
    network = ipaddress.ip_network(entry.value)
    place = getattr(other, "ipv4_mapped", None) or other

    def is_hit(text: str) -> bool:
        return reasons("Good.", evidence=Evidence(text, "", (entry,))) == ["blocked_network"]

    assert is_hit(str(address))
    assert is_hit(str(other)) == (place in network)
