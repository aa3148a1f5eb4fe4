"""Markdown files with YAML front matter."""

from pathlib import Path

import pytest

from tools.front_matter import FrontMatterError, read

NONE = "there is no front matter between two lines of ---"
NO_JSON = "the front matter holds what JSON cannot: a set, bytes, NaN or a loop"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "first-light.md"


def test_fields_and_text_become_the_body_of_a_put(path: Path) -> None:
    path.write_text(
        "---\n"
        'title: "A question: and a quote"\n'
        "published_at: 2024-03-13T00:00:00Z\n"
        "image:\n"
        "  url: https://example.com/a.jpg\n"
        '  alt: ""\n'
        "  credit: Image created by AI\n"
        "tags: [artificial-intelligence, open-source]\n"
        "---\n"
        "\n"
        "One — two.\n\nThree.\n",
        encoding="utf-8",
    )

    article = read(path)

    assert article == {
        "slug": "first-light",
        "title": "A question: and a quote",
        "published_at": "2024-03-13T00:00:00Z",
        "image": {
            "url": "https://example.com/a.jpg",
            "alt": "",
            "credit": "Image created by AI",
        },
        "tags": ["artificial-intelligence", "open-source"],
        "body_markdown": "One — two.\n\nThree.",
    }


@pytest.mark.parametrize(
    ("written", "slug"), [("slug: other-name", "other-name"), ("slug: 7", "7")]
)
def test_a_slug_of_its_own_goes_before_the_files_name(path: Path, written: str, slug: str) -> None:
    path.write_text(f"---\n{written}\n---\nText")

    assert read(path)["slug"] == slug


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2024-03-13T00:00:00Z", "2024-03-13T00:00:00Z"),
        ("2024-03-13T09:30:00+09:00", "2024-03-13T00:30:00Z"),
        ("2024-03-13 09:30:00", "2024-03-13T09:30:00Z"),
        ("2024-03-13", "2024-03-13T00:00:00Z"),
        ('"tomorrow"', "tomorrow"),
    ],
)
def test_a_time_is_written_as_the_api_takes_it(path: Path, written: str, time: str) -> None:
    path.write_text(f"---\npublished_at: {written}\n---\nText")

    assert read(path)["published_at"] == time


@pytest.mark.parametrize("beginning", ["\ufeff", "\n\n", ""])
def test_line_ends_and_a_byte_order_mark_do_not_matter(path: Path, beginning: str) -> None:
    path.write_bytes(f"{beginning}---\r\ntitle: A\r\n---\r\nOne\r\ntwo".encode())

    article = read(path)

    assert article == {"slug": "first-light", "title": "A", "body_markdown": "One\ntwo"}


def test_a_line_inside_the_text_is_text(path: Path) -> None:
    path.write_text("---\ntitle: A\n---\nOne\n\n---\n\nTwo\n")

    assert read(path)["body_markdown"] == "One\n\n---\n\nTwo"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Only text", NONE),
        ("---\ntitle: A\n", NONE),
        ("---\n---\nText", NONE),
        ("---\n- a list\n---\nText", NONE),
        ('{\n"title": "A"\n}\n\nText', NONE),
        ("---\ntitle: A\ntags: [\n---\nText", "the front matter is not valid YAML (line 4)"),
        ("---\ntitle: a: b\n---\nText", "the front matter is not valid YAML (line 2)"),
        ("---\nat: 2024-13-45\n---\nText", "the front matter is not valid YAML"),
        ("---\nat: !!python/object:os.x {}\n---\n", "the front matter is not valid YAML (line 2)"),
        ("---\na: .nan\n---\n", NO_JSON),
        ("---\na: !!set {b}\n---\n", NO_JSON),
        ("---\na: !!binary aGk=\n---\n", NO_JSON),
        ("---\na: &a [*a]\n---\n", NO_JSON),
        ("---\na: 0001-01-01T00:00:00+09:00\n---\n", NO_JSON),
    ],
)
def test_what_is_wrong_is_said_in_one_line(path: Path, text: str, message: str) -> None:
    path.write_text(text)

    with pytest.raises(FrontMatterError) as raised:
        read(path)

    assert str(raised.value) == message


def test_a_file_that_is_not_there_is_named_by_its_reason(path: Path) -> None:
    with pytest.raises(FrontMatterError, match=r"^cannot be read: No such file or directory$"):
        read(path)


def test_another_encoding_is_named_by_its_place(path: Path) -> None:
    path.write_bytes("---\ntitle: Café\n---\nText".encode("latin-1"))

    with pytest.raises(FrontMatterError, match=r"^is not UTF-8 \(byte 14\)$"):
        read(path)
