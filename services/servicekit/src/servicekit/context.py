"""What a running service holds: built once in the lifespan, closed at its end, found at `app.state.kit`."""

from dataclasses import dataclass
from typing import cast

import redis.asyncio
from starlette.requests import HTTPConnection

from servicekit.auth.verification import TokenVerifier
from servicekit.clock import Clock
from servicekit.db.pool import Database
from servicekit.http.client import HttpPort
from servicekit.limiter import RateLimiter
from servicekit.settings import ServiceSettings
from servicekit.spare import SpareRedis
from servicekit.telemetry.metrics import Metrics


@dataclass(slots=True)
class Kit:
    """The shared means of one app. `http` is the pooled client for calls to other services, `spare` asks Redis for what
    a request can do without.
    """

    settings: ServiceSettings
    clock: Clock
    db: Database
    redis: "redis.asyncio.Redis"
    spare: SpareRedis
    verifier: TokenVerifier
    metrics: Metrics
    limiter: RateLimiter
    http: HttpPort


def kit_of(connection: HTTPConnection) -> Kit:
    """The kit of the app that serves this request."""
    return cast(Kit, connection.app.state.kit)
