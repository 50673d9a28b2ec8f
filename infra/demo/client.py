"""A person with a token, talking to the product over HTTP like anybody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx


class Unexpected(Exception):
    """An answer was not what the story says it must be."""


@dataclass
class Person:
    """Somebody who calls the API."""

    http: httpx.AsyncClient
    name: str
    headers: dict[str, str] = field(default_factory=dict)
    id: str = ""

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: int | None = None,
        key: str | None = None,
        seen: str | None = None,
    ) -> httpx.Response:
        """One request. Raises Unexpected if the status is not `expect` (any success by default).

        `seen` is the position of the log that the answer must show: somebody else's write, say.
        """
        headers = dict(self.headers) | ({"X-Event-Position": seen} if seen else {})
        if method != "GET":
            headers["Idempotency-Key"] = key or uuid4().hex
        self.http.cookies.clear()  # several people share this connection, and none of them is a browser
        response = await self.http.request(method, path, json=body, headers=headers)
        good = response.status_code == expect if expect else response.is_success
        if not good:
            raise Unexpected(f"{self.name}: {method} {path} answered {response.status_code}: {response.text[:500]}")
        return response

    async def get(self, path: str, name: str, *, seen: str | None = None) -> Any:
        """One resource, or a list of them, out of its envelope."""
        return (await self.ask("GET", path, seen=seen)).json()[name]

    async def post(self, path: str, body: Any, name: str) -> Any:
        """Something new, out of its envelope."""
        return (await self.ask("POST", path, body)).json()[name]

    async def patch(self, path: str, body: Any, name: str) -> Any:
        """Something changed, out of its envelope."""
        return (await self.ask("PATCH", path, body)).json()[name]

    async def log_in(self, email: str, password: str) -> None:
        """Gets an access token and uses it from now on."""
        response = await self.ask("POST", "/login", {"username": email, "password": password})
        session = response.json()
        self.id = session["userId"]
        self.headers["Authorization"] = f"Bearer {session['accessToken']}"


async def newcomer(http: httpx.AsyncClient, name: str, run: str) -> Person:
    """Somebody who registers and logs in."""
    person = Person(http, name)
    email, password = f"{name.lower()}.{run}@people.example", f"{name}-secret-{run}"
    await person.ask("POST", "/v1/registeruser", {"email": email, "password": password, "fullname": name})
    await person.log_in(email, password)
    return person
