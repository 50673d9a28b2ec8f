"""Accounts, sessions, roles and powers."""

from datetime import UTC, datetime

import jwt
import pytest

from tests.e2e.talk import ABSENT, INSTANT, TOKEN, Caller, Person, invalid, ok, position, refused, told
from tests.e2e.world import PASSWORD, World, rows


def newcomer(world: World, **over: object) -> dict[str, object]:
    """A form to register with."""
    name = world.unique("new")
    return {"email": f"{name}@example.com", "password": PASSWORD, "fullname": name} | over


# Registering


def test_a_newcomer_becomes_a_user_who_owns_themself(world: World) -> None:
    form = newcomer(world, bio="Hello", preferredLanguage="en")
    answer = world.nobody.post("/v1/registeruser", form)
    body = ok(answer, 201)
    assert (body["status"], body["statusCode"], body["dataName"], body["action"]) == ("OK", "201", "user", "create")
    user = body["user"]
    assert user["email"] == form["email"]
    assert user["fullname"] == form["fullname"]
    assert user["bio"] == "Hello"
    assert user["preferredLanguage"] == "en"
    assert user["roleId"] == "user"
    assert user["isActive"] is True
    assert user["recordVersion"] == 1
    assert user["_owner"] == user["id"]
    assert INSTANT.fullmatch(user["createdAt"])
    assert INSTANT.fullmatch(user["updatedAt"])
    position(answer)


def test_a_password_is_in_no_answer(world: World, admin: Person) -> None:
    form = newcomer(world, password="a very secret word")
    registered = world.nobody.post("/v1/registeruser", form)
    person = world.login(str(form["email"]), "a very secret word")
    answers = [
        registered,
        world.nobody.post("/login", {"username": form["email"], "password": "a very secret word"}),
        person.get("/currentuser"),
        person.get("/relogin"),
        person.get(f"/v1/users/{person.id}"),
        admin.get("/v1/users", email=form["email"]),
        admin.get("/v1/searchusers", keyword=form["email"]),
        person.patch(f"/v1/profile/{person.id}", {"bio": "x"}),
        person.get(f"/v1/users/{person.id}/history"),
    ]
    for answer in answers:
        assert answer.is_success, told(answer)
        assert '"password"' not in answer.text, told(answer)
        assert "a very secret word" not in answer.text, told(answer)
        assert "$argon2" not in answer.text, told(answer)


def test_an_email_is_trimmed_and_unique_without_regard_to_case(world: World) -> None:
    form = newcomer(world)
    email = str(form["email"])
    user = ok(world.nobody.post("/v1/registeruser", form | {"email": f"  {email.upper()} "}), 201)["user"]
    assert user["email"].lower() == email
    assert user["email"] == user["email"].strip()
    for taken in (email, email.title(), f"\t{email} "):
        refused(world.nobody.post("/v1/registeruser", form | {"email": taken}), 409, "EMAIL_TAKEN")
        refused(world.root.post("/v1/users", form | {"email": taken}), 409, "EMAIL_TAKEN")
    assert world.login(email.title()).id == user["id"]


@pytest.mark.parametrize("length", [8, 128])
def test_a_password_of_8_to_128_characters_is_good(world: World, length: int) -> None:
    form = newcomer(world, password="p" * length)
    ok(world.nobody.post("/v1/registeruser", form), 201)
    world.login(str(form["email"]), "p" * length)


@pytest.mark.parametrize("length", [0, 7, 129])
def test_a_password_shorter_or_longer_is_refused(world: World, length: int) -> None:
    form = newcomer(world, password="p" * length)
    invalid(world.nobody.post("/v1/registeruser", form), "password")
    refused(world.nobody.post("/login", {"username": form["email"], "password": "p" * length}), 401 if length else 400)


@pytest.mark.parametrize("field", ["email", "password", "fullname"])
def test_what_is_required_to_register_is_named(world: World, field: str) -> None:
    form = newcomer(world)
    del form[field]
    invalid(world.nobody.post("/v1/registeruser", form), field)
    invalid(world.nobody.post("/v1/registeruser", newcomer(world) | {field: None}), field)


@pytest.mark.parametrize("email", ["", "   ", "nobody", "a@", "@b", "a b@example.com"])
def test_what_is_no_email_is_refused(world: World, email: str) -> None:
    invalid(world.nobody.post("/v1/registeruser", newcomer(world, email=email)), "email")


@pytest.mark.parametrize("field", ["roleId", "emailVerified", "isActive", "colour"])
def test_nobody_registers_with_more_than_a_form_has(world: World, field: str) -> None:
    """A role cannot be had by asking for it."""
    form = newcomer(world) | {field: "admin"}
    invalid(world.nobody.post("/v1/registeruser", form), field)
    assert rows(world.root, "/v1/users", email=form["email"]) == []


# Sessions


def test_login_answers_bare_with_the_token_in_body_header_and_cookie(world: World) -> None:
    person = world.person()
    answer = world.nobody.post("/login", {"username": person.email, "password": PASSWORD})
    session = ok(answer)
    assert "status" not in session or session["status"] != "OK"
    assert session["userId"] == person.id
    assert session["email"] == person.email
    assert session["roleId"] == "user"
    assert "fullname" in session
    assert session["sessionId"] != person.session["sessionId"]
    assert answer.headers[TOKEN] == session["accessToken"]
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{TOKEN}={session['accessToken']}")
    assert "httponly" in cookie.lower()


def test_the_token_is_a_jwt_that_the_published_key_verifies(world: World) -> None:
    person = world.person()
    head = jwt.get_unverified_header(person.token)
    assert head["alg"] == "RS256"
    current = ok(world.nobody.get("/publickey"))
    assert current["keyId"] == head["kid"]
    named = ok(world.nobody.get("/publickey", keyId=head["kid"]))
    assert named == current
    claims = jwt.decode(person.token, named["keyData"], algorithms=["RS256"], options={"verify_aud": False})
    assert claims["exp"] - claims["iat"] == 24 * 3600
    assert abs(claims["iat"] - datetime.now(UTC).timestamp()) < 120, "tokens use real time"
    refused(world.nobody.get("/publickey", keyId="unheard-of"), 404, "NOT_FOUND")


def test_login_takes_email_for_username_and_reads_username_first(world: World) -> None:
    ann, ben = world.person(), world.person()
    assert ok(world.nobody.post("/login", {"email": ann.email, "password": PASSWORD}))["userId"] == ann.id
    both = {"username": ben.email, "email": ann.email, "password": PASSWORD}
    assert ok(world.nobody.post("/login", both))["userId"] == ben.id


@pytest.mark.parametrize(
    "form", [{}, {"username": "a@example.com"}, {"password": "12345678"}, {"username": 5, "password": True}]
)
def test_login_without_credentials_is_400(world: World, form: dict[str, object]) -> None:
    refused(world.nobody.post("/login", form), 400, "INVALID")


def test_a_wrong_password_and_an_unknown_account_are_told_alike(world: World) -> None:
    person = world.person()
    wrong = world.nobody.post("/login", {"username": person.email, "password": "not this one"})
    unknown = world.nobody.post(
        "/login", {"username": f"{world.unique('gone')}@example.com", "password": "not this one"}
    )
    refused(wrong, 401, "UNAUTHENTICATED")
    refused(unknown, 401, "UNAUTHENTICATED")
    assert wrong.json()["message"] == unknown.json()["message"]
    assert wrong.json()["detail"] == unknown.json()["detail"]


def test_login_has_a_page(world: World) -> None:
    page = world.nobody.get("/login")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


def test_currentuser_tells_who_asks_and_needs_a_session(world: World, stranger: Person) -> None:
    session = ok(stranger.get("/currentuser"))
    assert session["userId"] == stranger.id
    assert session["sessionId"] == stranger.session["sessionId"]
    assert (session["email"], session["roleId"]) == (stranger.email, "user")
    refused(world.nobody.get("/currentuser"), 401, "UNAUTHENTICATED")


def test_relogin_makes_a_new_session_from_a_good_one(world: World) -> None:
    person = world.person()
    answer = person.get("/relogin")
    again = ok(answer)
    assert again["sessionId"] != person.session["sessionId"]
    assert again["accessToken"] != person.token
    assert again["userId"] == person.id
    ok(world.nobody.get("/currentuser", {"Authorization": f"Bearer {again['accessToken']}"}))
    refused(world.nobody.get("/relogin"), 401, "UNAUTHENTICATED")


def test_permissions_are_told_bare(world: World, stranger: Person) -> None:
    assert isinstance(ok(stranger.get("/permissions")), list)
    one = ok(stranger.get("/permissions/adminPanel.access"))
    assert one["canDo"] is False
    assert one["exceptions"] == []
    refused(world.nobody.get("/permissions"), 401, "UNAUTHENTICATED")
    refused(world.nobody.get("/permissions/adminPanel.access"), 401, "UNAUTHENTICATED")


def test_logout_acts_at_once_and_is_always_answered_200(world: World) -> None:
    person = world.person()
    other = world.login(person.email)
    answer = person.post("/logout")
    ok(answer)
    assert TOKEN in answer.headers.get("set-cookie", ""), "the cookie is cleared"
    refused(person.get("/currentuser"), 401, "UNAUTHENTICATED")
    refused(person.get("/relogin"), 401, "UNAUTHENTICATED")
    ok(other.get("/currentuser"))
    ok(person.post("/logout"))
    ok(world.nobody.post("/logout", {}))


# Profiles


def test_a_profile_changes_field_by_field(world: World) -> None:
    person = world.person(bio="old", preferredLanguage="de")
    changed = ok(person.patch(f"/v1/profile/{person.id}", {"bio": "new"}))["user"]
    assert (changed["bio"], changed["preferredLanguage"], changed["recordVersion"]) == ("new", "de", 2)
    cleared = ok(person.patch(f"/v1/profile/{person.id}", {"bio": None}))["user"]
    assert (cleared["bio"], cleared["recordVersion"]) == (None, 3)
    invalid(person.patch(f"/v1/profile/{person.id}", {"fullname": None}), "fullname")
    invalid(person.patch(f"/v1/profile/{person.id}", {"email": "else@example.com"}), "email")
    assert ok(person.get(f"/v1/users/{person.id}"))["user"]["recordVersion"] == 3


def test_asking_for_what_is_so_records_nothing(world: World) -> None:
    person = world.person(bio="same")
    first = person.patch(f"/v1/profile/{person.id}", {"bio": "other"})
    again = person.patch(f"/v1/profile/{person.id}", {"bio": "other"})
    assert ok(again)["user"] == ok(first)["user"]
    assert position(again) == position(first)


def test_a_stale_version_is_refused(world: World) -> None:
    person = world.person()
    ok(person.patch(f"/v1/profile/{person.id}", {"bio": "one", "recordVersion": 1}))
    refused(person.patch(f"/v1/profile/{person.id}", {"bio": "two", "recordVersion": 1}), 409, "STALE_VERSION")
    assert (
        ok(person.patch(f"/v1/profile/{person.id}", {"bio": "two", "recordVersion": 2}))["user"]["recordVersion"] == 3
    )


def test_only_oneself_and_admins_see_or_change_a_profile(
    world: World, stranger: Person, moderator: Person, admin: Person
) -> None:
    person = world.person()
    for caller in (stranger, moderator):
        refused(caller.get(f"/v1/users/{person.id}"), 404, "NOT_FOUND")
        refused(caller.patch(f"/v1/profile/{person.id}", {"bio": "x"}), 404, "NOT_FOUND")
    assert ok(admin.get(f"/v1/users/{person.id}"))["user"]["email"] == person.email
    assert ok(admin.patch(f"/v1/users/{person.id}", {"bio": "by admin"}))["user"]["bio"] == "by admin"
    refused(person.patch(f"/v1/users/{person.id}", {"bio": "x"}), 403, "FORBIDDEN")


def test_a_brief_user_is_three_fields_for_anyone_logged_in(world: World, stranger: Person) -> None:
    person = world.person()
    brief = ok(stranger.get(f"/v1/briefuser/{person.id}"))["user"]
    assert set(brief) == {"id", "fullname", "avatar"}
    refused(world.nobody.get(f"/v1/briefuser/{person.id}"), 401, "UNAUTHENTICATED")
    refused(stranger.get(f"/v1/briefuser/{ABSENT}"), 404, "NOT_FOUND")


def test_lists_and_searches_of_users_are_for_admins(
    world: World, stranger: Person, moderator: Person, admin: Person
) -> None:
    person = world.person()
    for path in ("/v1/users", "/v1/searchusers?keyword=person"):
        refused(world.nobody.get(path), 401, "UNAUTHENTICATED")
        refused(stranger.get(path), 403, "FORBIDDEN")
        refused(moderator.get(path), 403, "FORBIDDEN")
    assert [u["id"] for u in rows(admin, "/v1/users", email=person.email.upper())] == [person.id]
    assert [u["id"] for u in rows(admin, "/v1/searchusers", keyword=person.email)] == [person.id]
    assert rows(admin, "/v1/searchusers", keyword=person.email, roleId="admin") == []
    invalid(admin.get("/v1/searchusers"), "keyword")


def test_an_admin_makes_a_user(world: World, admin: Person) -> None:
    form = newcomer(world)
    made = ok(admin.post("/v1/users", form), 201)["user"]
    assert made["roleId"] == "user"
    assert world.login(str(form["email"])).id == made["id"]


# Passwords


def test_a_new_password_ends_the_other_sessions_only(world: World) -> None:
    person = world.person()
    other = world.login(person.email)
    change = {"oldPassword": PASSWORD, "newPassword": "a new password"}
    ok(person.patch(f"/v1/userpassword/{person.id}", change))
    ok(person.get("/currentuser"))
    refused(other.get("/currentuser"), 401, "UNAUTHENTICATED")
    refused(world.nobody.post("/login", {"username": person.email, "password": PASSWORD}), 401)
    world.login(person.email, "a new password")


def test_the_old_password_must_be_right_and_the_new_one_good(world: World, stranger: Person) -> None:
    person = world.person()
    path = f"/v1/userpassword/{person.id}"
    wrong = person.patch(path, {"oldPassword": "not the one", "newPassword": "a new password"})
    assert wrong.status_code in {400, 401, 403}, told(wrong)  # the pages do not say which
    refused(wrong, wrong.status_code)
    invalid(person.patch(path, {"oldPassword": PASSWORD, "newPassword": "short"}), "newPassword")
    invalid(person.patch(path, {"newPassword": "long enough"}), "oldPassword")
    refused(stranger.patch(path, {"oldPassword": PASSWORD, "newPassword": "a new password"}), 404, "NOT_FOUND")
    world.login(person.email)


def test_an_admin_sets_a_password_and_all_sessions_end(world: World, admin: Person, stranger: Person) -> None:
    person = world.person()
    path = f"/v1/userpasswordbyadmin/{person.id}"
    for caller in (stranger, person):
        assert caller.patch(path, {"password": "set by staff"}).status_code in {403, 404}
    ok(admin.patch(path, {"password": "set by staff"}))
    refused(person.get("/currentuser"), 401, "UNAUTHENTICATED")
    world.login(person.email, "set by staff")


# Roles


def test_a_role_holds_at_the_moment_of_the_request(world: World, admin: Person) -> None:
    person = world.person()
    refused(person.get("/v1/users"), 403, "FORBIDDEN")
    ok(admin.patch(f"/v1/userrole/{person.id}", {"roleId": "admin"}))
    ok(person.get("/v1/users"))
    ok(world.root.patch(f"/v1/userrole/{person.id}", {"roleId": "user"}))
    refused(person.get("/v1/users"), 403, "FORBIDDEN")


def test_an_admin_acts_on_users_and_moderators_and_grants_at_most_admin(
    world: World, admin: Person, moderator: Person
) -> None:
    person = world.person()
    assert ok(admin.patch(f"/v1/userrole/{person.id}", {"roleId": "moderator"}))["user"]["roleId"] == "moderator"
    refused(admin.patch(f"/v1/userrole/{person.id}", {"roleId": "superAdmin"}), 403, "FORBIDDEN")
    assert ok(admin.patch(f"/v1/userrole/{person.id}", {"roleId": "admin"}))["user"]["roleId"] == "admin"
    other = world.person("superAdmin")
    for above in (person, other, world.root):
        refused(admin.patch(f"/v1/userrole/{above.id}", {"roleId": "user"}), 403, "FORBIDDEN")
        refused(admin.patch(f"/v1/userpasswordbyadmin/{above.id}", {"password": "taken over"}), 403, "FORBIDDEN")
        refused(admin.patch(f"/v1/users/{above.id}", {"bio": "taken over"}), 403, "FORBIDDEN")
        refused(admin.delete(f"/v1/users/{above.id}"), 403, "FORBIDDEN")
    refused(moderator.patch(f"/v1/userrole/{world.person().id}", {"roleId": "user"}), 403, "FORBIDDEN")
    ok(world.root.patch(f"/v1/userrole/{other.id}", {"roleId": "user"}))
    invalid(world.root.patch(f"/v1/userrole/{person.id}", {"roleId": "king"}), "roleId")
    refused(admin.patch(f"/v1/userrole/{ABSENT}", {"roleId": "user"}), 404, "NOT_FOUND")


def test_the_last_superadmin_stays(world: World) -> None:
    path = world.root.id
    refused(world.root.patch(f"/v1/userrole/{path}", {"roleId": "admin"}), 409, "LAST_SUPERADMIN")
    refused(world.root.delete(f"/v1/users/{path}"), 409, "LAST_SUPERADMIN")
    refused(world.root.delete(f"/v1/archiveprofile/{path}"), 409, "LAST_SUPERADMIN")
    second = world.person("superAdmin")
    ok(second.delete(f"/v1/archiveprofile/{second.id}"))
    refused(world.root.delete(f"/v1/archiveprofile/{path}"), 409, "LAST_SUPERADMIN")


# Leaving


def test_archiving_a_profile_ends_it_and_frees_the_email(world: World, admin: Person) -> None:
    person = world.person()
    gone = ok(person.delete(f"/v1/archiveprofile/{person.id}"))
    assert (gone["action"], gone["user"]["isActive"]) == ("delete", False)
    refused(person.get("/currentuser"), 401, "UNAUTHENTICATED")
    refused(world.nobody.post("/login", {"username": person.email, "password": PASSWORD}), 401, "UNAUTHENTICATED")
    refused(admin.get(f"/v1/users/{person.id}"), 404, "NOT_FOUND")
    assert rows(admin, "/v1/users", email=person.email) == []
    again = ok(
        world.nobody.post("/v1/registeruser", {"email": person.email, "password": PASSWORD, "fullname": "again"}), 201
    )
    assert again["user"]["id"] != person.id


def test_deleting_a_user_acts_at_once_hides_them_and_frees_the_email(
    world: World, admin: Person, stranger: Person, moderator: Person
) -> None:
    person = world.person()
    # A staff route for a user (403), and a user whom they may not see (404).
    assert stranger.delete(f"/v1/users/{person.id}").status_code in {403, 404}
    ok(admin.delete(f"/v1/users/{person.id}"))
    refused(person.get("/currentuser"), 401, "UNAUTHENTICATED")
    refused(admin.get(f"/v1/users/{person.id}"), 404, "NOT_FOUND")
    refused(stranger.get(f"/v1/briefuser/{person.id}"), 404, "NOT_FOUND")
    assert rows(admin, "/v1/searchusers", keyword=person.email) == []
    refused(admin.delete(f"/v1/users/{person.id}"), 404, "NOT_FOUND")
    ok(admin.get(f"/v1/users/{person.id}/history"))
    # Staff read histories, but a moderator never saw this user: either may be said.
    assert moderator.get(f"/v1/users/{person.id}/history").status_code in {200, 404}
    ok(world.nobody.post("/v1/registeruser", {"email": person.email, "password": PASSWORD, "fullname": "again"}), 201)


def test_who_has_stays_cannot_leave(world: World, admin: Person) -> None:
    """On either side; afterwards their listings are unpublished and their sessions end."""
    host, guest = world.person(), world.person()
    place = world.listing(host)
    stay = world.book(guest, place)
    for person in (host, guest):
        refused(person.delete(f"/v1/archiveprofile/{person.id}"), 409, "USER_HAS_STAYS")
        refused(admin.delete(f"/v1/users/{person.id}"), 409, "USER_HAS_STAYS")
    world.pay(guest, stay)
    refused(guest.delete(f"/v1/archiveprofile/{guest.id}"), 409, "USER_HAS_STAYS")
    world.cancel(guest, stay)
    ok(host.delete(f"/v1/archiveprofile/{host.id}"))
    refused(host.get("/currentuser"), 401, "UNAUTHENTICATED")
    refused(guest.get(f"/v1/listings/{place['id']}"), 404, "NOT_FOUND")
    assert ok(admin.get(f"/v1/listings/{place['id']}"))["listing"]["isPublished"] is False
    ok(guest.delete(f"/v1/archiveprofile/{guest.id}"))


def test_nobody_archives_someone_else(world: World, stranger: Person) -> None:
    person = world.person()
    refused(stranger.delete(f"/v1/archiveprofile/{person.id}"), 404, "NOT_FOUND")
    refused(Caller(world.http).delete(f"/v1/archiveprofile/{person.id}"), 401, "UNAUTHENTICATED")
    ok(person.get("/currentuser"))
