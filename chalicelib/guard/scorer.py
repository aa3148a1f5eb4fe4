"""
Says what speaks against a text: its form, its words, the editors' list, the article's history.

Everything that is found is a reason for whoever moderates. The rules themselves are in
`rules.spam`; Akismet is asked last, and only about what nothing else speaks against.
"""

from chalicelib.guard import akismet, forms, limits
from chalicelib.model import Block, Edit, Effect, Finding, Review, Submission
from chalicelib.rules import spam, windows
from chalicelib.rules.spam import Evidence, Words
from chalicelib.store.submissions import Known


def of_submission(
    submission: Submission, review: Review, known: Known | None
) -> tuple[Finding, ...]:
    """
    Judge a submission.

    Args:
        review: What it would be.
        known: What the tables say; None where nothing was asked.
    """
    words = Words(submission.name, submission.message, submission.rating)
    slugs = (review.slug, submission.form_slug)
    found = (
        *((Finding("honeypot", Effect.SPAM),) if submission.is_trapped else ()),
        *forms.find(submission.form_token, slugs, review.submitted_at),
        *spam.findings(words, _evidence(submission.address, review, known)),
    )
    if found:
        return found
    said = akismet.find(words, submission.email, submission.address, submission.user_agent)
    return (said,) if said else ()


def of_edit(edited: Edit, blocks: tuple[Block, ...]) -> tuple[Finding, ...]:
    """Judge the words of an edit. Only what changes is looked at."""
    fields = edited.fields
    words = Words(str(fields.get("name", "")), str(fields.get("message", "")), 0)
    return spam.findings(words, Evidence(edited.address, "", blocks=blocks))


def _evidence(address: str, review: Review, known: Known | None) -> Evidence:
    if known is None:
        return Evidence(address, review.reader)
    article = next(counter for counter in known.counters if limits.is_of_bursts(counter))
    return Evidence(
        address,
        review.reader,
        blocks=known.blocks,
        repeats=len({*known.articles} - {review.slug}),
        recent=windows.by_stars(article, int(review.submitted_at.timestamp())),
        tally=known.tally,
    )
