"""An employee with access to the backoffice, kept in step with outside systems."""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import NotThere
from domain.kernel import Aggregate, Personal, event

ADMINISTRATOR = "00000000-0000-0000-0000-000000000000"
ACCOUNTANT = "00000000-0000-0000-0000-000000000002"
ROLES = {ADMINISTRATOR: "Administrator", ACCOUNTANT: "Księgowa"}
"""The roles that an operator can have, by id."""


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is kept of an operator. Ids of branches, clients and warehouses are those of outside systems."""

    email: Personal
    name: Personal
    phone: Personal
    additional_email: Personal | None = None
    landline_phone: Personal | None = None
    external_id: str | None = None
    branch_id: str | None = None
    cart_default_client_id: str | None = None
    cart_default_warehouse_id: str | None = None
    role_id: str = ACCOUNTANT
    is_active: bool = True
    """The operator's own switch; nothing is deleted by it."""
    is_account_manager: bool = False
    is_applied_default_client_from_branch: bool = False
    is_applied_default_warehouse_from_branch: bool = False


class Operator(Aggregate):
    """Made, changed and deleted by admins and by outside systems. Its e-mail is its own: see `Claim`."""

    TOPIC = "operator"

    def __init__(self) -> None:
        self.kept: Profile | None = None

    @property
    def profile(self) -> Profile:
        """What is kept of it. Raises NotThere if there is no such operator, or no more."""
        if self.kept is None:
            raise NotThere("operator")
        return self.kept

    def create(self, profile: Profile) -> None:
        """Begin to keep it."""
        if self.version == 0:
            self._created(profile=profile)

    def update(self, profile: Profile) -> None:
        """Keep this of it from now on. Raises NotThere."""
        if profile != self.profile:
            self._updated(profile=profile)

    def delete(self) -> None:
        """Keep nothing of it any more. Raises NotThere."""
        if self.kept is None:
            raise NotThere("operator")
        self._deleted()

    @event("Created", topic="operator.created.v1")
    def _created(self, profile: Profile) -> None:
        self.kept = profile

    @event("Updated", topic="operator.updated.v1")
    def _updated(self, profile: Profile) -> None:
        self.kept = profile

    @event("Deleted", topic="operator.deleted.v1")
    def _deleted(self) -> None:
        self.kept = None
