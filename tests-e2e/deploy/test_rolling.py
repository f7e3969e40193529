"""Each workload is exchanged while customers talk, by the script of the tree: no turn fails, nothing happens twice."""

import os

import pytest

from deploy.books import trouble
from deploy.cluster import WORKER, LocalCluster
from deploy.customers import Customers
from deploy.releases import Releases
from onebox.ports import GATEWAY, ORCHESTRATOR, TOOL_SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
#: What is exchanged together, as one release. The others take their turn in `make deploy-check`.
ALWAYS = [(ORCHESTRATOR, WORKER), ("billing",), ("retrieval",)]
EVERY = [(GATEWAY,), (ORCHESTRATOR, WORKER), *((name,) for name in TOOL_SERVICES)]
TOGETHER = EVERY if os.environ.get("AIGUY_DEPLOY") == "all" else ALWAYS


@pytest.mark.parametrize("workloads", TOGETHER, ids="+".join)
async def test_a_rolling_deploy_is_noticed_by_nobody(
    cluster: LocalCluster, releases: Releases, customers: Customers, workloads: tuple[str, ...]
) -> None:
    before = {pod.pid for name in workloads for pod in cluster.workloads[name].pods}
    image, colour = workloads[0], "blue" if workloads[0] in (GATEWAY, ORCHESTRATOR) else ""
    releases.write_tag(image, f"next-{image}", colour)

    async with customers.talking():
        await customers.goes_on()
        for workload in workloads:
            await releases.deploy(workload)
        await cluster.settled()
        await customers.goes_on()

    left = [pod for pod in cluster.gone if pod.workload in workloads]
    print(customers.said(), *(f"{one.workload} {one.ended}" for one in left), sep="\n  ")
    assert customers.failed == []
    assert await trouble(customers) == []
    assert {pod.pid for name in workloads for pod in cluster.workloads[name].pods}.isdisjoint(before)
    assert {pod.revision for name in workloads for pod in cluster.workloads[name].pods} == {f"next-{image}"}
    assert [pod.ended for pod in left if not pod.ended.startswith("by itself")] == []
