"""One cluster for all tests of this folder, and a model that writes at a model's pace."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

# What renders the overlays is with their tests.
sys.path.append(str(Path(__file__).parents[1]))

from k8s.rendered import kubectl

from deploy.cluster import GREEN, LocalCluster
from deploy.customers import Customers
from deploy.releases import Releases
from deploy.signing import token_of
from deploy.versions import use_what_is_new
from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import UNLIMITED, UNLIMITED_DOOR
from onebox.environment import machine_environment
from onebox.home import Home

#: Milliseconds: an answer is written for about a second, so that streams are open whenever something leaves.
PACE = {"first_token_ms": 150, "token_ms": 20, "planner_ms": 100, "steady": True}
#: On a busy machine the model is late too; with less patience some answers came from the offline Brain.
PATIENT = {"AIGUY_LLM_IDLE_TIMEOUT_S": "15", "AIGUY_LLM_TIMEOUT_S": "20", "AIGUY_LLM_FALLBACK_TIMEOUT_S": "20"}
TICKET = {"name": "create_ticket", "arguments": {"subject": "Broken zip", "body": "The zip of my new tent broke."}}
BLUE = ("gateway", "orchestrator", "orchestrator-worker", "orders", "billing", "tickets", "retrieval")


#: It needs a revision to begin with.
collect_ignore = [] if os.environ.get("AIGUY_DEPLOY_BEFORE") else ["test_upgrade.py"]


@contextmanager
def _folder() -> Iterator[Path]:
    """Where everything is. Postgres, which is not root, may enter; AIGUY_TEST_KEEP=1 keeps it."""
    folder = Path(tempfile.mkdtemp(prefix="aiguy-deploy-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        if os.environ.get("AIGUY_TEST_KEEP") == "1":
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)


@asynccontextmanager
async def running_cluster(sources: dict[str, Sequence[Path]], first: str = "") -> AsyncIterator[LocalCluster]:
    """Servers, databases as the release `first` makes them, balancers, and no pod yet."""
    async with Llm.running() as llm:
        llm.behave(**PACE)
        use_what_is_new(llm)
        llm.say("open a ticket", {"calls": [TICKET]}, {"text": "Your ticket is open."}, advance="results")
        environment = {
            **machine_environment(os.environ), **UNLIMITED_DOOR, "AIGUY_LIMITS_FILE": str(UNLIMITED),
            **scripted_orchestrator(llm, **PATIENT), "AIGUY_RATE_LIMIT_PER_MINUTE": "1000000",
        }  # fmt: skip
        with _folder() as folder:
            replicas = {"orchestrator": 2} | dict.fromkeys(GREEN, 0)
            cluster = LocalCluster(Home(folder), environment, sources, replicas, first)
            try:
                await cluster.start()
                yield cluster
            finally:
                await cluster.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster() -> AsyncIterator[LocalCluster]:
    """One of this release."""
    async with running_cluster({}) as cluster:
        yield cluster


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def releases(cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Releases:
    """The overlay is applied: everything runs, and nothing is green."""
    releases = Releases(cluster, tmp_path_factory.mktemp("tree"), kubectl())
    await releases.everything(*BLUE)
    return releases


@pytest.fixture
def customers(cluster: LocalCluster, releases: Releases) -> Customers:
    """Nobody talks yet."""
    return Customers(cluster, lambda person: token_of(cluster.keys, person))
