"""How operators show themselves, in the form that the outside systems know."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.access import Admin, KeyHolder
from domain.operator import ROLES, Profile
from domain.resource import Field, Kind, Resource

PATHS = (
    "/api/v1/catalog/integrations/auth-required/operators",
    "/api/v1/authserver/integrations/auth-required/operators",
    "/operators",
)
"""Operators stand at each of these alike."""

ADMIN_OR_KEY = Admin() | KeyHolder()

OPERATOR = Resource(
    name="operator",
    plural="operators",
    service="operators",
    path=PATHS[0],
    doc="An employee with access to the backoffice.",
    sees=ADMIN_OR_KEY,
    changes=ADMIN_OR_KEY,
    has_get=False,  # its answers are bare: see read_api.operators
    has_list=False,
    alive="isKept",  # `isActive` is the operator's own switch
    fields=(
        Field("externalId", Kind.STRING, "What an outside system calls the operator."),
        Field("email", Kind.STRING, "Unique among operators, without regard to case.", required=True, personal=True),
        Field("additionalEmail", Kind.STRING, "Another e-mail.", personal=True),
        Field("name", Kind.STRING, "The operator's name.", required=True, personal=True),
        Field("phone", Kind.STRING, "The operator's phone number.", required=True, personal=True),
        Field("landlinePhone", Kind.STRING, "The number of a landline.", personal=True),
        Field("cartDefaultWarehouseId", Kind.STRING, "The warehouse that a cart begins with."),
        Field("cartDefaultClientId", Kind.STRING, "The client that a cart begins with."),
        Field("role", Kind.OBJECT, "The operator's role: `id` and `name`."),
        Field("isAccountManager", Kind.BOOLEAN, "Whether the operator manages accounts."),
        Field("isActive", Kind.BOOLEAN, "The operator's own switch."),
        Field("branchId", Kind.STRING, "The branch that the operator belongs to."),
        Field("isAppliedDefaultClientFromBranch", Kind.BOOLEAN, "Whether the branch's client is the default."),
        Field("isAppliedDefaultWarehouseFromBranch", Kind.BOOLEAN, "Whether the branch's warehouse is the default."),
        Field("isKept", Kind.BOOLEAN, "False once the operator is deleted.", shown=False),
    ),
)


def described(id: UUID, profile: Profile) -> dict[str, Any]:
    """The operator, bare, in the order of the reference."""
    return {
        "id": str(id),
        "externalId": profile.external_id,
        "email": profile.email,
        "additionalEmail": profile.additional_email,
        "name": profile.name,
        "phone": profile.phone,
        "landlinePhone": profile.landline_phone,
        "cartDefaultWarehouseId": profile.cart_default_warehouse_id,
        "cartDefaultClientId": profile.cart_default_client_id,
        "role": {"id": profile.role_id, "name": ROLES[profile.role_id]},
        "isAccountManager": profile.is_account_manager,
        "isActive": profile.is_active,
        "branchId": profile.branch_id,
        "isAppliedDefaultClientFromBranch": profile.is_applied_default_client_from_branch,
        "isAppliedDefaultWarehouseFromBranch": profile.is_applied_default_warehouse_from_branch,
    }
