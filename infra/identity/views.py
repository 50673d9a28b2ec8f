"""What callers read of their own session and powers, bare as the reference shows it, and the key that checks tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from commands.bus import Unauthenticated
from commands.ports import EventStore
from commands.registry import Command
from commands.sessions import session_object
from domain.access import holds
from domain.actor import Actor
from domain.errors import NotThere
from domain.user import User
from infra.identity.signing import SigningKeys


async def current_user(store: EventStore, actor: Actor, token: str | None) -> dict[str, Any]:
    """`GET /currentuser`: the session, with the token that the caller came with.

    Raises Unauthenticated for nobody, Unavailable.
    """
    if actor.id is None:
        raise Unauthenticated("No login found.")
    user = await store.load(User, actor.id, fresh=True)
    return session_object(user, actor.session, token)


def permissions(commands: Iterable[Command], actor: Actor) -> list[dict[str, Any]]:
    """`GET /permissions`: every command that the caller's present role may ask for. Raises Unauthenticated for nobody.

    Roles grant all there is: nothing is granted to users, groups or single objects.
    """
    _need_login(actor)
    return [
        {
            "id": f"{actor.role}.{command.name}",
            "permissionName": command.name,
            "roleId": actor.role,
            "subjectUserId": None,
            "subjectUserGroupId": None,
            "objectId": None,
            "canDo": True,
            "tenantCodename": None,
        }
        for command in commands
        if command.route is not None and holds(command.who, actor, {})
    ]


def permission(commands: Iterable[Command], actor: Actor, name: str) -> dict[str, Any]:
    """`GET /permissions/{permissionName}`: may the caller ask for it at all? Raises Unauthenticated for nobody."""
    return {"canDo": any(p["permissionName"] == name for p in permissions(commands, actor)), "exceptions": []}


async def public_key(keys: SigningKeys, kid: str | None) -> dict[str, Any]:
    """`GET /publickey`: the key of that id, or the one that signs. Raises NotThere, Unavailable."""
    key = await keys.current() if kid is None else await keys.find(kid)
    if key is None:
        raise NotThere("public key")
    return {"keyId": key.kid, "keyData": key.public_pem}


def _need_login(actor: Actor) -> None:
    if not actor.known:
        raise Unauthenticated("No login found.")
