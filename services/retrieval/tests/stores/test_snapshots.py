"""An index goes into a file and comes back, on a folder and on a server; what does not fit is refused."""

import asyncio
import zipfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.knowledge import Document
from contracts.tools.retrieval import SEARCH_KB
from retrieval.backends.port import StoreUnavailable
from retrieval.restore import restore
from retrieval.settings import Settings
from retrieval.snapshot import snapshot
from retrieval.snapshot_file import SnapshotError
from servicekit.errors import ProblemError
from servicekit.testing import eventually
from servicekit.testing.tool_client import ToolClient

pytestmark = pytest.mark.service
Page = Callable[..., Document]
Serving = Callable[[Settings], AbstractAsyncContextManager[ToolClient]]


@pytest.fixture(params=["folder", "server"])
def where(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    if request.param == "folder":
        return settings
    url = request.getfixturevalue("qdrant_url")
    name = f"snap-{settings.index_dir.parent.name}"[:60].replace("[", "-").replace("]", "-")
    more = {"qdrant_url": url, "qdrant_api_key": SecretStr("secret"), "qdrant_collection": name}
    return settings.model_copy(update=more)


def _index(client: ToolClient) -> Any:
    return client.app.state.knowledge_base.index


async def _visit(where: Settings, serving: Serving, *documents: Document) -> tuple[int, set[str]]:
    """Starts the service, stores what is given; says how often the index was rebuilt and what is found."""
    async with serving(where) as client:
        await eventually(lambda: _index(client).revision >= 0)
        if documents:
            await client.app.state.knowledge_base.ingestor.ingest(documents, source="test", full_set=False)
            await _index(client).refresh()
        response = await client.call(SEARCH_KB, {"query": "all about tents"})
        assert response.status_code == 200, response.text
        found = {passage["url"].rsplit("/", 1)[-1] for passage in response.json()["passages"]}
        return _index(client).rebuilds, found


async def test_a_restored_index_is_used_as_it_is_and_follows_from_there(
    where: Settings, serving: Serving, page: Page, tmp_path: Path
) -> None:
    await _visit(where, serving, page("tents"), page("huts"))
    file = tmp_path / "index.snapshot"
    assert "2 documents, 2 windows" in await snapshot(where, file)
    await _visit(where, serving, page("pegs"))
    assert "2 documents, 2 windows were restored" in await restore(where, file)
    assert await _visit(where, serving) == (0, {"tents", "huts", "pegs"})


async def test_a_snapshot_of_a_folder_fills_a_server(
    settings: Settings, qdrant_url: str, serving: Serving, page: Page, tmp_path: Path
) -> None:
    await _visit(settings, serving, page("tents"))
    file = tmp_path / "index.snapshot"
    await snapshot(settings, file)
    more = {"qdrant_url": qdrant_url, "qdrant_api_key": SecretStr("secret"), "qdrant_collection": "from-a-folder"}
    server = settings.model_copy(update=more)
    await restore(server, file)
    assert await _visit(server, serving) == (0, {"tents"})


async def test_while_a_service_has_the_index_nothing_is_restored(
    where: Settings, serving: Serving, page: Page, tmp_path: Path
) -> None:
    await _visit(where, serving, page("tents"))
    file = tmp_path / "index.snapshot"
    await snapshot(where, file)
    async with serving(where) as client:
        await eventually(lambda: _index(client).state == "ready")
        with pytest.raises((StoreUnavailable, ProblemError)):
            await restore(where, file)
        assert (await client.call(SEARCH_KB, {"query": "tents"})).status_code == 200


def _changed(file: Path, changes: dict[str, bytes | None]) -> None:
    with zipfile.ZipFile(file) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(file, "w") as new:
        for name, content in {**contents, **changes}.items():
            if content is not None:
                new.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"manifest.json": b'{"made_with": {"deep": "other"}, "revision": 1, "pages": 1}'}, "other models"),
        ({"manifest.json": b"[]"}, "no manifest"),
        ({"manifest.json": None}, "no manifest"),
        ({"000000.npz": None}, "damaged"),
        ({"000000.npz": b"PK nonsense"}, "damaged"),
    ],
    ids=["model", "manifest", "none", "missing", "page"],
)
async def test_what_does_not_fit_is_refused_and_the_index_stays(
    settings: Settings, serving: Serving, page: Page, tmp_path: Path,
    change: dict[str, bytes | None], reason: str,
) -> None:  # fmt: skip
    await _visit(settings, serving, page("tents"))
    file = tmp_path / "index.snapshot"
    await snapshot(settings, file)
    _changed(file, change)
    with pytest.raises(SnapshotError, match=reason):
        await restore(settings, file)
    assert await _visit(settings, serving) == (0, {"tents"})


async def test_a_file_of_another_kind_is_refused(settings: Settings, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("no zip")
    for path in (other, tmp_path / "nowhere"):
        with pytest.raises(SnapshotError, match="not a snapshot"):
            await restore(settings, path)


def test_a_snapshot_of_nothing_leaves_no_file(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        asyncio.run(snapshot(settings, tmp_path / "index.snapshot"))
    assert list(tmp_path.glob("index.snapshot*")) == []
