"""A release of before, from git, is exchanged for this one: its code on the new schemas first, then beside the new.

Only with AIGUY_DEPLOY_BEFORE, a revision from which this one can be reached in one step: `make deploy-check BEFORE=…`.
"""

import os
from pathlib import Path

import pytest
from k8s.rendered import kubectl

from deploy.books import trouble
from deploy.cluster import WORKER, LocalCluster
from deploy.conftest import BLUE, running_cluster
from deploy.customers import Customers
from deploy.releases import Releases
from deploy.signing import token_of
from deploy.versions import released
from onebox.ports import GATEWAY, ORCHESTRATOR, TOOL_SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]
BEFORE, NOW = "before", "now"
#: As the walkthrough has it: tools first, then what calls them.
ORDER = (*TOOL_SERVICES, WORKER, ORCHESTRATOR, GATEWAY)


def write_tags(releases: Releases, tag: str) -> None:
    """The same tag for every image."""
    for image in TOOL_SERVICES:
        releases.write_tag(image, tag)
    for image in (ORCHESTRATOR, GATEWAY):
        releases.write_tag(image, tag, "blue")


async def test_the_release_before_is_exchanged_while_customers_talk(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("upgrade")
    sources = {BEFORE: released(folder / "before", os.environ["AIGUY_DEPLOY_BEFORE"])}
    async with running_cluster(sources, first=BEFORE) as cluster:
        customers = Customers(cluster, lambda person: token_of(cluster.keys, person))
        releases = Releases(cluster, folder, kubectl())
        write_tags(releases, BEFORE)
        await releases.everything(*BLUE)
        write_tags(releases, NOW)
        async with customers.talking():
            await customers.goes_on()
            await cluster.migrate(await releases.documents())
            await customers.goes_on(40)
            on_new_schemas = revisions(cluster)
            for workload in ORDER:
                await releases.deploy(workload)
                await customers.goes_on()
            await cluster.settled()
        print(customers.said())
        assert on_new_schemas == {BEFORE}
        assert revisions(cluster) == {NOW}
        assert customers.failed == []
        assert await trouble(customers) == []


def revisions(cluster: LocalCluster) -> set[str]:
    """The releases that serve."""
    return {pod.revision for one in cluster.workloads.values() for pod in one.pods}
