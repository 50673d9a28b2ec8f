"""The composition root: the one place where rooms, ports and adapters meet. Importing it starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from commands.catalogue import registry
from commands.credentials import Identity
from commands.services import Services
from domain.catalogue import AGGREGATES, RESOURCES
from domain.resources.catalog import LISTING_AMENITY
from domain.user import AccountTerms
from infra.agenda import Agendas
from infra.clock import Clock, Wall, wall_now
from infra.engines import Engines, engines_of
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.upcasts import UPCASTS
from infra.housekeeping import housekeeping
from infra.identity.api_keys import KeyTexts
from infra.identity.callers import Callers
from infra.identity.passwords import Argon2, Cost
from infra.identity.signing import SigningKeys
from infra.identity.superadmin import ensure_superadmin
from infra.identity.throttle import Limits, PostgresThrottle
from infra.identity.tokens import SignedTokens
from infra.ids import new_id
from infra.metrics import Metrics
from infra.parts import Work, parts_of
from infra.payments import callbacks_of, provider_of
from infra.postgres.conninfo import bounded
from infra.postgres.line import Line
from infra.postgres.watch import Watch, look_on
from infra.product import Product
from infra.quote_signer import SignedQuotes
from infra.read_models.locale_texts import LocaleTexts
from infra.read_models.side import ReadSide
from infra.roles import EVERYTHING, Role
from infra.scheduler import Scheduler
from infra.secrets import secret
from infra.settings import Settings
from infra.standing import Standing
from infra.tracing import tracing_of
from infra.tracing.commands import TracedEventStore, counting_bus
from infra.tracing.following import Steps
from infra.tracing.port import Tracing
from infra.zone_finder import ZoneFinder
from projections.catalogue import DEADLINES, PROJECTIONS
from read_api.lists import Pages
from read_api.operators import Limits as OperatorLimits
from read_api.operators import OperatorReads
from read_api.search.dashboards import Dashboards
from read_api.search.indexes import Indexes
from read_api.search.listings import ListingSearch


@asynccontextmanager
async def build(
    settings: Settings, *, conninfo: str, roles: frozenset[Role] = EVERYTHING, wall: Wall = wall_now, **overrides: Any
) -> AsyncIterator[Product]:
    """A product on a migrated database, doing the work of these roles until the block ends.

    `wall` is the machine's time, wherever the product asks for it. `overrides` put another adapter in the place of a
    service, by its name in `commands.services.Services`.

    Raises SettingsError if the first user cannot be made, Unavailable.
    """
    async with AsyncExitStack() as stack:
        tracing = tracing_of(settings, roles)
        if tracing is not None:
            stack.push_async_callback(tracing.close)
        bound = bounded(conninfo, idle_seconds=settings.database_idle_seconds)
        base = await _foundation(stack, settings, bound, tracing, wall)
        services = replace(await _services(stack, base), **overrides)
        engines = await engines_of(stack, settings, base.conninfo, store=base.store, side=base.side, roles=roles)
        work = Work()
        product = await _assembled(stack, base, services, engines, roles=roles, work=work)
        await _first_start(product)
        steps = await _steps(stack, base, engines)
        async with work.going_on([base.watch.run(), *_jobs(product, roles, engines, steps)]):
            yield product


@dataclass(frozen=True)
class _Foundation:
    """What everything else stands on."""

    settings: Settings
    conninfo: str
    clock: Clock
    store: PostgresEventStore
    side: ReadSide
    keys: SigningKeys
    tokens: SignedTokens
    watch: Watch
    metrics: Metrics
    tracing: Tracing | None


async def _foundation(
    stack: AsyncExitStack, settings: Settings, conninfo: str, tracing: Tracing | None, wall: Wall
) -> _Foundation:
    clock = await stack.enter_async_context(Clock(conninfo, movable=settings.sandbox, wall=wall))
    keep = timedelta(hours=settings.idempotency_hours)
    metrics, codec = Metrics(), Codec(AGGREGATES, UPCASTS)
    kind = PostgresEventStore if tracing is None else partial(TracedEventStore, tracing=tracing)
    store = await stack.enter_async_context(
        kind(conninfo, codec, waiting=settings.commands_waiting, keep=keep, shared=metrics.batch)
    )
    pages = Pages(settings.page_rows, settings.page_rows_max)
    side = await stack.enter_async_context(
        ReadSide(conninfo, store, PROJECTIONS, RESOURCES, now=clock.now, pages=pages, tries=settings.projection_tries)
    )
    lifetime = timedelta(hours=settings.token_hours)
    keys = SigningKeys(await _line(stack, conninfo, "signing keys"), lifetime, wall)
    await keys.ensure()
    tokens = SignedTokens(keys, lifetime, wall)
    watched = await _line(stack, conninfo, "watch")
    watch = Watch(look_on(watched, settings.writer_warn_seconds), settings.writer_warn_seconds)
    return _Foundation(settings, conninfo, clock, store, side, keys, tokens, watch, metrics, tracing)


async def _line(stack: AsyncExitStack, conninfo: str, use: str) -> Line:
    line = Line(conninfo, f"innkeep {use}")
    stack.push_async_callback(line.close)
    return line


async def _services(stack: AsyncExitStack, base: _Foundation) -> Services:
    settings = base.settings
    limits = Limits(
        settings.login_failures_per_account,
        settings.login_failures_per_address,
        timedelta(minutes=settings.login_window_minutes),
    )
    identity = Identity(
        passwords=Argon2(Cost(settings.password_hash_rounds, settings.password_hash_memory_kib)),
        tokens=base.tokens,
        throttle=PostgresThrottle(await _line(stack, base.conninfo, "logins"), limits),
        keys=KeyTexts(),
        terms=AccountTerms(settings.password_min_length, settings.password_max_length, settings.require_verified_email),
    )
    zones = ZoneFinder()
    await asyncio.to_thread(zones.zone_at, Decimal(0), Decimal(0))  # its map takes half a second to read
    return Services(
        new_id=new_id,
        terms=settings.terms,
        documents=base.side.documents,
        identity=identity,
        zones=zones,
        quotes=SignedQuotes(await secret(base.conninfo, "quotes")),
        payments=await provider_of(stack, settings, base.conninfo),
        callbacks=callbacks_of(settings),
        filters=Indexes(),
    )


async def _assembled(
    stack: AsyncExitStack,
    base: _Foundation,
    services: Services,
    engines: Engines,
    *,
    roles: frozenset[Role],
    work: Work,
) -> Product:
    settings, side, search = base.settings, base.side, engines.search
    commands = registry()
    bus = counting_bus(base.store, services, base.metrics, settings.idempotency_wait_seconds, base.tracing)
    operator_limits = OperatorLimits(
        page=settings.operators_page_rows,
        entries=settings.feed_entries,
        entries_most=settings.feed_entries_max,
        wait_most=settings.feed_wait_max_seconds,
    )
    agendas = Agendas(await _line(stack, base.conninfo, "deadlines"), base.store, DEADLINES.changes)
    scheduler = Scheduler(
        await _line(stack, base.conninfo, "scheduler"),
        agendas,
        bus,
        commands,
        base.clock,
        seen=side.waiting,
        models=side.models,
    )
    fingerprints = await secret(base.conninfo, "fingerprints")
    return Product(
        settings=settings,
        clock=base.clock,
        store=base.store,
        registry=commands,
        resources=side.resources,
        services=services,
        bus=bus,
        reads=side.reads,
        dashboards=Dashboards(side.search if search is None else search.engine),
        operators=OperatorReads(side.store, side.feeds, operator_limits),
        callers=Callers(base.store, base.tokens),
        signing_keys=base.keys,
        scheduler=scheduler,
        side=side,
        listings=ListingSearch(
            side.search if search is None else search.engine,
            partial(side.store.raws, LISTING_AMENITY.name),
            LocaleTexts(side.asking),
            terms=services.terms,
            now=base.clock.now,
            secret=fingerprints,
        ),
        metrics=base.metrics,
        standing=Standing(base.metrics.registry),
        fingerprint_secret=fingerprints,
        tracing=base.tracing,
        parts=parts_of(
            roles,
            store=base.store,
            side=base.side,
            watch=base.watch,
            scheduler=scheduler,
            engines=engines,
        )
        | {"work": work.health},
    )


async def _first_start(product: Product) -> None:
    superadmin = product.settings.superadmin
    if superadmin is not None:
        email, password = superadmin
        now = {"at": product.clock.now(), "real_now": product.clock.real_now()}
        await ensure_superadmin(product.bus, email, password.get_secret_value(), **now)


async def _steps(stack: AsyncExitStack, base: _Foundation, engines: Engines) -> Steps | None:
    """Who follows the log tells its steps there; None: nobody wants to know them."""
    if base.tracing is None:
        return None
    steps = Steps(base.tracing, await _line(stack, base.conninfo, "traces"))
    base.side.runner.steps = steps
    for follower in engines.followers:
        follower.steps = steps
    return steps


def _jobs(
    product: Product, roles: frozenset[Role], engines: Engines, steps: Steps | None
) -> list[Coroutine[Any, Any, None]]:
    jobs: list[Coroutine[Any, Any, None]] = [engines.relay.run()] if engines.relay else []
    if Role.PROJECTOR in roles:
        jobs.append(product.side.runner.run())
        jobs += [engines.lanes.run()] if engines.lanes else []
        jobs += [engines.search.indexer.run()] if engines.search else []
    if Role.SCHEDULER in roles:
        jobs += [product.scheduler.run(), housekeeping(product.store, steps)]
    return jobs
