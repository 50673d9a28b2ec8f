"""Speaking with the server: callers, and what is said of every answer."""

import re
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

Json = dict[str, Any]
TOKEN = "airbnb3-access-token"
POSITION = "X-Event-Position"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
"""RFC 3339 UTC with milliseconds."""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ABSENT = "00000000-0000-4000-8000-00000000dead"
"""The id of nothing."""


def never_500(response: httpx.Response) -> None:
    """Whatever is asked, the server does not break."""
    if response.status_code == 500:
        response.read()
        raise AssertionError(f"500 on {response.request.method} {response.request.url}: {response.text[:2000]}")


class Mark:
    """How far the log has come, by all answers seen: what one caller wrote, another asks to see.

    Within a session the server sees to that by itself; between callers it is what `X-Event-Position` is for.
    """

    def __init__(self) -> None:
        self.position = 0

    def note(self, response: httpx.Response) -> None:
        """An answer to a command tells."""
        self.position = max(self.position, int(response.headers.get(POSITION, 0)))

    def bring(self, request: httpx.Request) -> None:
        """A read asks for at least that much."""
        if request.method == "GET" and POSITION not in request.headers and self.position:
            request.headers[POSITION] = str(self.position)


def line(url: str, mark: Mark | None = None) -> httpx.Client:
    """A connection pool that keeps no cookies, so that callers share it without sharing sessions."""
    asked, answered = ([mark.bring], [mark.note, never_500]) if mark else ([], [never_500])
    client = httpx.Client(base_url=url, timeout=60, event_hooks={"request": asked, "response": answered})
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return client


class Caller:
    """Someone at the door: what they send, they send with these headers."""

    def __init__(self, http: httpx.Client, headers: Mapping[str, str] | None = None) -> None:
        self.http = http
        self.headers = dict(headers or {})

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: Any) -> httpx.Response:
        """Any request."""
        return self.http.request(method, path, headers=self.headers | dict(headers or {}), **sent)

    def get(self, path: str, headers: Mapping[str, str] | None = None, **params: Any) -> httpx.Response:
        """GET with query parameters."""
        return self.ask("GET", path, headers, params=params or None)

    def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """POST a JSON body."""
        return self.ask("POST", path, headers, json=body)

    def patch(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """PATCH with a JSON body."""
        return self.ask("PATCH", path, headers, json=body)

    def put(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """PUT a JSON body."""
        return self.ask("PUT", path, headers, json=body)

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """DELETE, without a body."""
        return self.ask("DELETE", path, headers)


class Person(Caller):
    """A caller with an account and a session."""

    def __init__(self, http: httpx.Client, session: Json, password: str) -> None:
        self.session = session
        self.id: str = session["userId"]
        self.email: str = session["email"]
        self.password = password
        self.token: str = session["accessToken"]
        super().__init__(http, {"Authorization": f"Bearer {self.token}"})


def told(response: httpx.Response) -> str:
    """An exchange, for the reader of a failed test."""
    asked = response.request
    sent = asked.content[:600].decode(errors="replace") if hasattr(asked, "_content") else ""
    return f"{asked.method} {asked.url} {sent}\n→ {response.status_code} {response.text[:1500]}"


def ok(response: httpx.Response, status: int = 200) -> Any:
    """The parsed body of an answer with exactly this status."""
    assert response.status_code == status, told(response)
    return response.json()


def refused(response: httpx.Response, status: int, *codes: str) -> Json:
    """The `detail` of a refusal with this status, one of these codes, and the one form that errors have."""
    assert response.status_code == status, told(response)
    assert response.headers["content-type"].startswith("application/json"), told(response)
    error = response.json()
    assert {"result", "status", "message", "errCode", "date", "detail"} <= set(error), told(response)
    assert error["result"] == "ERR", told(response)
    assert error["status"] == status, told(response)
    assert isinstance(error["message"], str), told(response)
    assert error["message"], told(response)
    assert INSTANT.fullmatch(error["date"]), told(response)
    assert isinstance(error["detail"], dict), told(response)
    if codes:
        assert error["errCode"] in codes, told(response)
    detail: Json = error["detail"]
    return detail


def invalid(response: httpx.Response, *fields: str) -> None:
    """Refused as INVALID, with these fields named."""
    detail = refused(response, 400, "INVALID")
    named = str(detail.get("fields", ""))
    assert all(name in named for name in fields), told(response)


def position(response: httpx.Response) -> int:
    """Where the log stands, as an answer to a command says."""
    assert response.is_success, told(response)
    return int(response.headers[POSITION])
