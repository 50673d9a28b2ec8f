"""What proves that someone is a user: kept apart from the user, so that nothing that tells of users tells of it."""

from __future__ import annotations

from uuid import UUID, uuid5

from domain.kernel import Aggregate, Personal, event

CREDENTIALS = UUID("5d1f4f0b-6a0b-53c1-9a7e-0c3c0f6b2d84")
"""The namespace of these streams; never to change, as stored streams are named by it."""


class Credential(Aggregate):
    """A user's password, as a slow salted hash."""

    TOPIC = "credential"

    def __init__(self) -> None:
        self.password_hash: str | None = None

    @staticmethod
    def id_of(user: UUID) -> UUID:
        """The stream that belongs to a user."""
        return uuid5(CREDENTIALS, str(user))

    def set_password(self, password_hash: str) -> None:
        """Take this password from now on, and no earlier one."""
        self._password_set(password_hash=password_hash)

    @event("PasswordSet", topic="credential.password_set.v1")
    def _password_set(self, password_hash: Personal) -> None:
        self.password_hash = password_hash
