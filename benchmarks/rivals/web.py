"""What the rivals on FastAPI and psycopg have in common: connections, and an application that opens them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from psycopg_pool import AsyncConnectionPool


def new_pool() -> AsyncConnectionPool:
    """Not opened yet."""
    return AsyncConnectionPool(
        os.environ["RIVAL_DATABASE_URL"],
        min_size=int(os.environ.get("RIVAL_POOL", "8")),
        open=False,
        kwargs={"autocommit": True, "prepare_threshold": 0},
    )


def new_app(pool: AsyncConnectionPool) -> FastAPI:
    """An application that says that it is there, and nothing else yet."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with pool:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/health")
    async def health() -> Response:
        return Response(b"{}", media_type="application/json")

    return app
