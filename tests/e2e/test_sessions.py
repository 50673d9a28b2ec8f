"""Logging in and out: what a session tells, its token, and its end."""

from datetime import UTC, datetime

import jwt
import pytest

from tests.e2e.talk import TOKEN, Person, ok, refused
from tests.e2e.world import PASSWORD, World


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
