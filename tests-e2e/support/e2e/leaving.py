"""All that the machine sends to others: spans to a collector, notices to a team's Slack."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from e2e.collector import Collector
from e2e.machine import Machine
from onebox.ports import TOOL_SERVICES
from onebox.stack import SERVICES
from servicekit.testing import eventually
from servicekit.testing.live import live_server
from servicekit.testing.slack import TOKEN, FakeSlack

CHANNEL = "refunds"


@dataclass
class Leaving:
    """What has left so far."""

    machine: Machine
    collector: Collector = field(default_factory=Collector)
    slack: FakeSlack = field(default_factory=FakeSlack)

    async def knocked(self, values: Iterable[str]) -> None:
        """Somebody writes the values into whatever of a request a span could show, to every service. Returns when all
        spans that ended before have come."""
        trace = secrets.token_hex(16)
        async with httpx.AsyncClient(timeout=10) as client:
            for service in SERVICES:
                for value in values:
                    headers = {
                        "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "tracestate": f"shop={value}",
                        "baggage": f"customer={value}", "user-agent": value, "x-request-id": value, "host": value,
                    }  # fmt: skip
                    where = f"{self.machine.stack.url(service)}/nowhere/{value}"
                    assert (await client.get(where, params={"q": value}, headers=headers)).is_client_error
        # Spans leave in the order in which they end.
        await eventually(lambda: all(self._has(service, trace) for service in SERVICES), 20)

    def _has(self, service: str, trace: str) -> bool:
        return any(span.trace_id.hex() == trace for span in self.collector.spans(service))


@asynccontextmanager
async def watched(machine: Machine) -> AsyncIterator[Leaving]:
    """The machine, every service of which sends its spans, and staff hear of hand-overs and approvals in Slack."""
    leaving = Leaving(machine)
    with live_server(leaving.collector.app()) as traces, live_server(leaving.slack.app()) as slack:  # type: ignore[arg-type]
        told = leaving.collector.settings(traces)
        more = {
            "tickets": {"AIGUY_SLACK_BOT_TOKEN": TOKEN, "AIGUY_SLACK_API_URL": f"{slack}/api",
                        "AIGUY_SLACK_CHANNELS": CHANNEL, "AIGUY_TICKETS_NOTICE_CHANNEL": CHANNEL},
        }  # fmt: skip
        await _restarted(machine, {name: told | more.get(name, {}) for name in TOOL_SERVICES})
        await machine.reconfigure(told | {"AIGUY_APPROVALS_CHANNEL": CHANNEL})
        try:
            yield leaving
        finally:
            await _restarted(machine, {name: {} for name in TOOL_SERVICES})
            await machine.reconfigure({})


async def _restarted(machine: Machine, settings: Mapping[str, Mapping[str, str]]) -> None:
    async with asyncio.TaskGroup() as group:
        for name, more in settings.items():
            group.create_task(machine.stack.restart(name, more))
