"""Becoming a user: what a form needs, what is refused, and that no answer holds a password."""

import pytest

from tests.e2e.talk import INSTANT, Person, invalid, ok, position, refused, told
from tests.e2e.world import PASSWORD, World, rows


def newcomer(world: World, **over: object) -> dict[str, object]:
    """A form to register with."""
    name = world.unique("new")
    return {"email": f"{name}@example.com", "password": PASSWORD, "fullname": name} | over


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


def test_an_admin_makes_a_user(world: World, admin: Person) -> None:
    form = newcomer(world)
    made = ok(admin.post("/v1/users", form), 201)["user"]
    assert made["roleId"] == "user"
    assert world.login(str(form["email"])).id == made["id"]
