"""A release tried by a share of the customers first, by the weights of the route, and taken back while they talk."""

from pathlib import Path

import pytest

from deploy.books import trouble
from deploy.cluster import GREEN, LocalCluster
from deploy.customers import Customers
from deploy.releases import Releases
from deploy.versions import broken_release
from onebox.ports import GATEWAY, ORCHESTRATOR

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]


async def test_customers_move_to_green_by_weights_and_back(
    cluster: LocalCluster, releases: Releases, customers: Customers
) -> None:
    cluster.replicas |= dict.fromkeys(GREEN, 1)
    for image in (ORCHESTRATOR, GATEWAY):
        releases.write_tag(image, "green", "green")
        await releases.deploy(image)

    async with customers.talking():
        met = {}
        for percent in (10, 50, 100, 0):
            await releases.shift(percent)
            before = cluster.shares()
            await customers.goes_on(12)
            met[percent] = tuple(now - then for now, then in zip(cluster.shares(), before, strict=True))
    cluster.replicas |= dict.fromkeys(GREEN, 0)
    await releases.everything(*GREEN)
    await cluster.settled()
    print(customers.said(), met, sep="\n  ")

    assert customers.failed == []
    assert await trouble(customers) == []
    assert met[10][0] > met[10][1]
    assert all(met[50])
    assert (met[100][0], met[0][1]) == (0, 0), "a colour without a weight was met"


async def test_a_release_that_cannot_start_is_noticed_by_nobody_and_the_mended_one_serves(
    cluster: LocalCluster, releases: Releases, customers: Customers, tmp_path: Path
) -> None:
    serving = [pod.pid for pod in cluster.workloads["orders"].pods]
    cluster.sources["broken"] = [broken_release(tmp_path / "broken", "orders")]
    releases.write_tag("orders", "broken")

    async with customers.talking():
        await customers.goes_on()
        with pytest.raises(AssertionError, match="orders"):
            await releases.deploy("orders")
        await customers.goes_on()

    assert customers.failed == []
    assert await trouble(customers) == []
    assert [pod.pid for pod in cluster.workloads["orders"].pods] == serving

    releases.write_tag("orders", "mended")
    await releases.deploy("orders")
    await cluster.settled()
    assert {pod.revision for pod in cluster.workloads["orders"].pods} == {"mended"}
