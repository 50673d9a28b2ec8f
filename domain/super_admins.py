"""Who the superAdmins are: one stream, so that two who leave at once cannot both believe that the other stays."""

from __future__ import annotations

from uuid import UUID

from domain.errors import Refused
from domain.kernel import Aggregate, event

THE_SUPER_ADMINS = UUID("0f6b7f0e-9c5b-5a52-8f0c-3a2f2f7f5b19")
"""The one stream; never to change."""


class SuperAdmins(Aggregate):
    """The active superAdmins. Saved together with whatever makes a user one, or one no longer."""

    TOPIC = "super_admins"

    def __init__(self) -> None:
        self.members: frozenset[UUID] = frozenset()

    def admit(self, user: UUID) -> None:
        """One more."""
        if user not in self.members:
            self._admitted(user=user)

    def dismiss(self, user: UUID) -> None:
        """One less. Raises LAST_SUPERADMIN if none would be left."""
        if user not in self.members:
            return
        if len(self.members) == 1:
            raise Refused("LAST_SUPERADMIN", "This is the last active superAdmin: make another one first.")
        self._dismissed(user=user)

    @event("Admitted", topic="super_admins.admitted.v1")
    def _admitted(self, user: UUID) -> None:
        self.members = self.members | {user}

    @event("Dismissed", topic="super_admins.dismissed.v1")
    def _dismissed(self, user: UUID) -> None:
        self.members = self.members - {user}
