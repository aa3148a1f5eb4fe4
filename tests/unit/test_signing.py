"""A seal opens for its purpose and in its one spelling; whatever else is sent opens nothing."""

import base64
from collections.abc import Callable

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chalicelib.guard import signing

PURPOSE = "manage"
OLD, NEW = "o" * 32, "n" * 32
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# The same examples in every run; no deadline, because a busy machine is no bug.
unhurried = settings(deadline=None, derandomize=True, database=None)
payloads = st.binary(max_size=48)
sixteen_bytes = st.binary(min_size=16, max_size=16)


def encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def opened(*texts: str) -> set[bytes | None]:
    return {signing.verify(PURPOSE, text) for text in texts}


@unhurried
@given(st.text(), payloads)
def test_a_seal_opens_for_its_purpose(purpose: str, payload: bytes) -> None:
    assert signing.verify(purpose, signing.sign(purpose, payload)) == payload


@unhurried
@given(st.text(), st.text(), payloads)
def test_a_seal_opens_for_no_other_purpose(made_for: str, used_for: str, payload: bytes) -> None:
    assume(made_for != used_for)

    assert signing.verify(used_for, signing.sign(made_for, payload)) is None


@unhurried
@given(payloads)
def test_no_bit_can_be_flipped(payload: bytes) -> None:
    sealed = decode(signing.sign(PURPOSE, payload))
    number = int.from_bytes(sealed, "big")
    forged = [
        encode((number ^ 1 << bit).to_bytes(len(sealed), "big")) for bit in range(8 * len(sealed))
    ]

    assert opened(*forged) == {None}


@unhurried
@given(payloads)
def test_no_bit_of_the_text_can_be_flipped(payload: bytes) -> None:
    text = signing.sign(PURPOSE, payload)
    forged = [
        text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :]
        for at in range(len(text))
        for bit in range(16)
    ]

    assert opened(*forged) == {None}


@unhurried
@given(payloads)
def test_no_part_opens(payload: bytes) -> None:
    text = signing.sign(PURPOSE, payload)
    parts = [part for cut in range(1, len(text) + 1) for part in (text[:-cut], text[cut:])]

    assert opened(*parts) == {None}


@unhurried
@given(payloads, st.text(min_size=1) | st.text(ALPHABET + "=", min_size=1, max_size=8))
def test_nothing_can_be_added(payload: bytes, more: str) -> None:
    text = signing.sign(PURPOSE, payload)

    assert opened(text + more, more + text) == {None}


@unhurried
@given(payloads, payloads, st.data())
def test_two_seals_do_not_make_a_third(first: bytes, second: bytes, data: st.DataObject) -> None:
    assume(first != second)
    one, other = decode(signing.sign(PURPOSE, first)), decode(signing.sign(PURPOSE, second))
    cut = data.draw(st.integers(1, 16))

    spliced = one[:-cut] + other[-cut:]
    assume(spliced not in {one, other})
    assert opened(encode(spliced), encode(first + other[-16:])) == {None}


# The last character of 17 and of 18 bytes holds four and two bits more than the bytes do.
@pytest.mark.parametrize("payload", [b"", b"1", b"12"])
def test_bits_that_are_left_over_have_one_spelling(payload: bytes) -> None:
    text = signing.sign(PURPOSE, payload)
    respelled = [text[:-1] + last for last in ALPHABET if last != text[-1]]

    assert opened(*respelled) == {None}


@pytest.mark.parametrize(
    "respell",
    [
        lambda text: text + "=" * (-len(text) % 4 or 4),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:5] + "\r\n" + text[5:],
        lambda text: text[:5] + "!" + text[5:],
        lambda text: text.replace("-", "+").replace("_", "/"),
        lambda text: "".join(chr(ord(character) + 0xFEE0) for character in text),
        lambda text: text.swapcase(),
    ],
)
def test_other_spellings_of_the_same_bytes_are_refused(respell: Callable[[str], str]) -> None:
    # Bytes that need every letter of the alphabet, so that each spelling differs.
    text = signing.sign(PURPOSE, decode(ALPHABET))

    assert opened(respell(text)) == {None}


@unhurried
@given(st.text() | st.text(ALPHABET))
def test_a_foreign_text_opens_nothing(text: str) -> None:
    assert opened(text) == {None}


@pytest.mark.parametrize("text", ["", "=", "a", "\ud800", "é", "\x00", "A" * 512, "A" * 1_000_000])
def test_a_hostile_text_opens_nothing(text: str) -> None:
    assert opened(text) == {None}


def test_the_longest_seal_has_512_characters() -> None:
    longest, longer = signing.sign(PURPOSE, bytes(368)), signing.sign(PURPOSE, bytes(369))

    assert (len(longest), opened(longest), opened(longer)) == (512, {bytes(368)}, {None})


def test_an_old_secret_still_opens(setting: Callable[..., None]) -> None:
    setting(SIGNING_SECRETS=OLD)
    text = signing.sign(PURPOSE, b"payload")

    setting(SIGNING_SECRETS=f"{NEW},{OLD}")

    assert opened(text) == {b"payload"}


def test_the_newest_secret_seals(setting: Callable[..., None]) -> None:
    setting(SIGNING_SECRETS=f"{NEW}, {OLD}")
    text = signing.sign(PURPOSE, b"payload")

    setting(SIGNING_SECRETS=NEW)

    assert opened(text) == {b"payload"}


def test_a_dropped_secret_opens_nothing(setting: Callable[..., None]) -> None:
    setting(SIGNING_SECRETS=OLD)
    text = signing.sign(PURPOSE, b"payload")

    setting(SIGNING_SECRETS=NEW)

    assert opened(text) == {None}


@unhurried
@given(st.text(), sixteen_bytes)
def test_a_mask_comes_off_as_it_went_on(nonce: str, value: bytes) -> None:
    assert signing.mask(PURPOSE, nonce, signing.mask(PURPOSE, nonce, value)) == value


@unhurried
@given(st.text(), st.text(), sixteen_bytes)
def test_a_mask_is_good_for_one_nonce_and_purpose(one: str, other: str, value: bytes) -> None:
    assume(one != other)
    masked = {
        signing.mask(PURPOSE, one, value),
        signing.mask(PURPOSE, other, value),
        signing.mask("elsewhere", one, value),
    }

    assert len(masked | {value}) == 4


def test_a_mask_outlives_the_signing_secrets(setting: Callable[..., None]) -> None:
    setting(SIGNING_SECRETS=OLD)
    masked = signing.mask(PURPOSE, "nonce", bytes(range(16)))

    setting(SIGNING_SECRETS=NEW)

    assert signing.mask(PURPOSE, "nonce", masked) == bytes(range(16))
