"""Rate limits per caller. slowapi declares them, as a decorator on a dependency function (its middleware breaks
streams and does not see included routes). Its storage is synchronous: each hit, and each Redis time-out, would stop the
loop. So the counting itself is `limiter.py`'s.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from limits import RateLimitItem, parse_many
from slowapi import Limiter

from contracts.errors import ProblemCode
from servicekit.admission import gate
from servicekit.errors import ProblemError
from servicekit.limiter import RateLimiter
from servicekit.windows import Count

Dependency = TypeVar("Dependency", bound=Callable[..., Any])
UNLIMITED = frozenset({"/livez", "/readyz", "/metrics", "/openapi.json"})
#: Manifests and public keys: constant bytes that everybody may have.
WELL_KNOWN = "/.well-known/"
_MARK = "__aiguy_rate_limit__"


def peer_key(request: Request) -> str:
    """The peer's address: the socket's, or what a trusted proxy says (see `ServiceSettings.trusted_proxies`).

    Of IPv6 the network of 64 bits: that is what one customer of a provider has, and each of its addresses is theirs.
    """
    return f"ip:{_network(request.client.host)}" if request.client else "ip:unknown"


def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host  # a socket of the machine's own
    if isinstance(address, IPv4Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address.packed, 64), strict=False))


def limited(rate: str, key: Callable[[Request], Any], *, name: str = "caller") -> Callable[[Request], Any]:
    """A dependency that allows `rate` ("60/minute", "5/second;100/hour") per `key(request)` (awaited when it must be).

    Raises ProblemError(RATE_LIMITED) with Retry-After. `name` parts the counts of several limits.
    """
    items: Sequence[RateLimitItem] = parse_many(rate)
    slow = Limiter(key_func=key, auto_check=False)

    @slow.limit(rate)
    async def rate_limit(request: Request) -> None:
        request.state.view_rate_limit = None  # slowapi's decorator reads it to write its own headers
        if request.scope["path"].startswith(WELL_KNOWN):
            return
        found = key(request)
        identifier: str = await found if asyncio.iscoroutine(found) else found
        hashed = sha256(identifier.encode()).hexdigest()[:32]  # nobody stands in Redis by name
        limiter: RateLimiter = request.app.state.kit.limiter
        service: str = request.app.state.kit.settings.service
        if (full := await limiter.spend([Count(item, (service, name, hashed)) for item in items])) is not None:
            raise ProblemError(
                ProblemCode.RATE_LIMITED, "Too many requests; please slow down.", retry_after_s=full.wait_s
            )

    dependency: Callable[[Request], Any] = gate(marked_limited(rate_limit))
    return dependency


def marked_limited(dependency: Dependency) -> Dependency:
    """Marks a dependency that limits a route in its own way, for `assert_all_limited`."""
    setattr(dependency, _MARK, True)
    return dependency


def assert_all_limited(app: FastAPI, *, public_paths: Sequence[str] = (), mark: str = _MARK) -> None:
    """Raises RuntimeError when a route carries no limit, but for health, metrics, /.well-known/ and `public_paths`.

    `mark` is the attribute that its dependency must have: an app with limits of its own kind has its own.
    """
    missing: list[str] = []
    for context in iter_route_contexts(app.routes):
        path = context.path or ""
        if path in UNLIMITED or path in public_paths or path.startswith(WELL_KNOWN):
            continue
        dependant = getattr(context, "dependant", None) if isinstance(context.original_route, APIRoute) else None
        if not (isinstance(dependant, Dependant) and _is_limited(dependant, mark)):
            missing.append(path)
    if missing:
        raise RuntimeError(f"routes without a rate limit: {', '.join(sorted(missing))}")


def _is_limited(dependant: Dependant, mark: str) -> bool:
    return hasattr(dependant.call, mark) or any(_is_limited(child, mark) for child in dependant.dependencies)
