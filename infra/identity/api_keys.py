"""API keys as text: `sk_`, 32 random bytes, and which key it is."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import NamedTuple
from uuid import UUID

from commands.credentials import MadeKey

MARK = "sk_"
RANDOM_BYTES = 32
SHOWN = 8
"""Characters that are shown of a key ever after."""
ID_CHARACTERS = 22
CHARACTERS = len(MARK) + 43 + ID_CHARACTERS


class ReadKey(NamedTuple):
    """What a key's text says."""

    id: UUID
    digest: str


class KeyTexts:
    """Makes API keys, and reads them.

    The digest is plain SHA-256: what is hashed is 256 random bits, which nobody can guess or look up, so neither a
    slow hash nor a secret beside it would add anything.
    """

    def make(self, id: UUID) -> MadeKey:
        """A new key for that id. The random part comes first: it is the part that tells keys apart in lists."""
        text = MARK + secrets.token_urlsafe(RANDOM_BYTES) + base64.urlsafe_b64encode(id.bytes).decode().rstrip("=")
        return MadeKey(text, text[:SHOWN], _digest(text))

    def read(self, text: str) -> ReadKey | None:
        """Which key it says it is, and the digest that proves it; nothing if it has not the form of a key."""
        if len(text) != CHARACTERS or not text.startswith(MARK) or not text.isascii():
            return None
        try:
            id = UUID(bytes=base64.b64decode(text[-ID_CHARACTERS:] + "==", altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            return None
        return ReadKey(id, _digest(text))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
