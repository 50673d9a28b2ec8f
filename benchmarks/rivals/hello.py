"""FastAPI as its first page shows it: a route that answers a small dict. No login, no database."""

from fastapi import FastAPI

HELLO = {"message": "Hello World"}


def create_app() -> FastAPI:
    app = FastAPI()

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {}

    @app.get("/")
    async def hello() -> dict[str, str]:
        return HELLO

    return app
