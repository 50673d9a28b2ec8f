"""Opening, changing and closing accounts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal
from urllib.parse import quote
from uuid import UUID

from commands.credentials import Email, Password
from commands.leaving import let_go
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Id, LongText, Message, NonEmpty, RecordVersion, Text
from commands.work import Work
from domain.access import Admin, Everyone, InPerson, LoggedIn, Nobody
from domain.actor import Role
from domain.claim import Claim
from domain.credential import Credential
from domain.errors import NotAllowed, NotThere
from domain.resources.identity import USER
from domain.super_admins import THE_SUPER_ADMINS, SuperAdmins
from domain.user import EMAIL_CLAIM, Profile, User, may_act_on, may_grant


class OpenAccount(Message):
    """Who they are, and what they will prove it with."""

    email: Email
    password: Password
    fullname: NonEmpty
    avatar: Text | None = None
    preferred_language: Text | None = None
    bio: LongText | None = None


class ChangeProfile(Message):
    """What they say of themselves from now on."""

    user_id: Id
    fullname: NonEmpty = UNSET
    avatar: Text | None = UNSET
    preferred_language: Text | None = UNSET
    bio: LongText | None = UNSET
    record_version: RecordVersion | None = None


class ChangeRole(Message):
    """Their powers from now on."""

    user_id: Id
    role_id: Literal["user", "moderator", "admin", "superAdmin"]
    record_version: RecordVersion | None = None


class CloseAccount(Message):
    """Whose account."""

    user_id: Id
    record_version: RecordVersion | None = None


async def register_user(work: Work, m: OpenAccount) -> Answer:
    """Anyone opens an account for themselves."""
    return Answer("user", await open_account(work, m, role="user", email_verified=False))


async def open_account(work: Work, m: OpenAccount, *, role: Role, email_verified: bool) -> UUID:
    """A new user with that role, and their e-mail address claimed. Raises Invalid, EMAIL_TAKEN."""
    identity = work.services.identity
    identity.terms.check_password(m.password, "password")
    id = work.new_id()
    claim = await work.load(Claim, Claim.id_of(EMAIL_CLAIM, m.email))
    claim.take(id, "EMAIL_TAKEN", "There is an account with this e-mail address.")
    user, credential = await asyncio.gather(work.load(User, id), work.load(Credential, Credential.id_of(id)))
    profile = Profile(m.fullname, m.avatar or drawn_avatar(id), m.preferred_language, m.bio)
    user.register(email=m.email, profile=profile, role=role, email_verified=email_verified)
    credential.set_password(await identity.passwords.hash(m.password))
    return id


async def ensure_super_admin(work: Work, m: OpenAccount) -> Answer:
    """The first superAdmin, if there is none. They all stand in one stream: of many who ask at once, one makes it."""
    roster = await work.load(SuperAdmins, THE_SUPER_ADMINS, fresh=True)
    if not roster.members:
        roster.admit(await open_account(work, m, role="superAdmin", email_verified=True))
    return Answer()


async def change_profile(work: Work, m: ChangeProfile) -> Answer:
    """The user themselves, or an admin."""
    user = await present(work, m.user_id)
    if work.actor.id != user.id:
        need_power_over(work, user)
    user.expect(m.record_version)
    user.change_profile(replace(user.profile, **m.sent("fullname", "avatar", "preferred_language", "bio")))
    return Answer("user", user.id)


async def change_role(work: Work, m: ChangeRole) -> Answer:
    """An admin grants at most admin; the last superAdmin stays one."""
    user = await present(work, m.user_id)
    need_power_over(work, user)
    if not may_grant(work.actor, m.role_id):
        raise NotAllowed(f"Your role may not make anyone a {m.role_id}.")
    user.expect(m.record_version)
    if m.role_id != user.role and "superAdmin" in {m.role_id, user.role}:
        roster = await work.load(SuperAdmins, THE_SUPER_ADMINS)
        if m.role_id == "superAdmin":
            roster.admit(user.id)
        else:
            roster.dismiss(user.id)
    user.change_role(m.role_id)
    return Answer("user", user.id)


async def delete_user(work: Work, m: CloseAccount) -> Answer:
    """By an admin."""
    user = await present(work, m.user_id)
    need_power_over(work, user)
    user.expect(m.record_version)
    await let_go(work, user)
    user.delete()
    return Answer("user", user.id)


async def archive_profile(work: Work, m: CloseAccount) -> Answer:
    """By the user themselves, or an admin."""
    user = await present(work, m.user_id)
    if work.actor.id != user.id:
        need_power_over(work, user)
    user.expect(m.record_version)
    await let_go(work, user)
    user.archive()
    return Answer("user", user.id)


async def present(work: Work, id: UUID, *, fresh: bool = False) -> User:
    """The user, if there is one whom the caller may see. Raises NotThere."""
    user = await work.load(User, id, fresh=fresh)
    if not user.active:
        raise NotThere("user")
    work.admit(USER, {"id": str(user.id)})
    return user


def need_power_over(work: Work, user: User) -> None:
    """Raises NotAllowed unless the caller's role stands above the user's."""
    if not may_act_on(work.actor, user.role):
        raise NotAllowed(f"Your role may not act on a user who is {user.role}.")


def drawn_avatar(id: UUID) -> str:
    """A picture for who gave none: the same for the same user, and nothing to fetch from anywhere."""
    hue = id.int % 360
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
        f'<rect width="8" height="8" fill="hsl({hue},45%,60%)"/><circle cx="4" cy="3" r="1.5" fill="#fff"/>'
        '<path d="M1 8a3 3 0 0 1 6 0z" fill="#fff"/></svg>'
    )
    return "data:image/svg+xml," + quote(svg, safe="/:=',()")


ENSURE_SUPER_ADMIN = Command(
    name="ensureSuperAdmin",
    doc="Make the first superAdmin, if there is none: what a first start does.",
    message=OpenAccount,
    handler=ensure_super_admin,
    who=Nobody(),
)

COMMANDS: tuple[Command, ...] = (
    ENSURE_SUPER_ADMIN,
    Command(
        name="registerUser",
        doc="Open an account for oneself. Without an avatar one is drawn.",
        message=OpenAccount,
        handler=register_user,
        route=Route("POST", "/v1/registeruser", "auth", status=201, action="create", data_name="user"),
        who=Everyone(),
        refuses=("EMAIL_TAKEN",),
    ),
    Command(
        name="createUser",
        doc="Open an account for somebody else, with the role `user`.",
        message=OpenAccount,
        handler=register_user,
        route=Route("POST", "/v1/users", "auth", status=201, action="create", data_name="user"),
        who=Admin(),
        refuses=("EMAIL_TAKEN",),
    ),
    Command(
        name="updateUser",
        doc="Change somebody's profile, as an admin.",
        message=ChangeProfile,
        handler=change_profile,
        route=Route("PATCH", "/v1/users/{userId}", "auth", data_name="user"),
        who=Admin(),
        refuses=("STALE_VERSION",),
    ),
    Command(
        name="updateProfile",
        doc="Change one's own profile.",
        message=ChangeProfile,
        handler=change_profile,
        route=Route("PATCH", "/v1/profile/{userId}", "auth", data_name="user"),
        who=LoggedIn(),
        refuses=("STALE_VERSION",),
    ),
    Command(
        name="updateUserRole",
        doc="Give a user another role. An admin acts on users and moderators and grants at most admin.",
        message=ChangeRole,
        handler=change_role,
        route=Route("PATCH", "/v1/userrole/{userId}", "auth", data_name="user"),
        who=Admin() & InPerson(),
        refuses=("LAST_SUPERADMIN", "STALE_VERSION"),
    ),
    Command(
        name="deleteUser",
        doc="Close somebody's account, as an admin: its e-mail address is free again, its listings are unpublished, "
        "its sessions and API keys end.",
        message=CloseAccount,
        handler=delete_user,
        route=Route("DELETE", "/v1/users/{userId}", "auth", action="delete", data_name="user"),
        who=Admin(),
        refuses=("USER_HAS_STAYS", "LAST_SUPERADMIN", "STALE_VERSION"),
    ),
    Command(
        name="archiveProfile",
        doc="Close one's own account: its e-mail address is free again, its listings are unpublished, its sessions and "
        "API keys end.",
        message=CloseAccount,
        handler=archive_profile,
        route=Route("DELETE", "/v1/archiveprofile/{userId}", "auth", action="delete", data_name="user"),
        who=LoggedIn(),
        refuses=("USER_HAS_STAYS", "LAST_SUPERADMIN", "STALE_VERSION"),
    ),
)
