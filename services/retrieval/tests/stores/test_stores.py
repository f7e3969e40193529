"""What every vector store must do: one suite for the folder and for the server.

AIGUY_TEST_QDRANT_URL (and AIGUY_TEST_QDRANT_API_KEY) runs the server's half on a real one.
"""

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient

from retrieval.backends.edge import EdgeStore
from retrieval.backends.port import (
    Labels,
    Point,
    Question,
    Scope,
    Sparse,
    StoreLost,
    StoreUnavailable,
    Vector,
    VectorStore,
)
from retrieval.backends.server import ServerStore

SIZES = {"deep": 4, "quick": 3}
MADE_WITH = {"deep": "a", "quick": "b"}
NOW = 1_000.0
WEB = Scope("web", NOW)


def unit(size: int, *parts: float) -> Vector:
    vector = np.zeros(size, dtype=np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def labels(document: str, **more: object) -> Labels:
    fields: dict[str, object] = {
        "document_id": document, "version": "v1", "siblings": 1, "channels": ("web", "email"), "tags": (),
        "is_policy": False, "updated_at": 100.0, "expires_at": float("inf"),
    }  # fmt: skip
    return Labels(**{**fields, **more})  # type: ignore[arg-type]


def point(name: str, *quick: float, deep: Vector | None = None, words: tuple[int, ...] = (), **more: object) -> Point:
    sparse = Sparse(words, tuple(1.0 for _ in words))
    return Point(point_id(name), deep, unit(3, *quick), sparse, labels(name.split("/")[0], **more))


def point_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def asking(*quick: float, deep: Vector | None = None, words: tuple[int, ...] = ()) -> Question:
    return Question(deep, unit(3, *quick), Sparse(words, tuple(2.0 for _ in words)))


class Stores:
    """Opens stores over the same data, as a restarted process would."""

    def __init__(self, kind: str, folder: Path, url: str | None) -> None:
        self.kind = kind
        self._folder = folder
        self._url = url
        self._name = f"test-{uuid.uuid4().hex[:8]}"
        self._opened: list[VectorStore] = []

    def new(self, sizes: dict[str, int] | None = None, made_with: dict[str, str] | None = None) -> VectorStore:
        sizes = sizes or SIZES
        store: VectorStore
        if self._url is None:
            store = EdgeStore(self._folder, sizes["deep"], sizes["quick"])
        else:
            key = os.environ.get("AIGUY_TEST_QDRANT_API_KEY", "secret")
            client = AsyncQdrantClient(url=self._url, api_key=key, timeout=5, check_compatibility=False)
            store = ServerStore(client, self._name, sizes, made_with or MADE_WITH)
        self._opened.append(store)
        return store

    async def close(self) -> None:
        while self._opened:
            await self._opened.pop().close()


@pytest.fixture(params=["folder", "server"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stores]:
    url = request.getfixturevalue("qdrant_url") if request.param == "server" else None
    made = Stores(request.param, tmp_path / "index", url)
    yield made
    await made.close()


@pytest.fixture
async def store(stores: Stores) -> VectorStore:
    made = stores.new()
    await made.recreate()
    await made.flush()
    return made


async def _found(store: VectorStore, question: Question, scope: Scope = WEB, limit: int = 10) -> list[str]:
    return [hit.point_id for hit in (await store.search(question, scope, limit)).quick]


def ids(*names: str) -> list[str]:
    return [point_id(name) for name in names]


async def test_each_signal_finds_its_own_best_first(store: VectorStore) -> None:
    await store.put("a", [point("a", 1, deep=unit(4, 0, 1), words=(7,))])
    await store.put("b", [point("b", 0, 1, deep=unit(4, 1), words=(7, 9))])
    found = await store.search(asking(1, 0.1, deep=unit(4, 1, 0.1), words=(9, 7)), WEB, 10)
    assert [hit.point_id for hit in found.quick] == ids("a", "b")
    assert [hit.point_id for hit in found.deep] == ids("b", "a")
    assert [hit.point_id for hit in found.keyword] == ids("b", "a")
    best = found.keyword[0]
    assert best.deep == pytest.approx(0.995, abs=1e-3)
    assert best.quick == pytest.approx(0.0995, abs=1e-3)


async def test_a_point_without_a_deep_vector_is_found_by_the_others(store: VectorStore) -> None:
    await store.put("a", [point("a", 1, words=(7,))])
    found = await store.search(asking(1, deep=unit(4, 1), words=(7,)), WEB, 10)
    assert found.deep == ()
    assert [(hit.point_id, hit.deep) for hit in (*found.quick, *found.keyword)] == [(point_id("a"), None)] * 2


async def test_a_question_without_a_deep_vector_or_words_uses_what_it_has(store: VectorStore) -> None:
    await store.put("a", [point("a", 1, deep=unit(4, 1), words=(7,))])
    found = await store.search(asking(1), WEB, 10)
    assert (found.deep, found.keyword) == ((), ())
    assert [(hit.deep, round(hit.quick, 4)) for hit in found.quick] == [(None, 1.0)]


async def test_what_is_known_already_is_taken_over_and_gets_its_deep_cosines(store: VectorStore) -> None:
    await store.put("a", [point("a", 1, deep=unit(4, 0, 1), words=(7,))])
    await store.put("b", [point("b", 0, 1, deep=unit(4, 1), words=(7, 9))])
    known = await store.search(asking(1, 0.1, words=(9, 7)), WEB, 1)
    await store.put("c", [point("c", 1, 0.1, deep=unit(4, 0, 0, 1), words=(9, 7))])
    found = await store.search(asking(1, 0.1, deep=unit(4, 1, 0.1), words=(9, 7)), WEB, 2, known)
    assert [hit.point_id for hit in found.deep] == ids("b", "a")
    assert [hit.point_id for hit in (*found.quick, *found.keyword)] == ids("a", "b")
    assert [hit.deep is None for hit in (*known.quick, *known.keyword)] == [True, True]
    assert [hit.deep for hit in (*found.quick, *found.keyword)] == pytest.approx([0.0995, 0.995], abs=1e-3)


async def test_what_is_known_but_gone_is_left_out(store: VectorStore) -> None:
    await store.put("a", [point("a", 1, deep=unit(4, 1))])
    known = await store.search(asking(1), WEB, 1)
    await store.remove("a")
    found = await store.search(asking(1, deep=unit(4, 1)), WEB, 1, known)
    assert (found.deep, found.quick) == ((), ())


async def test_the_limit_bounds_each_list(store: VectorStore) -> None:
    for number in range(9):
        await store.put(str(number), [point(str(number), 1, number / 10)])
    assert await _found(store, asking(1), limit=3) == ids("0", "1", "2")


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        (WEB, "plain tagged policy new"),
        (Scope("email", NOW), "plain tagged policy new mail"),
        (Scope("web", NOW - 600), "plain tagged policy new old"),
        (Scope("web", NOW, tags=("tents", "x")), "tagged"),
        (Scope("web", NOW, policies_only=True), "policy"),
        (Scope("web", NOW, updated_after=100.0), "new"),
        (Scope("slack", NOW), ""),
    ],
    ids=["web", "email", "earlier", "tags", "policies", "updated", "nowhere"],
)
async def test_only_what_is_in_scope_is_found(store: VectorStore, scope: Scope, seen: str) -> None:
    different = {
        "plain": {}, "tagged": {"tags": ("tents",)}, "policy": {"is_policy": True}, "new": {"updated_at": 101.0},
        "mail": {"channels": ("email",)}, "old": {"expires_at": NOW - 1},
    }  # fmt: skip
    for name, more in different.items():
        await store.put(name, [point(name, 1, **more)])
    assert set(await _found(store, asking(1), scope)) == set(ids(*seen.split()))


async def test_what_is_in_scope_is_found_behind_a_crowd_that_is_not(store: VectorStore) -> None:
    for number in range(20):
        await store.put(f"x{number}", [point(f"x{number}", 1, channels=("email",))])
    await store.put("a", [point("a", 0.2, 1)])
    assert await _found(store, asking(1), limit=2) == ids("a")


async def test_putting_again_replaces_all_points_of_the_document(store: VectorStore) -> None:
    await store.put("a", [point("a/1", 1, siblings=2), point("a/2", 1, siblings=2)])
    await store.put("b", [point("b", 0, 1)])
    await store.put("a", [point("a/1", 1, version="v2")])
    assert set(await _found(store, asking(1))) == set(ids("a/1", "b"))


async def test_removed_points_are_gone_and_unknown_ones_no_error(store: VectorStore) -> None:
    await store.put("a", [point("a", 1)])
    await store.remove("a")
    await store.remove("never-there")
    assert await _found(store, asking(1)) == []


async def test_a_restart_finds_what_was_complete(stores: Stores, store: VectorStore) -> None:
    await store.put("whole", [point("whole", 1, version="v7")])
    await store.put("half", [point("half", 1, siblings=2)])
    await store.flush()
    await stores.close()
    again = stores.new()
    assert await again.open() == {"whole": "v7"}
    assert len(await _found(again, asking(1))) == 2


async def test_where_nothing_was_made_the_store_is_lost(stores: Stores) -> None:
    with pytest.raises(StoreLost):
        await stores.new().open()


async def test_an_index_of_another_shape_is_lost(stores: Stores, store: VectorStore) -> None:
    await store.put("a", [point("a", 1)])
    await store.flush()
    await stores.close()
    with pytest.raises(StoreLost):
        await stores.new({"deep": 4, "quick": 5}).open()


async def test_a_new_build_starts_empty(store: VectorStore) -> None:
    await store.put("a", [point("a", 1)])
    await store.recreate()
    await store.put("b", [point("b", 1)])
    await store.flush()
    assert await _found(store, asking(1)) == ids("b")


class TestServer:
    """What only a server can do, or suffer."""

    @pytest.fixture
    def stores(self, qdrant_url: str, tmp_path: Path) -> Stores:
        return Stores("server", tmp_path, qdrant_url)

    async def test_the_old_build_answers_until_the_new_one_is_complete(self, store: VectorStore) -> None:
        await store.put("old", [point("old", 1)])
        await store.recreate()
        await store.put("new", [point("new", 1)])
        assert await _found(store, asking(1)) == ids("old")
        await store.flush()
        assert await _found(store, asking(1)) == ids("new")

    async def test_old_builds_and_broken_off_ones_are_deleted(
        self, stores: Stores, store: VectorStore, qdrant: Any
    ) -> None:
        await stores.new().recreate()  # by a process that died
        await store.recreate()
        await store.flush()
        mine = [name for name in qdrant.collections if name.startswith(stores._name)]
        assert len(mine) == 1
        assert qdrant.aliases[stores._name] == mine[0]

    async def test_another_models_index_is_lost(self, stores: Stores, store: VectorStore) -> None:
        with pytest.raises(StoreLost, match="another model"):
            await stores.new(made_with={"deep": "other", "quick": "b"}).open()

    async def test_an_index_deleted_under_it_is_lost(self, stores: Stores, store: VectorStore, qdrant: Any) -> None:
        await store.probe()
        qdrant.collections.pop(qdrant.aliases.pop(stores._name)).drop()
        with pytest.raises(StoreLost):
            await store.search(asking(1), WEB, 3)
        with pytest.raises(StoreLost):
            await store.probe()

    @pytest.mark.parametrize("status", [500, 503, 429, 401])
    async def test_a_failing_server_is_unavailable_but_nothing_is_lost(
        self, store: VectorStore, qdrant: Any, status: int
    ) -> None:
        qdrant.broken = status
        try:
            for call in (store.search(asking(1), WEB, 3), store.probe(), store.put("a", [point("a", 1)])):
                with pytest.raises(StoreUnavailable) as caught:
                    await call
                assert not isinstance(caught.value, StoreLost)
        finally:
            qdrant.broken = 0

    async def test_a_server_that_is_not_there_is_unavailable(self, tmp_path: Path) -> None:
        store = Stores("server", tmp_path, "http://127.0.0.1:9").new()
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            await store.open()
