"""The fields of a submission: what each may hold, and how a refusal names what is wrong."""

import json
from typing import Any

import pytest

from app import app
from tests import builders
from tests.client import Api

REVIEWS = f"/articles/{builders.SLUG}/reviews"
ABSENT = object()
DOMAIN = ".".join(["d" * 60] * 3) + ".example"


@pytest.fixture
def door() -> Api:
    """A client of the app without tables: what is refused at the door needs none."""
    return Api(app)


def with_field(field: str, value: object) -> dict[str, Any]:
    """Give a submission with one field changed, or without it."""
    if value is ABSENT:
        return builders.without(builders.submission(), field)
    return builders.submission(**{field: value})


@pytest.mark.parametrize(
    ("field", "value", "code", "message"),
    [
        ("email", ABSENT, "email_required", "Please enter email address."),
        ("email", None, "email_required", "Please enter email address."),
        ("email", " \t", "email_required", "Please enter email address."),
        ("email", "no-at-sign.example", "email_invalid", "Please enter a valid email address."),
        ("email", 5, "email_invalid", "Please enter a valid email address."),
        ("name", ABSENT, "name_required", "Please enter your name."),
        ("name", None, "name_required", "Please enter your name."),
        ("name", "  ", "name_required", "Please enter your name."),
        ("message", ABSENT, "message_required", "Please enter a message."),
        ("message", "", "message_required", "Please enter a message."),
        ("message", " \r\n", "message_required", "Please enter a message."),
        ("rating", ABSENT, "rating_required", "Please rate this article."),
        ("rating", None, "rating_required", "Please rate this article."),
        ("rating", 0, "rating_out_of_range", "Please choose 1 to 5 stars."),
        ("rating", 6, "rating_out_of_range", "Please choose 1 to 5 stars."),
        ("rating", -1, "rating_out_of_range", "Please choose 1 to 5 stars."),
        ("rating", 10**400, "rating_out_of_range", "Please choose 1 to 5 stars."),
    ],
)
def test_a_field_that_breaks_a_rule_is_named_with_its_message(
    door: Api, field: str, value: object, code: str, message: str
) -> None:
    answer = door.post(REVIEWS, with_field(field, value))

    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.body["errors"] == [{"pointer": f"/{field}", "code": code, "message": message}]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("rating", "5", "rating_out_of_range"),
        ("rating", 5.0, "rating_out_of_range"),
        ("rating", True, "rating_out_of_range"),
        ("rating", [5], "rating_out_of_range"),
        ("name", 7, "name_invalid"),
        ("name", ["Grace"], "name_invalid"),
        ("message", {"text": "Kind."}, "message_invalid"),
        ("email", {"address": "x"}, "email_invalid"),
        ("captcha_token", 7, "captcha_token_invalid"),
        ("website", False, "website_invalid"),
    ],
)
def test_a_value_of_another_type_is_refused_and_not_converted(
    door: Api, field: str, value: object, code: str
) -> None:
    answer = door.post(REVIEWS, with_field(field, value))

    assert (answer.status, answer.codes) == (422, {f"/{field}": code})


def test_all_field_errors_come_at_once(door: Api) -> None:
    answer = door.post(REVIEWS, {"rating": 9, "captcha_token": 1})

    assert answer.status == 422
    assert answer.codes == {
        "/email": "email_required",
        "/name": "name_required",
        "/message": "message_required",
        "/rating": "rating_out_of_range",
        "/captcha_token": "captcha_token_invalid",
    }


def test_unknown_fields_are_refused_once_and_beside_the_other_errors(door: Api) -> None:
    answer = door.post(REVIEWS, builders.submission(rating=0, status="published", id="x"))

    assert answer.status == 422
    assert [error["code"] for error in answer.body["errors"]] == [
        "rating_out_of_range",
        "unknown_field",
    ]


def test_nothing_of_a_refused_submission_is_repeated(door: Api) -> None:
    answer = door.post(
        REVIEWS,
        {
            "name": "Marker-in-name\x00",
            "message": "Marker-in-message\u202e",
            "email": "marker-in-email@@example.com",
            "rating": "marker-in-rating",
            "marker-in-field": "marker-in-value",
            "/marker~in~pointer": 1,
        },
    )

    assert answer.status == 422
    assert "marker" not in (answer.text + json.dumps(answer.headers)).casefold()


@pytest.mark.parametrize(
    "email",
    [
        "plain.example",
        "@nobody.example",
        "two@at@example.com",
        "dots..in@example.com",
        "space in@example.com",
        "no-domain@",
        "no-dot@domain",
        "hyphen@-example.com",
        "line\nend@example.com",
        "comma,list@example.com,other@example.com",
        "Named Reader <named@example.com>",
        "l" * (255 - len(DOMAIN) - 1) + f"@{DOMAIN}",
    ],
)
def test_what_is_no_address_is_invalid(door: Api, email: str) -> None:
    answer = door.post(REVIEWS, builders.submission(email=email))

    assert (answer.status, answer.codes) == (422, {"/email": "email_invalid"})


@pytest.mark.parametrize(
    "email",
    [
        "plus+tag@example.com",
        "o'neill@example.com",
        "grüße@example.com",
        "reader@bücher.example",
        " padded@example.com ",
        "l" * (254 - len(DOMAIN) - 1) + f"@{DOMAIN}",
    ],
)
def test_unusual_addresses_are_taken(api: Api, published: str, email: str) -> None:
    assert api.post(REVIEWS, builders.submission(email=email)).status == 201


@pytest.mark.parametrize(
    ("field", "longest"),
    [
        ("name", "n" * 79 + "\U0001f989"),
        ("message", "m" * 4999 + "\u00fc"),
        ("message", "\U0001f989" * 4096),
        ("message", "\r\n".join(["m"] * 2500) + "!"),
    ],
    ids=["80-code-points", "5000-code-points", "16-KB", "CRLF-is-one"],
)
def test_texts_are_taken_up_to_their_limits(
    api: Api, published: str, field: str, longest: str
) -> None:
    answer = api.post(REVIEWS, builders.submission(**{field: longest}))

    assert answer.status == 201


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "n" * 81),
        ("message", "m" * 5001),
        ("message", "\U0001f989" * 4096 + "m"),
    ],
    ids=["81-code-points", "5001-code-points", "over-16-KB"],
)
def test_texts_beyond_their_limits_are_refused(door: Api, field: str, text: str) -> None:
    answer = door.post(REVIEWS, builders.submission(**{field: text}))

    assert (answer.status, answer.codes) == (422, {f"/{field}": f"{field}_too_long"})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("Zoe\u0308", "Zo\u00eb"),
        ("one\r\ntwo\n\tthree", "one\ntwo\n\tthree"),
        ("  padded \n", "padded"),
        ("e\u0301" * 5000, "\u00e9" * 5000),
        ("<b>&amp; \"quoted\" \\ 'it'</b>", "<b>&amp; \"quoted\" \\ 'it'</b>"),
        ("שלום, 世界, नमस्ते", "שלום, 世界, नमस्ते"),
        ("👩\u200d🚀 \ufe0f", "👩\u200d🚀 \ufe0f"),
    ],
    ids=["NFC", "CRLF", "padding", "NFC-before-limit", "markup", "scripts", "emoji"],
)
def test_a_message_is_kept_as_written_but_for_its_normal_form(
    api: Api, published: str, sent: str, kept: str
) -> None:
    answer = api.post(REVIEWS, builders.submission(message=sent))

    assert answer.body["message"] == kept
    assert api.get(REVIEWS).body["items"][0]["message"] == kept


CONTROLS = [
    *("\x00", "\x08", "\x0b", "\r", "\x1b", "\x7f", "\x85", "\ufdd0", "\uffff", "\U000e0041"),
    *("\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069"),
]


@pytest.mark.parametrize("field", ["name", "message"])
@pytest.mark.parametrize("character", CONTROLS, ids=lambda one: f"U+{ord(one):04X}")
def test_controls_and_characters_that_reorder_text_are_refused(
    door: Api, field: str, character: str
) -> None:
    answer = door.post(REVIEWS, builders.submission(**{field: f"left{character}right"}))

    assert (answer.status, answer.codes) == (422, {f"/{field}": f"{field}_invalid"})


@pytest.mark.parametrize("character", ["\n", "\t", "\r\n"])
def test_a_name_is_one_line(door: Api, character: str) -> None:
    answer = door.post(REVIEWS, builders.submission(name=f"Grace{character}Hopper"))

    assert answer.codes == {"/name": "name_invalid"}


@pytest.mark.parametrize(
    "invisible",
    ["\u00a0", "\u200b", "\u2063", "\ufeff", "\u115f", "\u3164", "\u2800", "\u00ad \u200d\ufe0f"],
)
@pytest.mark.parametrize("field", ["name", "message"])
def test_a_text_of_which_nothing_can_be_seen_is_missing(
    door: Api, field: str, invisible: str
) -> None:
    answer = door.post(REVIEWS, builders.submission(**{field: invisible}))

    assert answer.codes == {f"/{field}": f"{field}_required"}


@pytest.mark.parametrize("slug", ["No-Such-Slug", "a%20b", "a" * 81, "%2e%2e"])
def test_a_slug_that_no_article_can_have_is_not_found_without_a_call(door: Api, slug: str) -> None:
    answer = door.post(f"/articles/{slug}/reviews", builders.submission())

    assert (answer.status, answer.code) == (404, "article_not_found")


@pytest.mark.parametrize("name", ["Gra\u200bce", "Gra\u200dce", "\ufeffGrace", "Gr\u00adace"])
def test_a_name_that_holds_what_cannot_be_seen_is_refused(api: Api, name: str) -> None:
    answer = api.post(REVIEWS, builders.submission(name=name))

    assert answer.codes == {"/name": "name_invalid"}
