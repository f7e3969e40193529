"""A tool service with faults, and a catalogue and a gateway that talk to it over real sockets."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from contracts.registry import contracts_of
from contracts.tool import Family
from orchestrator.tools.attempt import Attempter
from orchestrator.tools.calls import CallRequest
from orchestrator.tools.catalog import Catalog
from orchestrator.tools.circuit import Circuits
from orchestrator.tools.gateway import ToolGateway
from orchestrator.tools.metrics import ToolMetrics
from orchestrator.tools.runner import AttemptLoop
from orchestrator.tools.testing import FakeToolService
from servicekit.auth.keys import KeySet, SigningKey
from servicekit.auth.minting import TokenMinter
from servicekit.clock import SystemClock
from servicekit.http.aiohttp_client import AiohttpClient
from servicekit.telemetry import Metrics
