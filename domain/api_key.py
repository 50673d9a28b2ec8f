"""A key with which a program acts as the admin who made it."""

from __future__ import annotations

from uuid import UUID

from domain.errors import Refused
from domain.kernel import Aggregate, event


class ApiKey(Aggregate):
    """An API key. The key itself is known to nobody but its bearer; here stand its beginning and its digest."""

    TOPIC = "api_key"

    def __init__(self) -> None:
        self.maker: UUID | None = None
        self.digest = ""
        self.description: str | None = None
        self.revoked = False

    def create(self, *, maker: UUID, prefix: str, digest: str, description: str | None, revoked: bool) -> None:
        """Make it. `prefix` is what is shown of it later, `digest` what it is recognised by."""
        if self.maker is None:
            self._created(maker=maker, prefix=prefix, digest=digest, description=description, revoked=revoked)

    def change(self, *, description: str | None, revoked: bool) -> None:
        """Describe it anew, or revoke it. Raises WRONG_STATE if it is revoked and should be so no longer."""
        if self.revoked and not revoked:
            raise Refused("WRONG_STATE", "This API key is revoked, and stays so: make another one.")
        if (description, revoked) != (self.description, self.revoked):
            self._changed(description=description, revoked=revoked)

    @event("Created", topic="api_key.created.v1")
    def _created(self, maker: UUID, prefix: str, digest: str, description: str | None, revoked: bool) -> None:
        self.maker, self.digest = maker, digest
        self.description, self.revoked = description, revoked

    @event("Changed", topic="api_key.changed.v1")
    def _changed(self, description: str | None, revoked: bool) -> None:
        self.description, self.revoked = description, revoked
