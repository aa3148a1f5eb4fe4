"""`python -m tools.keys` on a stage's table: what it makes, shows and shuts."""

import hashlib
import re

import pytest

from chalicelib.model import SCOPES
from chalicelib.store import client, editor_keys
from localdev import tables
from tests.functional.conftest import Run
from tools import failures, keys
from tools.deployment import staging

TABLE = "plaudit-dev-content"


@pytest.fixture
def stage(run: Run) -> Run:
    """The command in an account that has the tables of `dev`."""
    tables.create("dev")
    return run


def create(stage: Run, name: str, *more: str) -> str:
    status, said, _ = stage(keys, "create", "dev", name, *more)
    assert status == keys.DONE
    (key,) = re.findall(r":  ([A-Za-z0-9_-]{43})$", said, re.MULTILINE)
    return str(key)


def test_a_key_is_shown_once_and_only_its_hash_is_stored(stage: Run) -> None:
    key = create(stage, "ada-2")

    (row,) = client.dynamodb().scan(TableName=TABLE)["Items"]
    assert row["pk"] == {"S": "KEYS"}
    assert row["sk"] == {"S": hashlib.sha256(key.encode()).hexdigest()}
    assert key not in str(row)
    assert key not in stage(keys, "list", "dev")[1]


def test_a_key_is_good_for_everything_unless_scopes_are_given(stage: Run) -> None:
    create(stage, "ada")
    create(stage, "bob", "--scopes", "moderate", "write")

    found = {one.name: one.scopes for one in editor_keys.every(TABLE)}

    assert found == {"ada": frozenset(SCOPES), "bob": frozenset({"write", "moderate"})}


def test_the_list_says_whose_keys_there_are_and_which_are_shut(stage: Run) -> None:
    keys_made = [create(stage, "ada"), create(stage, "bob", "--scopes", "privacy")]
    stage(keys, "revoke", "dev", "bob")

    _, said, _ = stage(keys, "list", "dev")

    heading, ada, bob = (line.split() for line in said.splitlines())
    assert heading == ["name", "scopes", "created", "revoked", "by", "SHA-256"]
    digests = [hashlib.sha256(key.encode()).hexdigest()[:8] for key in keys_made]
    assert (ada[:4], ada[5:]) == (["ada", *SCOPES], ["key", digests[0]])
    assert (bob[:2], bob[4:]) == (["bob", "privacy"], ["key", digests[1]])
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", at) for at in (ada[4], *bob[2:4]))


def test_a_revoked_key_stays_and_may_be_revoked_again(stage: Run) -> None:
    create(stage, "ada")

    said = [stage(keys, "revoke", "dev", "ada") for _ in range(2)]

    assert said[0] == said[1] == (keys.DONE, "The key of ada opens nothing from now on.\n", "")
    (ada,) = editor_keys.every(TABLE)
    assert ada.revoked_at is not None


@pytest.mark.parametrize("is_revoked", [False, True])
def test_no_two_keys_have_one_name(stage: Run, is_revoked: bool) -> None:
    create(stage, "ada")
    if is_revoked:
        stage(keys, "revoke", "dev", "ada")

    status, said, complaint = stage(keys, "create", "dev", "ada")

    assert (status, said) == (failures.MISUSED, "")
    assert "names are not used again" in complaint
    assert len(editor_keys.every(TABLE)) == 1


@pytest.mark.parametrize("name", ["mail", "reader", "retention", "schedule"])
def test_no_editor_goes_by_the_name_of_what_is_none(stage: Run, name: str) -> None:
    status, said, complaint = stage(keys, "create", "dev", name)

    assert (status, said) == (failures.MISUSED, "")
    assert name in complaint
    assert editor_keys.every(TABLE) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["revoke", "dev", "eve"], "there is no key of the name eve"),
        (["list", "nowhere"], "nowhere"),
    ],
)
def test_what_is_not_there_is_said(stage: Run, arguments: list[str], complaint: str) -> None:
    status, said, told = stage(keys, *arguments)

    assert (status, said, complaint in told) == (failures.MISUSED, "", True)


def test_a_stage_without_tables_is_said_in_one_line(run: Run) -> None:
    status, _, complaint = run(keys, "list", "dev")

    assert status == failures.UNREACHABLE
    assert complaint.count("\n") == 1


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> str:
    """An issuer that the stage `dev` names."""
    issuer = "https://id.example/pool"
    known = staging.settings("dev")
    told = known["stages"]["dev"]["environment_variables"]
    told |= {"OIDC_ISSUER": issuer, "OIDC_AUDIENCE": "desk"}
    monkeypatch.setattr(staging, "settings", lambda _: known)
    return issuer


def admit(stage: Run, name: str, *more: str) -> tuple[int, str, str]:
    return stage(keys, "create", "dev", name, "--subject", "ada-at-home", *more)


def test_who_signs_in_is_let_in_by_a_hash_and_has_no_key(stage: Run, provider: str) -> None:
    said = admit(stage, "ada", "--scopes", "write")

    assert said == (keys.DONE, f"ada (write) may sign in with {provider}\n", "")
    (row,) = client.dynamodb().scan(TableName=TABLE)["Items"]
    assert row["sk"] == {"S": editor_keys.person(provider, "ada-at-home")}
    assert "ada-at-home" not in str(row)
    _, listed, _ = stage(keys, "list", "dev")
    assert listed.splitlines()[1].split()[3:] == ["sign-in", row["sk"]["S"][5:13]]


def test_who_was_shut_out_is_let_in_again_by_the_same_name_alone(stage: Run, provider: str) -> None:
    admit(stage, "ada")
    twice = admit(stage, "ada")
    stage(keys, "revoke", "dev", "ada")
    by_another_name = admit(stage, "grace")
    with_a_key = stage(keys, "create", "dev", "ada")

    again = admit(stage, "ada", "--scopes", "moderate")

    refused = (twice, by_another_name, with_a_key)
    assert [status for status, _, _ in refused] == [failures.MISUSED] * 3
    assert "may sign in as ada" in twice[2]
    assert "was shut out as ada" in by_another_name[2]
    assert again[0] == keys.DONE
    (ada,) = editor_keys.every(TABLE)
    assert (ada.name, set(ada.scopes), ada.revoked_at) == ("ada", {"moderate"}, None)


def test_the_name_of_a_key_is_no_persons(stage: Run, provider: str) -> None:
    create(stage, "ada")

    status, _, complaint = admit(stage, "ada")

    assert (status, "not used again" in complaint) == (failures.MISUSED, True)


def test_nobody_signs_in_where_there_is_no_provider(stage: Run) -> None:
    status, said, complaint = admit(stage, "ada")

    assert (status, said, "OIDC_ISSUER" in complaint) == (failures.MISUSED, "", True)


@pytest.mark.parametrize("subject", ["", "a" * 256, "caf\u00e9", "a\nb"])
def test_a_subject_is_what_a_provider_can_say(stage: Run, provider: str, subject: str) -> None:
    with pytest.raises(SystemExit):
        stage(keys, "create", "dev", "ada", "--subject", subject)
