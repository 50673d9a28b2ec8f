"""`innkeep health`: is the process on this machine well?"""

from __future__ import annotations

import sys

import httpx

from infra.settings import Settings, load_settings

SECONDS = 5.0
"""That it has to answer."""


def run(port: int | None) -> None:
    """Prints what is wrong, one line each. Exits 1 if anything is, or if nobody answers."""
    problems = _problems(_address(load_settings(), port))
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201 - this is the command line
    if not problems:
        print("well")  # noqa: T201 - as above
    raise SystemExit(1 if problems else 0)


def _address(settings: Settings, port: int | None) -> str:
    if port is not None or settings.metrics_port is None:
        return f"http://127.0.0.1:{port or 8000}/health"
    everywhere = settings.metrics_host in {"0.0.0.0", "::"}  # noqa: S104 - who listens everywhere listens here too
    host = "127.0.0.1" if everywhere else settings.metrics_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.metrics_port}/health"


def _problems(address: str) -> list[str]:
    try:
        answer = httpx.get(address, timeout=SECONDS, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return [f"nobody answers at {address}: {str(error) or type(error).__name__}"]
    try:
        problems = [f"{part}: {problem}" for part, problem in answer.json()["problems"].items()]
    except (ValueError, LookupError, TypeError, AttributeError):
        return [f"who answers at {address} is no Innkeep: {answer.status_code}"]
    return problems if problems or answer.status_code == httpx.codes.OK else [f"it answered {answer.status_code}"]
