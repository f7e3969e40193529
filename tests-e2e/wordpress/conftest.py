"""One WordPress for all tests of this folder, the plugin installed by an administrator, the whole stack behind it."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from e2e.llm import Llm, scripted_orchestrator
from e2e.machine import Machine
from servicekit.keyfiles import DEMO_ISSUER
from servicekit.testing.live import live_server
from servicekit.testing.servers import give_up

from . import plugin
from .goods import ADAS, BENS, sell
from .hostile import watch
from .pushes import pushed
from .release import NoWordPressError
from .site import Site, installed
from .stand_in import StandIn

__all__ = ["watch"]

ChangeSettings = Callable[..., Awaitable[None]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the scripted model run together, after the others: each change restarts the orchestrator."""
    here = Path(__file__).parent
    places = [index for index, item in enumerate(items) if item.path.parent == here]
    ours = sorted((items[index] for index in places), key=lambda item: "model" in getattr(item, "fixturenames", ()))
    for index, item in zip(places, ours, strict=True):
        items[index] = item


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[Site]:
    """WordPress by itself, with pretty permalinks and its people."""
    state = Path(tempfile.mkdtemp(prefix="wordpress-"))
    try:
        async with installed(state) as running:
            yield running
    except NoWordPressError as error:
        give_up("WordPress", [str(error)])
    finally:
        if os.environ.get("AIGUY_TEST_KEEP") == "1":
            print(f"kept: {state}")
        else:
            shutil.rmtree(state)


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's zip."""
    return plugin.build(tmp_path_factory.mktemp("plugin"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def set_up(site: Site, packed: Path, running_machine: Machine) -> dict[str, Any]:
    """The plugin is active, Ada and Ben have bought something; the settings that the site's owner has made."""
    door = running_machine.stack.front_door
    if door is None:
        give_up("front door", ["nginx with ModSecurity and CRS is missing (.ci/packages installs them)"])
    await plugin.install(site, packed)
    for login, orders in {"ada": ADAS, "ben": BENS}.items():
        await sell(running_machine, f"wp_{await site.user_id(login)}", login, orders)
    settings = {"backend_url": door, "placement_floating": True}
    await site.option("aiguy_settings", settings)
    return settings


@pytest.fixture(scope="session")
def trust(site: Site, running_machine: Machine) -> dict[str, str]:
    """What the orchestrator is told, so that it believes the site's tokens and its pages."""
    demo = running_machine.stack.keys.directory / "demo-issuer.jwks.json"
    # The tests' own people of the shop count as staff of this site: they look at what a customer left.
    issuers = [
        {"iss": site.url, "jwks_url": site.rest("/jwks")},
        {"iss": DEMO_ISSUER, "jwks_file": str(demo), "staff_of": site.url},
    ]
    file = site.state / "issuers.json"
    file.write_text(json.dumps(issuers), "utf-8")
    return {"AIGUY_ISSUERS_FILE": str(file), "AIGUY_WEB_ORIGINS": json.dumps([site.url])}


@pytest_asyncio.fixture(loop_scope="session")
async def wordpress(
    site: Site, set_up: dict[str, Any], trust: dict[str, str], running_machine: Machine, request: pytest.FixtureRequest
) -> Site:
    """The site with the plugin, connected: the stack behind the front door believes its tokens."""
    if "model" not in request.fixturenames:
        await running_machine.reconfigure(trust)
    return site


@pytest_asyncio.fixture(loop_scope="session")
async def model(
    wordpress: Site, trust: dict[str, str], running_machine: Machine, scripted_model: Llm
) -> AsyncIterator[Llm]:
    """The same, and the orchestrator asks, with patience, the scripted model, which behaves again with each test."""
    scripted_model.reset()
    patience = {"AIGUY_LLM_TIMEOUT_S": "20", "AIGUY_LLM_IDLE_TIMEOUT_S": "10"}
    await running_machine.reconfigure({**trust, **scripted_orchestrator(scripted_model, **patience)})
    yield scripted_model
    scripted_model.reset()


@pytest_asyncio.fixture(loop_scope="session")
async def settings(wordpress: Site, set_up: dict[str, Any]) -> AsyncIterator[ChangeSettings]:
    """`await settings(mode="poll")`: other settings of the plugin until the test ends."""

    async def change(**more: Any) -> None:
        await wordpress.option("aiguy_settings", {**set_up, **more})

    yield change
    await wordpress.option("aiguy_settings", set_up)


@pytest.fixture
def base() -> StandIn:
    """A knowledge base that notes what is pushed to it."""
    return StandIn()


@pytest.fixture
def address(base: StandIn) -> Iterator[str]:
    """Where it listens."""
    with live_server(base.app()) as url:  # type: ignore[arg-type]
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def pushing(wordpress: Site, settings: ChangeSettings, address: str, base: StandIn) -> Site:
    """The site pushes to the stand-in, which has everything there was."""
    await settings(backend_url=address, push_knowledge=True)
    await pushed(wordpress)
    base.pushes.clear()
    return wordpress
