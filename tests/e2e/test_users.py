"""Users: their profiles, passwords and roles, and how they leave."""

from tests.e2e.talk import ABSENT, Caller, Person, invalid, ok, position, refused, told
from tests.e2e.world import PASSWORD, World, rows

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
