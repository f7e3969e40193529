"""The API and the workers are processes of their own: what one of them takes, the other carries out when it can."""

import asyncio

import httpx
import pytest

from deploy.cluster import WORKER, LocalCluster
from deploy.customers import Customer
from deploy.releases import Releases
from deploy.signing import token_of
from e2e.facts import rows
from e2e.people import ADA
from onebox.ports import ORCHESTRATOR
from servicekit.embedded.ports import LOOPBACK

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
_TURN = "SELECT status, runs FROM turns WHERE id = $1"


async def checks_of(port: int) -> set[str]:
    """What a pod's readiness rests on."""
    async with httpx.AsyncClient() as probe:
        return set((await probe.get(f"http://{LOOPBACK}:{port}/readyz")).json()["checks"])


async def test_a_turn_that_no_worker_could_take_is_run_by_the_next_one(
    cluster: LocalCluster, releases: Releases
) -> None:
    api, workers = cluster.workloads[ORCHESTRATOR], cluster.workloads[WORKER]
    assert ["worker" in await checks_of(one.port) for one in api.pods] == [False, False]
    assert ["worker" in await checks_of(one.port) for one in workers.pods] == [True]
    for pod in tuple(workers.pods):
        workers.leave(pod)
    await cluster.settled()

    async with Customer(cluster.url, token_of(cluster.keys, ADA)) as customer:
        turn = await customer.send(await customer.begin(), "Where is my order ABC123?")
        following = asyncio.create_task(customer.follow(turn))
        assert await rows(cluster.databases[ORCHESTRATOR], _TURN, turn.turn_id) == [{"status": "running", "runs": 0}]
        await releases.everything(WORKER)
        # Where a worker takes longer to start than a turn may last, a person is fetched: by the worker, too.
        ended = await following
        assert ended.outcome in ("answered", "handed_over"), "\n".join(f"{one.name} {one.data}" for one in ended.events)
        (row,) = await rows(cluster.databases[ORCHESTRATOR], _TURN, turn.turn_id)
        assert row == {"status": "ended", "runs": 1}
    assert customer.resent == []
