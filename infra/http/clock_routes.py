"""The sandbox's clock. In production these routes do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from domain.errors import NotAllowed
from infra.http.edge import POSITION, REPLAYED, answer, parsed
from infra.http.envelope import Context, encode
from infra.http.failures import invalid
from infra.http.mounting import Mount
from infra.http.openapi import Describe
from infra.sandbox import MoveClock, move, told

if TYPE_CHECKING:
    from infra.product import Product

PATH = "/sandbox/clock"


def asked(body: dict[str, Any]) -> MoveClock:
    """What is asked of the clock. Raises Invalid."""
    try:
        return MoveClock.model_validate(body)
    except ValidationError as error:
        raise invalid(error) from None


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds them in sandbox mode."""
    if not product.settings.sandbox:
        return

    async def look(_request: Request, _context: Context) -> Response:
        return answer(encode(told(product.clock.now())))

    async def set_(request: Request, context: Context) -> Response:
        if not context.actor.admin:
            raise NotAllowed("Only an admin moves the clock.")
        body = parsed(await mount.edge.body(request, context))
        once = mount.edge.key(context, body)
        before = await product.clock.reached_by(once) if once is not None else None
        if before is not None:
            await product.scheduler.run_until(before)  # the first may still be at it
        reached = before or await move(product.clock, product.scheduler, asked(body), once)
        headers = {POSITION: str(await product.store.end())} | ({REPLAYED: "true"} if before else {})
        return answer(encode(told(reached)), headers=headers)

    mount.add((PATH,), "GET", look, operation=describe.plain("getClock", "What time it is in the sandbox", "sandbox"))
    operation = describe.asked("moveClock", "Move the sandbox's clock on", "sandbox", MoveClock)
    mount.add((PATH,), "POST", set_, public=False, operation=operation)
