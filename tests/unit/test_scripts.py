"""Names that pretend are seen; names of people everywhere are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.rules import scripts


@pytest.mark.parametrize(
    "name",
    [
        "Grace",
        "O'Brien",
        "Anne-Marie",
        "Анна Smith",
        "Anna-Мария",
        "Νίκος",
        "Владимир",
        "山田太郎",
        "山田タロウ",
        "山田ひろし",
        "Tシャツ",
        "スーパーマン",
        "佐々木",
        "ㄅㄆ漢字",
        "김철수",
        "K팝",
        "محمد",
        "अमित",
        "สมชาย",
        "Nguyễn Thị Hương",
        "Ｇｒａｃｅ",
        "R2D2",
        "42",
        "",
        "☃",
        "Kʰan",
    ],
)
def test_names_of_people_are_no_mixture(name: str) -> None:
    assert not scripts.is_mixed_script(name)


@pytest.mark.parametrize(
    "name",
    [
        "Grаce",  # Cyrillic а
        "Νick",  # Greek Ν
        "раypal",
        "Ѕmith",
        "Alعلي",
        "한дом",
        "ひらд",
        "Ann Smіth",  # Cyrillic і in the second word
        "ｇrаce",
    ],
)
def test_look_alikes_are_a_mixture(name: str) -> None:
    assert scripts.is_mixed_script(name)


@pytest.mark.parametrize(
    "name",
    [
        "admin",
        "Admin",
        "A d m i n",
        "-= EDITOR =-",
        "ｅｄｉｔｏｒ",
        "Аdmin",
        "аԁmіn",
        "4dm1n",
        "Édítor",
        "Mοderator",
        "Plaudit",
        "$upp0rt",
        "S.t.a.f.f",
    ],
)
def test_an_office_is_seen_through_its_disguise(name: str) -> None:
    assert scripts.is_reserved_name(name)


@pytest.mark.parametrize(
    "name", ["Adam", "Edith", "Stafford", "Administrator of nothing", "Редактор", "Ada", ""]
)
def test_a_person_is_no_office(name: str) -> None:
    assert not scripts.is_reserved_name(name)


@given(st.text())
def test_no_name_is_too_strange(name: str) -> None:
    assert scripts.is_mixed_script(name) in {True, False}
    assert scripts.is_reserved_name(name) in {True, False}
