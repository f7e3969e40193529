"""Our public keys, for the services that verify our tokens."""

from typing import Any

from fastapi import APIRouter

from servicekit.auth.keys import KeySet


def wellknown_router(keys: KeySet) -> APIRouter:
    """`GET /.well-known/jwks.json`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/.well-known/jwks.json")
    async def jwks() -> dict[str, Any]:
        return keys.jwks()

    return router
