"""A folder whose process is killed between two flushes: what `open` says is there is there, the rest is put again."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from retrieval.backends.edge import EdgeStore

from .test_stores import SIZES, WEB, asking, ids, point

#: Stores one document and flushes, then another one and a new version of the first, and dies.
_DIES = """
import asyncio, os, signal, sys
from pathlib import Path
from retrieval.backends.edge import EdgeStore
sys.path.insert(0, sys.argv[2])
from stores.test_stores import SIZES, point

async def main():
    store = EdgeStore(Path(sys.argv[1]), SIZES["deep"], SIZES["quick"])
    await store.recreate()
    await store.put("a", [point("a", 1, words=(7,))])
    await store.flush()
    await store.put("b", [point(f"b/{number}", 0, 1, siblings=500) for number in range(500)])
    await store.put("a", [point("a", 1, words=(9,), version="v2")])
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_after_a_kill_nothing_is_taken_for_complete_that_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DIES, str(folder), str(Path(__file__).parents[1]), env=os.environ
    )
    assert await child.wait() == -signal.SIGKILL
    store = EdgeStore(folder, SIZES["deep"], SIZES["quick"])
    try:
        known = await store.open()
        assert known.get("a") in ("v1", "v2", None)
        assert known.get("b") in ("v1", None)
        found = await store.search(asking(0, 1), WEB, 600)
        there = {hit.point_id for hit in found.quick}
        assert ("b" in known) == (set(ids(*(f"b/{number}" for number in range(500)))) <= there)
        await store.put("a", [point("a", 1, words=(9,), version="v2")])
        await store.put("b", [point("b/0", 0, 1)])
        await store.flush()
        again = await store.search(asking(1, words=(9,)), WEB, 600)
        assert {hit.point_id for hit in again.quick} == set(ids("a", "b/0"))
        assert [hit.point_id for hit in again.keyword] == ids("a")
    finally:
        await store.close()
