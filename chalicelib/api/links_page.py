"""
The page that a link in a letter opens.

It takes the token from the fragment of its own address, asks what it stands for, shows that, and
does it when the button is pressed. Opening it does nothing, and a scanner of mail that runs its
script sees a button. Words of readers are put in as text and never as HTML. Nothing is loaded
from elsewhere; the policy names what stands here by its hash.
"""

import base64
import hashlib
from typing import Final

STYLE: Final = """
body { margin: 3rem auto; max-width: 36rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif;
  color: #222; background: #fff }
blockquote { margin: 1rem 0; padding: .5rem 1rem; border-left: .25rem solid #999;
  white-space: pre-wrap; overflow-wrap: anywhere }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
button { font: inherit; padding: .5rem 1.5rem }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 } }
"""

SCRIPT: Final = """
const token = location.hash.slice(1);
const place = (name) => document.getElementById(name);
const asks = {
  publish: "Publish this review?",
  reject: "Reject this review?",
  unsubscribe: "Get no more mail about your reviews?",
  export: "Show all that is held of your address?",
  erase: "Erase all that is held of your address? There is no way back.",
};
const says = {
  changed: "Done.",
  unchanged: "That was done already.",
  stale: "The review was changed since this link was made. Look at it in the queue.",
  gone: "The review is gone: its reader took it back.",
};
const erased = "Nothing is held of your address. Show the receipt of this link?";
const ended = "This link is not complete, or its time is over.";
const later = "That did not work just now. Try again in a moment.";

async function send(path, more = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, ...more }),
  });
  if (answer.ok) return answer.json();
  throw new Error(answer.status < 429 ? ended : later);
}

function show(about) {
  place("title").textContent = about.title ?? "";
  if (about.review) {
    const { name, rating, message } = about.review;
    place("who").textContent = `${name}, ${"★".repeat(rating)}${"☆".repeat(5 - rating)}`;
    place("words").textContent = message;
    place("review").hidden = false;
  }
  const isOpen = about.state === "open";
  const isErased = about.action === "erase" && !isOpen;
  place("said").textContent = isOpen ? asks[about.action] : says[about.state];
  if (isErased) place("said").textContent = erased;
  place("do").hidden = !isOpen && !isErased;
}

function complain(error) {
  place("said").textContent = error.message === ended ? ended : later;
  place("do").disabled = error.message === ended;
}

place("do").addEventListener("click", async () => {
  place("do").disabled = true;
  try {
    await follow();
    place("do").hidden = true;
  } catch (error) {
    place("do").disabled = false;
    complain(error);
  }
});
async function follow() {
  let done = await send("links");
  const items = done.held?.items ?? [];
  for (let page = done.held; page?.next_cursor; items.push(...page.items)) {
    page = (await send("links", { cursor: page.next_cursor })).held;
  }
  while (done.receipt && !done.receipt.is_complete) done = await send("links");
  if (done.held) return offer({ contact: done.held.contact, items });
  if (done.receipt) return acknowledge(done.receipt);
  place("said").textContent = says[done.result];
}

function offer(held) {
  const text = JSON.stringify(held, null, 2);
  place("file").href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  place("held").textContent = text;
  place("export").hidden = false;
  place("said").textContent = "This is all that is held of your address.";
}

function acknowledge(receipt) {
  const { id, erased_at, reviews, proposals, contact } = receipt;
  place("said").textContent = `Nothing is left. Erased at ${erased_at}: reviews ${reviews}, ` +
    `proposed changes ${proposals}, an address for mail ${contact ? 1 : 0}. Receipt: ${id}`;
}

addEventListener("hashchange", () => location.reload());
send("links/description").then(show).catch(complain);
"""

HTML: Final = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Plaudit</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1 id="title"></h1>
<section id="review" hidden>
<p id="who"></p>
<blockquote id="words"></blockquote>
</section>
<p id="said" role="status">One moment.</p>
<button id="do" type="button" hidden>Yes</button>
<section id="export" hidden>
<p><a id="file" download="reviews.json">Keep it as a file</a></p>
<pre id="held"></pre>
</section>
<noscript><p>This page needs JavaScript, so that nothing happens by opening it.</p></noscript>
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


POLICY: Final = (
    "default-src 'none'; "
    f"script-src 'sha256-{_hash(SCRIPT)}'; style-src 'sha256-{_hash(STYLE)}'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
