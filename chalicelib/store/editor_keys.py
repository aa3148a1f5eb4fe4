"""
Editors' keys, in one partition of content, by the SHA-256 of each; and who signs in without one.

    find                 GetItem, consistent           1 round trip, 1 read unit
    every                Query                         1
    create, admit        Query, PutItem on condition   2
    revoke               Query, UpdateItem             2

The function reads, `tools.keys` writes; hence a table is named where another stage's may be meant.
A key that was revoked stays: the ledgers name it, and nobody else may have its name.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

from chalicelib import settings
from chalicelib.model import SCOPES, from_rfc3339, rfc3339
from chalicelib.store import attributes, client, keys
from chalicelib.store.attributes import Item


class EditorKey(NamedTuple):
    """
    What is known of a key, or of a person who signs in.

    Attributes:
        digest: As `digest_of` or `person` gives it.
        name: Whose it is.
        scopes: Some of `SCOPES`.
        revoked_at: None while it opens.
    """

    digest: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def is_person(self) -> bool:
        """Whether it is somebody who signs in, and no key."""
        return self.digest.startswith(_PERSON)


_PERSON: Final = "OIDC#"
_IS_NEW: Final = "attribute_not_exists(pk)"


def digest_of(key: str) -> str:
    """Give what is stored of a key, whatever was sent as one: its SHA-256, hex."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def person(issuer: str, subject: str) -> str:
    """
    Give what stands in a key's place for a person, which no key has for its digest.

    Args:
        issuer: Of the provider, which has no line end.
        subject: Who it is there.
    """
    return _PERSON + digest_of(f"{issuer}\n{subject}")


def find(digest: str) -> EditorKey | None:
    """
    Read a key, as it is at this moment.

    Args:
        digest: As `EditorKey` has it.

    Returns:
        None where there is none; a revoked one too is given.

    Raises:
        UnavailableError: The table could not be read.
    """
    found = client.get(settings.current().content_table, keys.editor_key(digest), consistent=True)
    return None if found is None else _read(found)


def every(table: str) -> list[EditorKey]:
    """
    Give all keys of a content table, the oldest first.

    Raises:
        UnavailableError: The table could not be read.
    """
    rows = client.read_all(
        "query",
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=attributes.pack({":pk": keys.EDITORS}),
        ConsistentRead=True,
    )
    return sorted(map(_read, rows), key=lambda one: (one.created_at, one.name))


def create(table: str, key: EditorKey) -> None:
    """
    Store a new key.

    Raises:
        ConditionFailedError: It is there already.
        UnavailableError: It may be stored.
    """
    put = {"TableName": table, "Item": row(key), "ConditionExpression": _IS_NEW}
    client.write({"Put": put})


def admit(table: str, person: EditorKey) -> None:
    """
    Store who may sign in, or let somebody in again who was shut out.

    Raises:
        ConditionFailedError: They may sign in already, or have another name.
        UnavailableError: It may be stored.
    """
    put = {
        "TableName": table,
        "Item": row(person),
        "ConditionExpression": f"{_IS_NEW} OR attribute_exists(revoked_at) AND #name = :name",
        "ExpressionAttributeNames": {"#name": "name"},
        "ExpressionAttributeValues": attributes.pack({":name": person.name}),
    }
    client.write({"Put": put})


def revoke(table: str, revoked: Iterable[EditorKey], at: datetime) -> None:
    """
    Shut keys, from the next request on.

    Raises:
        UnavailableError: Some may be shut; a repetition is harmless.
    """
    for key in revoked:
        update = {
            "TableName": table,
            "Key": keys.editor_key(key.digest),
            "UpdateExpression": "SET revoked_at = if_not_exists(revoked_at, :at)",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": attributes.pack({":at": rfc3339(at)}),
        }
        client.write({"Update": update})


def row(key: EditorKey) -> Item:
    """Write the row of a key that is not revoked."""
    plain = {
        "name": key.name,
        "scopes": [scope for scope in SCOPES if scope in key.scopes],
        "created_at": rfc3339(key.created_at),
    }
    return keys.editor_key(key.digest) | attributes.pack(plain)


def _read(found: Item) -> EditorKey:
    plain = attributes.unpack(found)
    revoked_at = plain.get("revoked_at")
    return EditorKey(
        digest=plain["sk"],
        name=plain["name"],
        scopes=frozenset(plain["scopes"]),
        created_at=from_rfc3339(plain["created_at"]),
        revoked_at=None if revoked_at is None else from_rfc3339(revoked_at),
    )
