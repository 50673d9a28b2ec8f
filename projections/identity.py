"""Users and API keys as callers see them. Passwords stand in streams that nothing here handles."""

from __future__ import annotations

from typing import Any

from domain.api_key import ApiKey
from domain.kernel import Recorded
from domain.resources.identity import API_KEY, USER
from domain.user import Profile, User
from projections.projection import Document, Projection, born, changed, id_text, instant, on


def registered(_: Document | None, event: Recorded, __: Any) -> Document:
    """A new user."""
    fact: Any = event.fact
    return born(event, email=fact.email, roleId=fact.role, emailVerified=fact.email_verified, **profile(fact.profile))


def profile_changed(document: Document | None, event: Recorded, _: Any) -> Document:
    """What they say of themselves, anew."""
    fact: Any = event.fact
    return changed(document, event, **profile(fact.profile))


def role_changed(document: Document | None, event: Recorded, _: Any) -> Document:
    """Other powers."""
    fact: Any = event.fact
    return changed(document, event, roleId=fact.role)


def password_changed(document: Document | None, event: Recorded, _: Any) -> Document:
    """A change, though nothing of it is to be seen."""
    return changed(document, event)


def closed(document: Document | None, event: Recorded, _: Any) -> Document:
    """No longer there."""
    return changed(document, event, isActive=False)


def profile(of: Profile) -> Document:
    """What a user says of themselves, in the words of the wire."""
    return {
        "fullname": of.fullname,
        "avatar": of.avatar,
        "preferredLanguage": of.preferred_language,
        "bio": of.bio,
    }


def key_created(_: Document | None, event: Recorded, __: Any) -> Document:
    """A new API key, of which no more than the beginning is told."""
    fact: Any = event.fact
    return born(
        event,
        key=fact.prefix,
        active=not fact.revoked,
        description=fact.description,
        revokedAt=instant(event.at) if fact.revoked else None,
        createdBy=id_text(fact.maker),
    )


def key_changed(document: Document | None, event: Recorded, _: Any) -> Document:
    """Described anew, or revoked: the time of the first revocation stays."""
    fact: Any = event.fact
    revoked_at = (document or {}).get("revokedAt") or (instant(event.at) if fact.revoked else None)
    return changed(document, event, active=not fact.revoked, description=fact.description, revokedAt=revoked_at)


USERS = Projection(
    USER.name,
    on(
        User,
        Registered=registered,
        ProfileChanged=profile_changed,
        RoleChanged=role_changed,
        PasswordChanged=password_changed,
        Archived=closed,
        Deleted=closed,
    ),
)
API_KEYS = Projection(API_KEY.name, on(ApiKey, Created=key_created, Changed=key_changed))
