"""REST write routes, made from the registry of commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from commands.bus import Ask, Done, Shown, authorise
from commands.ports import Answer, Wanted
from commands.registry import Command, Route
from commands.wire import Message
from domain.errors import DomainError, Invalid, NotAllowed
from infra.http.edge import FROM_ELSEWHERE, POSITION, REPLAYED, TOKEN, Edge, Endpoint, Foresight, answer, parsed
from infra.http.envelope import Context, encode, failure, success
from infra.http.failures import failed, invalid

if TYPE_CHECKING:
    from infra.product import Product


def endpoint(edge: Edge, command: Command, route: Route) -> Endpoint:
    """What serves one command over HTTP."""
    product = edge.product

    async def serve(request: Request, context: Context) -> Response:
        def render(told: Answer, shown: Shown) -> bytes:
            return rendered(product, context, route, told, shown)

        try:
            if route.for_session and context.disowned:
                raise NotAllowed(FROM_ELSEWHERE)
            authorise(command, context.actor)
            message, body = await said(edge, request, context, command, route)
            ask = Ask(
                actor=context.actor,
                at=product.clock.now(),
                real_now=product.clock.real_now(),
                render=render,
                request_id=context.request_id,
                address=context.address,
                key=edge.key(context, body) if command.idempotent else None,
                ahead=context.ahead,
            )
            done = await product.bus.run(command, message, ask)
        except DomainError as refusal:
            return refused(refusal, await product.store.end())
        return respond(done, route, secure=request.scope["scheme"] == "https")

    return serve


def foresight(edge: Edge, command: Command, route: Route) -> Foresight:
    """Reads the message before the caller is known; what is wrong with it is said once they are."""

    async def foresee(request: Request, context: Context) -> Sequence[Wanted]:
        try:
            context.told = await read(edge, request, context, command, route)
        except DomainError as wrong:
            context.told = wrong
            return ()
        return tuple(command.ahead(context.told[0])) if command.ahead else ()

    return foresee


async def said(edge: Edge, request: Request, context: Context, command: Command, route: Route) -> tuple[Message, Any]:
    """As `read`, unless it was read before. Raises KeyReused for what is no message, with the key of one."""
    try:
        if isinstance(context.told, DomainError):
            raise context.told
        return context.told or await read(edge, request, context, command, route)
    except Invalid:
        key = edge.key(context, None) if command.idempotent else None
        if key is not None:
            await edge.product.bus.check_unused(key)
        raise


async def read(edge: Edge, request: Request, context: Context, command: Command, route: Route) -> tuple[Message, Any]:
    """The message and the JSON it was made of. Raises Invalid, TooLarge."""
    raw = await edge.body(request, context)
    if route.raw:
        fields: dict[str, Any] = {"raw": raw, "signature": context.headers.get("stripe-signature", "")}
        return validated(command, fields), None
    body = parsed(raw) if route.method != "GET" and (raw.strip() or expects_body(command, route)) else {}
    fields = {name: value for name, value in body.items() if name not in command.message.IGNORED}
    for name, value in request.path_params.items():
        if str(fields.get(name, value)) != value:
            raise Invalid({name: "is given by the path"})
        fields[name] = value
    return validated(command, fields), body


def validated(command: Command, fields: dict[str, Any]) -> Message:
    """The message, validated this once. Raises Invalid."""
    try:
        return command.message.model_validate(fields, by_alias=True, by_name=False)
    except ValidationError as error:
        raise invalid(error) from None


def expects_body(command: Command, route: Route) -> bool:
    """Is there anything that a body has to say? What is deleted is named by the path alone."""
    if route.may_be_silent or route.method == "DELETE":
        return False
    given = {f"{{{f.alias or name}}}" for name, f in command.message.model_fields.items()}
    return any(name not in route.path for name in given)


def rendered(product: Product, context: Context, route: Route, told: Answer, shown: Shown) -> bytes:
    """The body of a command's answer."""
    status = told.status or route.status
    if status >= 400:
        problem = told.extra
        return failure(status, problem["errCode"], problem["message"], problem.get("detail"))
    if route.bare:
        return encode(shown if shown is not None else told.extra)
    many = isinstance(shown, list) and told.resource is not None
    name = product.resources[told.resource].plural if many and told.resource else route.data_name
    return success(context, data_name=name, action=route.action, status=status, data=shown, beside=told.extra)


def refused(refusal: DomainError, position: int) -> Response:
    """The answer to a command that was heard and refused, which also says where the log stands."""
    problem = failed(refusal)
    return answer(problem.body, problem.status, {POSITION: str(position), **problem.headers})


def respond(done: Done, route: Route, *, secure: bool) -> Response:
    """The answer with its headers: where the log stands, whether it was replayed, the token of a login."""
    headers = {POSITION: str(done.position), **done.headers}
    if done.replayed:
        headers[REPLAYED] = "true"
    response = answer(done.body, done.status or route.status, headers)
    token = done.headers.get(TOKEN)
    if token:
        response.set_cookie(TOKEN, token, httponly=True, samesite="lax", secure=secure, path="/")
    elif token is not None:
        response.delete_cookie(TOKEN, path="/")
    return response
