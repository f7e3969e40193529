"""Old and new contracts side by side for a whole load: each orchestrator meets each tool service, in all four pairs.

What the next release changes stands in `versions.py`. Behind the Service of each exchanged tool is a pod of either
release, so a customer's card may be shown by one of them and carried out by the other.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.metrics_core import Sample
from prometheus_client.parser import text_string_to_metric_families

from contracts.compat import breaking_changes
from contracts.errors import ProblemCode
from contracts.manifest import MANIFEST_PATH, ServiceManifest
from deploy.books import trouble
from deploy.cluster import WORKER, LocalCluster
from deploy.customers import KINDS, Customers
from deploy.pods import Running
from deploy.versions import next_release
from onebox.ports import ORCHESTRATOR, TOOL_SERVICES
from servicekit.embedded.ports import LOOPBACK
from servicekit.testing import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
TOOLS = ("orders", "tickets", "retrieval")
#: So many of each kind at once, until all that is asked for has happened.
CROWDS = range(4, 16)
MANIFESTS = "aiguy_tool_manifest_reads_total"
TURNS = int(os.environ.get("AIGUY_DEPLOY_TURNS", "60"))


async def manifest_of(pod: Running) -> ServiceManifest:
    """What this pod says that it serves."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{LOOPBACK}:{pod.port}{MANIFEST_PATH}")
    return ServiceManifest.model_validate_json(answer.content)


async def sent_elsewhere(worker: Running) -> Counter[str]:
    """By tool, how many of a worker's calls met a replica of an older release than they were planned with."""
    counted = await numbers(worker, "aiguy_tool_attempts_total")
    refused = [one for one in counted if one.labels["result"] == ProblemCode.CONTRACT_VERSION.value]
    return Counter({one.labels["tool"]: int(one.value) for one in refused})


async def numbers(pod: Running, metric: str) -> list[Sample]:
    """What the pod has counted by this name."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{LOOPBACK}:{pod.port}/metrics")
    samples = [one for family in text_string_to_metric_families(answer.text) for one in family.samples]
    return [one for one in samples if one.name == metric]


async def manifests_are_read_again(cluster: LocalCluster) -> None:
    """Returns when everybody who plans has looked what is served by now: until then a call that only the pods which
    are gone understood ends as one that failed.
    """
    pods = [pod for name in (ORCHESTRATOR, WORKER) for pod in cluster.workloads[name].pods]

    async def read() -> list[int]:
        return [
            sum(int(one.value) for one in await numbers(pod, MANIFESTS) if one.labels["result"] == "read")
            for pod in pods
        ]

    families, before = len(TOOL_SERVICES), await read()

    async def again() -> bool:
        return all(now >= then + families for now, then in zip(await read(), before, strict=True))

    await eventually(again, timeout_s=90)


@asynccontextmanager
async def only(cluster: LocalCluster, pods: dict[str, Running]) -> AsyncIterator[None]:
    """Who connects anew inside of the block meets these pods, and no other of their Services."""
    before = {name: dict(cluster.services[name].behind) for name in pods}
    for name, pod in pods.items():
        cluster.services[name].behind = {pod.port: 1}
    yield
    for name, shares in before.items():
        cluster.services[name].behind |= shares


@pytest.mark.usefixtures("releases")
async def test_both_releases_serve_a_whole_load(cluster: LocalCluster, customers: Customers, tmp_path: Path) -> None:
    cluster.sources["contracts-next"] = [next_release(tmp_path / "next")]
    async with AsyncExitStack() as stack:
        newer = await stack.enter_async_context(cluster.beside("contracts-next", *TOOLS))
        async with only(cluster, newer):
            # It reads the manifests of the next release, so it plans with what only half of the pods know.
            worker = (await stack.enter_async_context(cluster.beside("contracts-next", WORKER)))[WORKER]
        older = await manifest_of(cluster.workloads["tickets"].pods[0])
        newest = await manifest_of(newer["tickets"])

        def taken() -> dict[str, int]:
            return {name: cluster.workloads[name].service.given[pod.port] for name, pod in newer.items()}

        async with customers.talking():
            await customers.goes_on(TURNS)
            # Connections are kept: only when all of them are in use somebody gets a new one, and perhaps a new pod.
            for many in CROWDS:
                if not all(taken().values()) or not (await sent_elsewhere(worker))["create_ticket"]:
                    await asyncio.gather(*(customers.turn(*kind) for kind in (KINDS[0], KINDS[1], KINDS[-1]) * many))
        given, elsewhere = taken(), await sent_elsewhere(worker)
    await manifests_are_read_again(cluster)
    print(customers.said(), given, f"{elsewhere} sent elsewhere", sep="\n  ")

    assert customers.failed == []
    assert await trouble(customers) == []
    assert len(customers.held) >= TURNS
    # They really differ, by what is allowed, and each had its share.
    assert newest.tools != older.tools
    assert breaking_changes(older.tools, newest.tools) == []
    assert all(given.values())
    # Arguments that only one of them knows were really used, and met the other.
    assert elsewhere["create_ticket"] > 0
