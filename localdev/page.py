"""
The page at `/`, for people, in the stage `local` alone.

Nothing on it is written down twice: the routes come from the app's route
table, the articles and their tallies from the store. Its look is `page.html`.
"""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from html import escape
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any, Final

from chalice.app import Chalice, Request, Response

from chalicelib import settings
from chalicelib.api import http
from chalicelib.model import Tally, Teaser
from chalicelib.rules import ratings
from chalicelib.store import listings, related
from chalicelib.store.listings import Rated
from localdev import notices
from localdev.notices import Notice

_PAGE: Final = Path(__file__).with_name("page.html")
_HOST: Final = re.compile(
    r"(?:[a-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\])(?::[0-9]{1,5})?", re.IGNORECASE
)
_HOME: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_HIDDEN_KEY: Final = "$EDITOR_KEY"
_SHOWN: Final = 100
_LETTERS: Final = 20
_FIRST: Final = "first-light"
_HEADERS: Final[http.Headers] = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": http.NO_STORE,
    # The icon is a data: address, or browsers would ask for /favicon.ico.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}
_COUNTED: Final = {
    "publish_first": "A review shows up in the tally within a second.",
    "approve_first": "A review waits until an editor publishes it (<code>python -m tools.desk"
    " queue</code>), and shows up in the tally within a second of that.",
}
_WHO: Final = {None: "anyone", "editor": "editor", "reader": "its reader"}

_STEP = Template("<li><h3>$title</h3>\n<pre>$command</pre></li>")
_ARTICLE = Template(
    '<li class="article"><a href="/articles/$slug">$title</a>\n$tally\n'
    '<p class="quiet">$about</p>$related</li>'
)
_TALLY = Template(
    '<span class="tally"><span class="stars" style="--part: $part%" role="img"'
    ' aria-label="$average of 5 stars">★★★★★</span> <b>$average</b>'
    ' <a href="/articles/$slug/tally">tally</a> <a href="/articles/$slug/moderation">counts</a>'
    ' <a href="/articles/$slug/reviews">$reviews</a></span>'
)
_UNREVIEWED = Template(
    '<span class="tally quiet">no review yet <a href="/articles/$slug/moderation">counts</a></span>'
)
_RELATED = Template('\n<p class="quiet related">Related: $links</p>')
_NOTICE = Template(
    '<li><details><summary class="notice"><span>$about</span> '
    '<span class="who">$to</span></summary>\n<pre class="letter">$text</pre></details></li>'
)
_ROUTE = Template(
    '<li><details><summary><span class="method $method">$method</span> '
    '<code class="path">$path</code> <span class="does">$summary</span> '
    '<span class="who">$who</span></summary>\n'
    '<div class="contract"><p>$description</p><dl>$facts</dl></div></details></li>'
)


def register(app: Chalice, editor_key: str) -> None:
    """
    Put the page at `/`.

    Other websites may not read it, for it shows a key and letters: it is editors'. A foreign
    name that leads to this machine makes another site's page one of ours to the browser, so under
    such a name it shows none. It promises nothing, so it is not in the OpenAPI document.
    """

    def page(request: Request) -> Response:
        host = host_of(http.header(request, "Host"))
        if not _HOME.fullmatch(host):
            return Response(render(app, _HIDDEN_KEY, host, []), dict(_HEADERS), 200)
        folder = settings.current().notices_folder
        shown = notices.newest(folder, _LETTERS) if folder else []
        return Response(render(app, editor_key, host, shown), dict(_HEADERS), 200)

    def get_page() -> Response:
        request: Any = app.current_request
        return http.respond(request, page, {}, to_editors=True)

    app.route("/", methods=["GET", "HEAD"], content_types=[])(get_page)


def host_of(header: str | None) -> str:
    """Give the host that the page was asked at, `host:port`, if it is no more than that."""
    return header if header and _HOST.fullmatch(header) else "127.0.0.1:8000"


def render(app: Chalice, editor_key: str, host: str, letters: Sequence[Notice]) -> str:
    """
    Write the page.

    Args:
        app: With all blueprints registered.
        editor_key: Shown, and used in the lines to copy.
        host: `host:port`, for the lines to copy.
        letters: And messages to webhooks, to show.
    """
    listed = listings.list_newest(None, None, None, _SHOWN)
    base = f"http://{host}"
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        stage=escape(settings.current().stage),
        base=escape(base),
        moto=escape(version("moto")),
        number=f"{len(listed.items)}{'+' if listed.position else ''}",
        reviews=_reviews(sum(one.tally.count for one in listed.items)),
        key=escape(editor_key),
        counted=_COUNTED[settings.current().moderation],
        steps="\n".join(_steps(base, editor_key, listed.items)),
        articles=_articles(listed.items),
        notices=_notices(letters),
        routes="\n".join(_routes(app)),
    )


def commands(base: str, editor_key: str, slug: str) -> Iterator[tuple[str, str]]:
    """
    Give lines for a shell, each with what it does.

    Args:
        base: `http://127.0.0.1:8000`.
        slug: The article that is read and reviewed.
    """
    review = {
        "name": "Grace",
        "email": "grace@example.com",
        "rating": 5,
        "message": "Clear and kind.",
        "notify": True,
    }
    asked = settings.current().consent
    agreeing = f", and so agree: “{asked.text}”" if asked else ""
    review |= {"consent_revision": asked.revision} if asked else {}
    article = {"title": "Hello", "body_markdown": "My *first* article.", "status": "published"}
    yield "Read an article", _curl(f"{base}/articles/{slug}")
    yield f"Review it{agreeing}", _curl(f"{base}/articles/{slug}/reviews", review)
    yield "See its tally change", _curl(f"{base}/articles/{slug}/tally")
    if settings.current().mail_from is not None:
        asking = {"email": review["email"], "action": "export"}
        yield "Ask by mail what is held of you", _curl(f"{base}/readers/requests", asking)
    key = f"-H Authorization: Bearer {editor_key}"
    yield "Publish an article", _curl(f"{base}/articles/hello", article, "-X PUT", key)
    yield "List the best first", _curl(f"{base}/articles?sort=top")


def _curl(url: str, body: object = None, *options: str) -> str:
    if body is not None:
        options += ("-H Content-Type: application/json", f"-d {json.dumps(body)}")
    words = [["curl", "-s", url], *(option.split(" ", 1) for option in options)]
    return " \\\n  ".join(shlex.join(line) for line in words)


def _steps(base: str, editor_key: str, shown: Sequence[Rated]) -> Iterator[str]:
    slugs = [one.summary.slug for one in shown]
    slug = _FIRST if _FIRST in slugs or not slugs else slugs[0]
    for title, command in commands(base, editor_key, slug):
        yield _STEP.substitute(title=escape(title), command=escape(command))


def _articles(shown: Sequence[Rated]) -> str:
    if not shown:
        return "<p>There is none. Publish the first one with the line above.</p>"
    beside = related.read(one.summary.home for one in shown)
    items = "\n".join(_article(one, beside[one.summary.home].articles or ()) for one in shown)
    return f'<ul class="list">\n{items}\n</ul>'


def _article(one: Rated, beside: Sequence[Teaser]) -> str:
    summary = one.summary
    at = summary.published_at
    about = [summary.author, f"{at.day} {at:%B %Y}" if at else None, *summary.tags]
    return _ARTICLE.substitute(
        slug=escape(summary.slug),
        title=escape(summary.title),
        about=escape(" · ".join(filter(None, about))),
        tally=_tally(summary.slug, one.tally),
        related=_related(beside),
    )


def _related(shown: Sequence[Teaser]) -> str:
    links = ", ".join(
        f'<a href="/articles/{escape(one.slug)}">{escape(one.title)}</a>' for one in shown
    )
    return _RELATED.substitute(links=links) if links else ""


def _notices(shown: Sequence[Notice]) -> str:
    if not shown:
        return '<p class="quiet">Nobody has been told of anything yet. Review an article.</p>'
    items = "\n".join(
        _NOTICE.substitute(to=escape(one.to), about=escape(one.about), text=_linked(one.text))
        for one in shown
    )
    return f'<ul class="list">\n{items}\n</ul>'


def _linked(text: str) -> str:
    return re.sub(r"https?://[^\s<]+", r'<a href="\g<0>">\g<0></a>', escape(text))


def _tally(slug: str, tally: Tally) -> str:
    average = ratings.average(tally)
    if average is None:
        return _UNREVIEWED.substitute(slug=escape(slug))
    return _TALLY.substitute(
        slug=escape(slug),
        part=round(average * 20, 1),
        average=f"{average:.2f}",
        reviews=_reviews(tally.count),
    )


def _reviews(number: int) -> str:
    return "1 review" if number == 1 else f"{number} reviews"


def _routes(app: Chalice) -> Iterator[str]:
    from chalicelib.api import openapi  # noqa: PLC0415 - loads pydantic, which a start need not

    for path, method, view, contract in openapi.routes_of(app):
        if method != "HEAD":
            summary, _, description = (view.__doc__ or "").strip().partition("\n")
            problems = {(error.status, error.code) for error in openapi.problems_of(contract)}
            facts = {
                "Query": contract.query,
                "Takes": [contract.body] if contract.body else [],
                "Answers": [f"{contract.status} {contract.answer or ''}".strip()],
                "Problems": [f"{status} {code}" for status, code in sorted(problems)],
            }
            yield _ROUTE.substitute(
                method=method,
                path=escape(path).replace("/", "<wbr>/"),
                summary=marked(summary),
                description=marked(" ".join(description.split())),
                who=_WHO[contract.security],
                facts="".join(_fact(name, known) for name, known in facts.items() if known),
            )


def _fact(name: str, known: Sequence[str]) -> str:
    listed = ", ".join(f"<code>{escape(one)}</code>" for one in known)
    return f"<dt>{name}</dt><dd>{listed}</dd>"


def marked(text: str) -> str:
    """Escape a docstring, and write what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
