"""Old and new contracts side by side for a whole load: each orchestrator meets each tool service, in all four pairs.

What the next release changes stands in `versions.py`. Behind the Service of each exchanged tool is a pod of either
release, so a customer's card may be shown by one of them and carried out by the other.
"""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from contracts.compat import breaking_changes
from contracts.manifest import MANIFEST_PATH, ServiceManifest
from deploy.books import trouble
from deploy.cluster import WORKER, LocalCluster
from deploy.customers import KINDS, Customers
from deploy.pods import Running
from deploy.versions import next_release
from servicekit.embedded.ports import LOOPBACK

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
MIXED = ("orders", "tickets", "retrieval", WORKER)
CROWDS = 10
TURNS = int(os.environ.get("AIGUY_DEPLOY_TURNS", "60"))


async def manifest_of(pod: Running) -> ServiceManifest:
    """What this pod says that it serves."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{LOOPBACK}:{pod.port}{MANIFEST_PATH}")
    return ServiceManifest.model_validate_json(answer.content)


@pytest.mark.usefixtures("releases")
async def test_both_releases_serve_a_whole_load(cluster: LocalCluster, customers: Customers, tmp_path: Path) -> None:
    cluster.sources["contracts-next"] = [next_release(tmp_path / "next")]
    async with cluster.beside("contracts-next", *MIXED) as newer:
        older = await manifest_of(cluster.workloads["tickets"].pods[0])
        newest = await manifest_of(newer["tickets"])

        def taken() -> dict[str, int]:
            return {
                name: cluster.workloads[name].service.given[pod.port] for name, pod in newer.items() if name != WORKER
            }

        async with customers.talking():
            await customers.goes_on(TURNS)
            # Connections are kept: only when all of them are in use somebody gets a new one, and perhaps a new pod.
            for _ in range(CROWDS):
                if not all(taken().values()):
                    await asyncio.gather(*(customers.turn(*kind) for kind in (KINDS[0], KINDS[1], KINDS[-1]) * 4))
        given = taken()
    print(customers.said(), given)

    assert customers.failed == []
    assert await trouble(customers) == []
    assert len(customers.held) >= TURNS
    # They really differ, by what is allowed, and each had its share.
    assert newest.tools != older.tools
    assert breaking_changes(older.tools, newest.tools) == []
    assert all(given.values())
