"""One call of Shopify's Admin GraphQL API: its errors come with status 200, and its limit is on cost.

error code                                     kind
THROTTLED                                      rate_limited, with the time after which there are points enough
ACCESS_DENIED                                  unauthorised: the app lacks a scope
TIMEOUT                                        timeout
any other (SHOP_INACTIVE, INTERNAL_…, none)    unavailable
userErrors of a mutation                       rejected
https://shopify.dev/docs/api/admin-graphql
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orders.backends.shopify_budget import CostBudget
from servicekit.http.remote import RemoteApi, RemoteFailure, RemoteKind

_SYSTEM = "shopify"
_KINDS: dict[str, RemoteKind] = {
    "THROTTLED": "rate_limited", "ACCESS_DENIED": "unauthorised", "TIMEOUT": "timeout",
}  # fmt: skip
#: So long a call waits for points; a longer wait is left to the caller, who knows whether it is worth it.
_PATIENCE_S = 0.5
_LEAST_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class ShopifyApi:
    """The GraphQL endpoint of one shop, in one version of the API. `sleep` is the test's door to waiting."""

    api: RemoteApi
    version: str
    budget: CostBudget
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self, operation: str, document: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The `data` of the document's operation. Raises RemoteFailure; KeyError or TypeError for an odd answer."""
        await self._wait_for_points(operation)
        self.budget.spend(operation)
        answer = await self.api.call(
            "POST",
            f"/admin/api/{self.version}/graphql.json",
            body={"query": document, "operationName": operation, "variables": dict(variables)},
        )
        body = answer.body
        extensions = body.get("extensions")
        pause_s = self.budget.learn(operation, extensions) if extensions and "cost" in extensions else 0.0
        if errors := body.get("errors"):
            raise self._failed(errors, pause_s)
        data: Mapping[str, Any] = body["data"]
        return data

    async def change(self, operation: str, document: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The payload of a document with one mutation. Raises RemoteFailure(rejected) for `userErrors`."""
        (payload,) = (await self.run(operation, document, variables)).values()
        if payload["userErrors"]:
            raise RemoteFailure(_SYSTEM, "rejected", status=200, code="userErrors")
        result: Mapping[str, Any] = payload
        return result

    async def _wait_for_points(self, operation: str) -> None:
        wait_s = self.budget.wait_s(operation)
        if wait_s > _PATIENCE_S:
            raise RemoteFailure(_SYSTEM, "rate_limited", retry_after_s=wait_s, code="budget")
        if wait_s > 0:
            await self.sleep(wait_s)

    def _failed(self, errors: Any, pause_s: float) -> RemoteFailure:
        codes = [
            str((error.get("extensions") or {}).get("code", "")) if isinstance(error, dict) else ""
            for error in (errors if isinstance(errors, list) else [errors])
        ]
        code = next((one for one in codes if one in _KINDS), codes[0] if codes else "")
        kind = _KINDS.get(code, "unavailable")
        retry_after_s = max(pause_s, _LEAST_RETRY_S) if kind == "rate_limited" else None
        return RemoteFailure(_SYSTEM, kind, status=200, retry_after_s=retry_after_s, code=code[:40])
