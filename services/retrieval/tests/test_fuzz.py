"""Whatever is sent to retrieval, it answers as its OpenAPI document says."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from schemathesis import GenerationMode

from contracts.knowledge import INGEST_SCOPE
from contracts.knowledge_state import STATE_PATH, STATE_SCOPE
from contracts.tool import Family
from contracts.tools.retrieval import SEARCH_KB
from retrieval.app import build
from retrieval.ingest import ingest_folder, starter_folder
from retrieval.routes import INGEST_PATH
from retrieval.settings import Settings
from servicekit.auth.claims import Role
from servicekit.embedding import Embedder
from servicekit.testing import eventually
from servicekit.testing.fuzz import MODES, UNHURRIED, Fuzzed, fuzzed
from servicekit.testing.issuer import TestIssuer
from servicekit.testing.tool_client import kit_with

pytestmark = pytest.mark.service
INTERNAL = (INGEST_PATH, f"{INGEST_PATH}/status", STATE_PATH)


@pytest.fixture(scope="module")
def api(
    database_url: Callable[[str], str], redis_url: str, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fuzzed]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    settings = Settings(
        environment="test", database_url=database_url("retrieval"), redis_url=redis_url, index_dir=folder / "index",
        rate_limit_per_minute=UNHURRIED,
    )  # fmt: skip
    asyncio.run(ingest_folder(starter_folder(), database_url=settings.database_url, embedder=embedder))
    issuer = TestIssuer.create()
    app = build(settings, kit_factory=kit_with(issuer), embedder=embedder)
    with fuzzed(app, issuer, Family.RETRIEVAL) as running:
        asyncio.run(eventually(lambda: app.state.knowledge_base.index.state == "ready"))
        yield running


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
def test_search_keeps_to_its_document(api: Fuzzed, mode: GenerationMode) -> None:
    assert api.held(SEARCH_KB.path, mode) > 0


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize("path", INTERNAL)
def test_the_way_in_keeps_to_its_document(api: Fuzzed, path: str, mode: GenerationMode) -> None:
    assert api.held(path, mode, scopes=(INGEST_SCOPE, STATE_SCOPE), subject="staff_eve", role=Role.STAFF) > 0


def test_no_path_is_left_out(api: Fuzzed) -> None:
    assert api.paths == {SEARCH_KB.path, *INTERNAL}
