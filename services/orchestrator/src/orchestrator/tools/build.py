"""Puts the tools side together. The composition root calls it; tests pass their own parts."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator.switches.board import Switchboard
from orchestrator.tools.attempt import Attempter
from orchestrator.tools.cache import ReadCache
from orchestrator.tools.callbacks import Callbacks
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.circuit import Circuits
from orchestrator.tools.gateway import ToolGateway
from orchestrator.tools.metrics import ToolMetrics
from orchestrator.tools.runner import AttemptLoop
from servicekit.auth.minting import TokenMinter
from servicekit.clock import Clock
from servicekit.http.breaker import BreakerConfig
from servicekit.http.client import HttpPort
from servicekit.spare import SpareRedis
from servicekit.telemetry import Metrics

CLIENT = "orchestrator/0.1.0"


@dataclass(frozen=True, slots=True)
class Tools:
    """The catalogue (run `catalog.first_look()` once, then `catalog.run()` in the background) and the gateway."""

    catalog: Catalog
    gateway: ToolGateway


@dataclass(frozen=True, slots=True)
class CacheParts:
    """Where reads are cached, and the 32-byte key that seals them."""

    redis: SpareRedis
    key: bytes


def build_tools(
    *,
    urls: Mapping[str, str],
    http: HttpPort,
    minter: TokenMinter,
    metrics: Metrics,
    clock: Clock,
    allowlist: Collection[str] | None = None,
    cache: CacheParts | None = None,
    callbacks: Callbacks,
    breaker: BreakerConfig | None = None,
    jitter: random.Random | None = None,
    switches: Switchboard | None = None,
) -> Tools:
    """The tools side over these parts. `urls` maps families to base URLs; `cache` None: nothing is cached;
    `switches` None: nothing is ever off.
    """
    counted = ToolMetrics(metrics)
    catalog = Catalog(urls, http, counted, allowlist=allowlist, client=CLIENT)
    circuits = Circuits(clock, counted, breaker)
    loop = AttemptLoop(Attempter(http, minter, CLIENT, callbacks), circuits, counted, clock, jitter or random.Random())
    kept = None if cache is None else ReadCache(cache.redis, cache.key, clock, counted)
    return Tools(catalog, ToolGateway(catalog, loop, circuits, counted, clock, cache=kept, switches=switches))
