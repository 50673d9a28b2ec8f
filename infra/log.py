"""Structured logs: one line an event, with what is bound to the request, and no secrets."""

import logging
import re
import sys
import time
from collections.abc import Callable
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRETS = re.compile(
    r"(?P<kept>\b(?:access_token|password|token)=|\bBearer\s+)[^\s&\"']+|\b(?P<key>(?:sk|rk|whsec)_\w{4})\w+",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """Text with access tokens, API keys and passwords in URLs made unreadable."""
    return _SECRETS.sub(lambda found: (found["kept"] or found["key"]) + "…", text)


class Seldom:
    """Lets a word through when it is first said, and again whenever it has been said for twice as long.

    One that was not said for a while is new again.

    Args:
        silence: seconds after which a word is new.
        most: words that are remembered.
        clock: seconds that pass.
    """

    def __init__(
        self, *, silence: float = 60.0, most: int = 1_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._silence = silence
        self._most = most
        self._clock = clock
        self._said: dict[str, tuple[float, float, float, int]] = {}
        """Of each word: when it was first and last said, when it goes through again, how often it did not."""

    def times(self, word: str) -> int:
        """How often the word was said since it was last let through, this time included; 0 if it must wait."""
        now = self._clock()
        first, last, again, held = self._said.get(word, (now, now, now, 0))
        if now - last > self._silence:
            first, again = now, now
        if len(self._said) >= self._most:
            self._said.clear()
        if now < again:
            self._said[word] = (first, now, again, held + 1)
            return 0
        self._said[word] = (first, now, now + max(1.0, now - first), 0)
        return held + 1


def configure_logging(
    level: Literal["debug", "info", "warning", "error"] = "info",
    style: Literal["json", "console"] = "json",
    stream: TextIO | None = None,
) -> None:
    """Send this process's logs, the libraries' included, to `stream` (standard error when absent).

    Bind what a request is known by with `structlog.contextvars.bind_contextvars(request_id=…)`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[Processor] = (
        [structlog.processors.format_exc_info, _mask_values, structlog.processors.JSONRenderer()]
        if style == "json"
        else [
            structlog.processors.format_exc_info,  # a text as well: there may be a token in it
            _mask_values,
            structlog.dev.ConsoleRenderer(
                colors=False,
                exception_formatter=structlog.dev.plain_traceback,  # the usual one shows local variables: passwords
            ),
        ]
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):  # they bring handlers of their own
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def _mask_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: mask(value) if isinstance(value, str) else value for name, value in event.items()}
