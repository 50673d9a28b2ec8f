"""Clients that do not give up: each command has a key, and is sent with it until there is an answer, anywhere."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from uuid import UUID, uuid5

import httpx

from tests.e2e.talk import POSITION, Json
from tests.faults.notebook import Attempt, Notebook, Oddity, Told

PATIENCE = 15.0
"""Seconds that a client waits for an answer."""
SPACE = UUID("5d2c2b0e-6f0c-4f3e-9a54-0c9f5a5f0001")


class TimeIsUp(Exception):
    """The load is over."""


class Doors:
    """The ways to the product: one for each process that serves it."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.lines = {name: _line(port) for name, port in ports.items()}
        self.over = threading.Event()
        """No new command is begun; what was begun is brought to its end."""

    def close(self) -> None:
        """Hang up."""
        for line in self.lines.values():
            line.close()


class Client:
    """One thread's way to the product, and its own dice."""

    def __init__(self, name: str, doors: Doors, notebook: Notebook, seed: int) -> None:
        self.name = name
        self.dice = random.Random(f"{seed} {name}")
        self.doors = doors
        self.notebook = notebook
        self._seed = seed
        self._commands = 0

    def send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> httpx.Response:
        """The answer to a command, however long it takes. Raises TimeIsUp before a new one once the load is over."""
        if self.doors.over.is_set():
            raise TimeIsUp
        self._commands += 1
        key = str(uuid5(SPACE, f"{self._seed} {self.name} {self._commands}"))
        pause = 0.05
        while True:
            answer = self._attempt(key, method, path, body, headers)
            if answer is not None and not _come_again(answer):
                self._told(key, answer, body)
                return answer
            time.sleep(pause)
            pause = min(1.0, 2 * pause)

    def get(self, path: str, headers: Mapping[str, str], **params: Any) -> Json:
        """What a read answers, however long it takes. Raises TimeIsUp."""
        while not self.doors.over.is_set():
            _, line = self._door()
            try:
                answer = line.get(path, params=params or None, headers=dict(headers))
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                found: Json = answer.json()
                return found
            if answer.status_code != 503:
                self.notebook.note(Oddity(f"{answer.status_code} to GET {path}: {answer.text[:300]}"))
            time.sleep(0.2)
        raise TimeIsUp

    def _door(self) -> tuple[str, httpx.Client]:
        return self.dice.choice(sorted(self.doors.lines.items()))

    def _attempt(
        self, key: str, method: str, path: str, body: Any, headers: Mapping[str, str]
    ) -> httpx.Response | None:
        where, line = self._door()
        began = time.monotonic()
        try:
            answer = line.request(method, path, json=body, headers={**headers, "Idempotency-Key": key})
        except httpx.TransportError:
            self.notebook.note(Attempt(key, began, time.monotonic(), 0, where=where))
            return None
        self.notebook.note(Attempt(key, began, time.monotonic(), answer.status_code, _code(answer), where))
        return answer

    def _told(self, key: str, answer: httpx.Response, asked: Any) -> None:
        request = answer.request
        path = request.url.path
        told = Told(
            key,
            request.method,
            path,
            answer.status_code,
            _code(answer),
            int(answer.headers.get(POSITION, 0)),
            _id(answer),
            asked or {},
            "Idempotent-Replayed" in answer.headers,
        )
        self.notebook.note(told)
        if answer.status_code not in {200, 201, 402, 409}:  # a declined card is nobody's fault
            self.notebook.note(Oddity(f"{answer.status_code} to {request.method} {path}: {answer.text[:300]}"))


def _line(port: int) -> httpx.Client:
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE)
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # clients share it, and no sessions
    return client


def _come_again(answer: httpx.Response) -> bool:
    return answer.status_code in {503, 429} or (answer.status_code == 409 and "Retry-After" in answer.headers)


def _code(answer: httpx.Response) -> str:
    return "" if answer.is_success else str(answer.json().get("errCode", ""))


def _id(answer: httpx.Response) -> str:
    """The id of what was made or changed: of the resource, or of an operator."""
    body = answer.json() if answer.is_success else {}
    for value in body.values():
        if isinstance(value, dict) and "id" in value:
            return str(value["id"])
    return str(body.get("operatorId") or body.get("id") or "")
