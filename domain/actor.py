"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from uuid import UUID

Role = Literal["nobody", "user", "moderator", "admin", "superAdmin", "system"]
ROLES: tuple[Role, ...] = ("user", "moderator", "admin", "superAdmin")
"""The roles that a user can have, the weakest first."""


@dataclass(frozen=True)
class Actor:
    """A caller as known at the moment of the request: the present role, whatever a token says."""

    id: UUID | None = None
    role: Role = "nobody"
    session: UUID | None = None
    """The session, or the API key, that the caller came with."""
    by_key: bool = False

    @cached_property
    def text(self) -> str | None:
        """The id as documents have it; made once, as a request compares it many times."""
        return None if self.id is None else str(self.id)

    @property
    def known(self) -> bool:
        """Somebody, not a stranger."""
        return self.role != "nobody"

    @property
    def staff(self) -> bool:
        """A moderator, an admin or the product itself."""
        return self.role in {"moderator", "admin", "superAdmin", "system"}

    @property
    def admin(self) -> bool:
        """An admin or superAdmin, or the product itself."""
        return self.role in {"admin", "superAdmin", "system"}


NOBODY = Actor()
SYSTEM = Actor(role="system")
"""The product itself: deadlines, processes, webhooks."""
