"""Users and API keys, as callers see them."""

from __future__ import annotations

from dataclasses import replace

from domain.access import Admin, LoggedIn, Own
from domain.resource import Field, Kind, Resource

FULLNAME = Field("fullname", Kind.STRING, "The user's full name.", required=True, filter=True, personal=True)
AVATAR = Field("avatar", Kind.STRING, "Where the user's picture is; one is drawn where none is given.", personal=True)
ROLE = Field("roleId", Kind.STRING, "`user`, `moderator`, `admin` or `superAdmin`.", required=True, filter=True)

USER_FIELDS = (
    Field("email", Kind.STRING, "The e-mail address, their name at login.", required=True, filter=True, personal=True),
    FULLNAME,
    AVATAR,
    ROLE,
    Field("emailVerified", Kind.BOOLEAN, "Whether the e-mail address is known to be theirs.", required=True),
    Field("preferredLanguage", Kind.STRING, "The language that the user wants to read."),
    Field("bio", Kind.TEXT, "What the user says of themselves.", personal=True),
)

USER = Resource(
    name="user",
    plural="users",
    service="auth",
    path="/v1/users",
    fields=USER_FIELDS,
    doc="A person with an account: guest, host or staff.",
    owner="id",
    sees=Own("id") | Admin(),
    lists=Admin(),
    changes=Own("id") | Admin(),
)

USER_SEARCH = Resource(
    name="searchUser",
    plural="users",
    service="auth",
    path="/v1/searchusers",
    fields=tuple(field if field is ROLE else replace(field, filter=False) for field in USER_FIELDS),
    doc="The users in whose name or e-mail address a keyword stands.",
    owner="id",
    sees=Admin(),
    lists=Admin(),
    has_get=False,
    source="user",
    search=("email", "fullname"),
)

BRIEF_USER = Resource(
    name="briefUser",
    plural="briefUsers",
    service="auth",
    path="/v1/briefuser",
    id_param="userId",
    fields=(replace(FULLNAME, filter=False), AVATAR),
    doc="What anyone who is logged in may know of a user.",
    sees=LoggedIn(),
    has_list=False,
    source="user",
    brief=True,
)

API_KEY = Resource(
    name="apiKey",
    plural="apiKeys",
    service="platformAdmin",
    path="/v1/apikeys",
    fields=(
        Field("key", Kind.STRING, "Whole in the answer that made it, later its first 8 characters.", required=True),
        Field("active", Kind.BOOLEAN, "False once revoked.", required=True),
        Field("description", Kind.STRING, "What the key is for."),
        Field("revokedAt", Kind.INSTANT, "When it was revoked."),
        Field("createdBy", Kind.ID, "The admin who made it, and as whom it acts.", required=True),
    ),
    doc="A key with which a program acts as the admin who made it, with that admin's present role.",
    owner="createdBy",
    sees=Admin(),
    lists=Admin(),
    changes=Admin(),
)
