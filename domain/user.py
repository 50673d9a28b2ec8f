"""A person with an account, what they may do to others' accounts, and what ends it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.actor import Actor, Role
from domain.errors import Invalid
from domain.kernel import Aggregate, Personal, event

Status = Literal["none", "active", "archived", "deleted"]

EMAIL_CLAIM = "user-email"
"""The kind of claim that keeps an e-mail address to one account."""
LONGEST_EMAIL = 254
"""Characters, as mail servers have it."""


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """The rules of accounts that are numbers or switches."""

    password_min: int = 8
    """Characters."""
    password_max: int = 128
    """Characters."""
    verified_email_only: bool = False
    """Whether an unverified e-mail address stops a login."""

    def check_password(self, password: str, field: str) -> None:
        """Is it long enough, and not too long? Raises Invalid, which names the field."""
        if not self.password_min <= len(password) <= self.password_max:
            raise Invalid({field: f"has {self.password_min} to {self.password_max} characters"})


@dataclass(frozen=True, slots=True)
class Profile:
    """What a user says of themselves."""

    fullname: Personal
    avatar: Personal | None
    """The address of a picture."""
    preferred_language: str | None
    bio: Personal | None


class User(Aggregate):
    """An account. Its password stands in a stream of its own, see `Credential`."""

    TOPIC = "user"

    def __init__(self) -> None:
        self.status: Status = "none"
        self.email = ""
        self.email_verified = False
        self.role: Role = "user"
        self.profile = Profile("", None, None, None)
        self.epoch = 0
        """How many times all sessions were ended; those begun in an earlier epoch count no more."""
        self.kept_session: UUID | None = None
        """The session that outlives the last change of epoch: the one in which the password was changed."""

    @property
    def active(self) -> bool:
        """Whether there is such an account, neither archived nor deleted."""
        return self.status == "active"

    def register(self, *, email: str, profile: Profile, role: Role, email_verified: bool) -> None:
        """Open the account; the e-mail address is claimed beside it."""
        if self.status == "none":
            self._registered(email=email, profile=profile, role=role, email_verified=email_verified)

    def change_profile(self, profile: Profile) -> None:
        """Say something else of oneself."""
        if profile != self.profile:
            self._profile_changed(profile=profile)

    def change_role(self, role: Role) -> None:
        """Give the user other powers; they hold from this moment on."""
        if role != self.role:
            self._role_changed(role=role)

    def change_password(self, keeps: UUID | None) -> None:
        """End all sessions but the one it `keeps`, as the password is another now."""
        self._password_changed(kept_session=keeps)

    def archive(self) -> None:
        """Close the account at the user's own wish."""
        if self.active:
            self._archived()

    def delete(self) -> None:
        """Close the account."""
        if self.active:
            self._deleted()

    @event("Registered", topic="user.registered.v1")
    def _registered(self, email: Personal, profile: Profile, role: Role, email_verified: bool) -> None:
        self.status = "active"
        self.email, self.email_verified = email, email_verified
        self.profile, self.role = profile, role

    @event("ProfileChanged", topic="user.profile_changed.v1")
    def _profile_changed(self, profile: Profile) -> None:
        self.profile = profile

    @event("RoleChanged", topic="user.role_changed.v1")
    def _role_changed(self, role: Role) -> None:
        self.role = role

    @event("PasswordChanged", topic="user.password_changed.v1")
    def _password_changed(self, kept_session: UUID | None) -> None:
        self.epoch += 1
        self.kept_session = kept_session

    @event("Archived", topic="user.archived.v1")
    def _archived(self) -> None:
        self.status = "archived"

    @event("Deleted", topic="user.deleted.v1")
    def _deleted(self) -> None:
        self.status = "deleted"


def may_act_on(actor: Actor, role: Role) -> bool:
    """An admin acts on users and moderators, a superAdmin on all."""
    return actor.role in {"superAdmin", "system"} or (actor.admin and role in {"user", "moderator"})


def may_grant(actor: Actor, role: Role) -> bool:
    """An admin grants at most admin."""
    return actor.role in {"superAdmin", "system"} or (actor.admin and role != "superAdmin")


def tidy_email(text: str) -> str:
    """The address as it is kept: trimmed, one spelling for each letter. Its case is kept, and counts nowhere."""
    return unicodedata.normalize("NFC", text.strip())


def looks_like_email(text: str) -> bool:
    """Whether mail could go there; that it does, only a mail can show."""
    return len(text) <= LONGEST_EMAIL and re.fullmatch(r"[^@\s]+@[^@\s]+", text) is not None and text.isprintable()
