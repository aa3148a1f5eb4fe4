"""Markdown becomes HTML that does nothing but show text, whatever an editor pastes."""

from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.api.markdown import render

# The same examples in every run; no deadline, because a busy machine is no bug.
unhurried = settings(deadline=None, derandomize=True, database=None)

PLAIN: Final = {
    *("abbr", "blockquote", "br", "del", "em", "hr", "pre", "s", "strong", "h1", "h2", "h3", "h4"),
    *("h5", "h6", "li", "p", "ul", "table", "tbody", "thead", "tr"),
}
ALLOWED: Final = {
    "a": {"href", "title", "rel"},
    "img": {"src", "alt", "title"},
    "code": {"class"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}
RAW_HTML = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<iframe src="javascript:alert(1)"></iframe>',
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>@import 'https://evil.example/x.css';</style>",
    '<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
    "<form action=//evil.example><input name=q autofocus onfocus=alert(1)></form>",
    "<object data=x></object><embed src=x><base href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<details open ontoggle=alert(1)>x</details>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<scr<script>ipt>alert(1)</script>",
    "<p style='position:fixed;background:url(//evil.example)'>x</p>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
]
LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\\\nscript:alert(1)",
    "&#106;avascript:alert(1)",
    "&#x6A&#x61;vascript:alert(1)",
    "&Tab;javascript:alert(1)",
    "java&NewLine;script:alert(1)",
    "javascript&colon;alert(1)",
    "%6Aavascript:alert(1)",
    "\x01javascript:alert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg/onload=alert(1)>",
    "data:image/png;base64,iVBORw0KGgo=",
    "file:///etc/passwd",
    "blob:https://evil.example/1",
    "filesystem:https://evil.example/1",
    "feed:javascript:alert(1)",
    "ftp://evil.example/1",
    "magnet:?xt=1",
    'https://example.com/"onmouseover="alert(1)',
    "https://example.com/' onmouseover='alert(1)",
]
FORMS = ["[x]({})", "![x]({})", "[x](<{}>)", "<{}>", "[x][1]\n\n[1]: {}", '[x]({} "t")']
HOSTILE = [
    *RAW_HTML,
    *(form.format(link) for form in FORMS for link in LINKS),
    '[x](https://example.com "\\" onmouseover=\\"alert(1)")',
    '![x" onerror="alert(1)](https://example.com/a.png)',
    '```js onload=alert(1) "><script>\nx\n```',
    '``` "onmouseover="alert(1)\nx\n```',
    "| a |\n|:-:|\n| <script>alert(1)</script> |",
    "`<script>alert(1)</script>`",
    "**<b onclick=alert(1)>**",
    "[x](\n<javascript:alert(1)>)",
    "[<img src=x onerror=alert(1)>](https://example.com)",
    "<https://example.com/<script>>",
]


class Reader(HTMLParser):
    """Collects what a browser might act upon beyond the allow list."""

    def __init__(self) -> None:
        super().__init__()
        self.surprises: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Hold an element against the allow list."""
        for name, value in attrs:
            if name not in ALLOWED.get(tag, set()):
                self.surprises.append(f"{tag} {name}")
            if name in {"href", "src"} and not is_harmless(value or ""):
                self.surprises.append(f"{name}={value}")
            if name == "style" and (value or "").partition(":")[0] != "text-align":
                self.surprises.append(f"{name}={value}")
        if tag not in PLAIN | ALLOWED.keys():
            self.surprises.append(tag)

    def handle_comment(self, data: str) -> None:
        """Expect no comment, which a declaration is to a browser, too."""
        self.surprises.append(data)


def is_harmless(url: str) -> bool:
    # A browser ignores these in and around a scheme.
    bare = "".join(character for character in url if character > " ")
    return urlsplit(bare).scheme.lower() in {"", "http", "https", "mailto"}


def surprises(markdown: str) -> list[str]:
    reader = Reader()
    reader.feed(render(markdown))
    reader.close()
    return reader.surprises


@pytest.mark.parametrize("markdown", HOSTILE)
def test_hostile_markdown_does_nothing(markdown: str) -> None:
    assert surprises(markdown) == []


@unhurried
@given(st.lists(st.sampled_from([*HOSTILE, *"[](<>`*_~|\n\\\"'&;#!:- x"]), max_size=12))
def test_no_mixture_of_hostile_parts_does_anything(parts: list[str]) -> None:
    assert surprises("".join(parts)) == []


@pytest.mark.parametrize("html", RAW_HTML)
def test_html_in_the_source_is_shown_as_text(html: str) -> None:
    assert "<script" not in render(html).lower()
    assert "alert" not in html or "alert" in render(html)


def test_the_guard_would_see_what_gets_through() -> None:
    reader = Reader()

    reader.feed('<a href="java\nscript:x" onclick=x><p style="color:red"><script></script><!--x-->')

    assert reader.surprises == [
        "href=java\nscript:x",
        "a onclick",
        "p style",
        "style=color:red",
        "script",
        "x",
    ]


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("The dome *opens*.", "<p>The dome <em>opens</em>.</p>\n"),
        ("# One\n\n## Two", "<h1>One</h1>\n<h2>Two</h2>\n"),
        ("~~no~~ **yes**", "<p><s>no</s> <strong>yes</strong></p>\n"),
        ("```py\n1 < 2\n```", '<pre><code class="language-py">1 &lt; 2\n</code></pre>\n'),
        ("3. three", '<ol start="3">\n<li>three</li>\n</ol>\n'),
        (
            "[x](https://example.com/?a=1&b=2)",
            '<p><a href="https://example.com/?a=1&amp;b=2" rel="noopener noreferrer nofollow">x</a>'
            "</p>\n",
        ),
        (
            '![a dome](/dome.png "At night")',
            '<p><img src="/dome.png" alt="a dome" title="At night"></p>\n',
        ),
    ],
)
def test_markdown_becomes_html(markdown: str, html: str) -> None:
    assert render(markdown) == html


def test_a_table_keeps_its_alignment() -> None:
    html = render("| a | b |\n|:-:|--:|\n| 1 | 2 |")

    assert '<td style="text-align:center">1</td>' in html
    assert '<td style="text-align:right">2</td>' in html


@pytest.mark.parametrize("unit", ["[", "![", "> ", "*_", "<", "`", "- ", "|a", "[x](", "\\"])
def test_no_nesting_is_too_deep(unit: str) -> None:
    assert surprises(unit * 2_000) == []
