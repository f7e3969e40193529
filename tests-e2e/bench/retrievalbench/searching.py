"""Clients that ask one question after the other, in process and over HTTP."""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from contracts.tools.retrieval import SEARCH_KB, SearchInput
from retrieval.answer_cache import AnswerCache
from retrieval.backends.edge import EdgeStore
from retrieval.catalogue import Catalogue
from retrieval.index import SearchIndex
from retrieval.knowledge_base import one_thread_for_products
from retrieval.lexicon import Lexicon
from retrieval.search import Searcher, Tools
from retrieval.synonyms import Synonyms
from retrieval.vocabulary import Vocabulary
from retrieval.weights import Weights
from retrieval.words import Words
from retrievalbench.figures import Latency, percentile
from servicekit.clock import SystemClock
from servicekit.db.pool import Database
from servicekit.embedding import DIMENSIONS, QUICK_DIMENSIONS, Embedder, Goods, QuickEmbedder

CLIENTS = 8
WARM_UP = 40
_TICK = os.sysconf("SC_CLK_TCK")

Ask = Callable[[str], Awaitable[None]]


async def drive(ask: Ask, questions: list[str], cpu: Callable[[], float]) -> Latency:
    """Eight clients share the questions; the first ones do not count. `cpu`: processor seconds of who answers."""
    warm, counted = questions[:WARM_UP], questions[WARM_UP:]
    times: list[float] = []

    async def client(own: list[str], *, counts: bool) -> None:
        for question in own:
            started = time.perf_counter()
            await ask(question)
            if counts:
                times.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(client(warm[number::CLIENTS], counts=False) for number in range(CLIENTS)))
    before, started = cpu(), time.perf_counter()
    await asyncio.gather(*(client(counted[number::CLIENTS], counts=True) for number in range(CLIENTS)))
    wall, used = time.perf_counter() - started, cpu() - before
    return Latency(percentile(times, 0.5), percentile(times, 0.95), used / len(times) * 1000, len(times) / wall)


async def in_process(db: Database, folder: Path, embedder: Embedder, questions: list[str]) -> tuple[float, Latency]:
    """Seconds that the index took to be made, and the searcher's times."""
    words, quick = Words(), QuickEmbedder.load()
    store = EdgeStore(folder, DIMENSIONS, QUICK_DIMENSIONS)
    catalogue = Catalogue(Lexicon(words, embedder.pieces.knows), Vocabulary(words))
    index = SearchIndex(db, store, words, catalogue, quick)
    try:
        started = time.perf_counter()
        await index.refresh()
        made = time.perf_counter() - started
        clock = SystemClock()
        tools = Tools(embedder, quick, words, Synonyms.load(words), Weights.load(), Goods.load())
        searcher = Searcher(index, tools, AnswerCache(clock, lambda _: None), clock)

        async def ask(question: str) -> None:
            await searcher.search(SearchInput(query=question))

        with one_thread_for_products():
            return made, await drive(ask, questions, time.process_time)
    finally:
        await store.close()


async def over_http(settings: dict[str, str], questions: list[str]) -> tuple[float, Latency]:
    """MiB of memory of the service after the searches, and the times that the clients saw."""
    async with _service(settings) as (process_id, url, token):
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:

            async def ask(question: str) -> None:
                async with session.post(url + SEARCH_KB.path, json={"query": question}) as answer:
                    if answer.status != 200:
                        raise RuntimeError(await answer.text())
                    await answer.read()

            found = await drive(ask, questions, lambda: _cpu_seconds(process_id))
        return _rss_mib(process_id), found


@asynccontextmanager
async def _service(settings: dict[str, str]) -> AsyncIterator[tuple[int, str, str]]:
    here = Path(__file__).parent
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, **settings, "PYTHONPATH": str(here.parent)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(here / "serve.py"), env=environment, stdin=pipe, stdout=pipe
    )
    try:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the service has no pipes")
        async with aiohttp.ClientSession() as session:
            told = await _ready(process.stdin, process.stdout, session)
        process.stdin.write(b"token\n")
        told = await _line(process.stdout)
        yield process.pid, told["url"], told["token"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ready(
    stdin: asyncio.StreamWriter, stdout: asyncio.StreamReader, session: aiohttp.ClientSession
) -> dict[str, str]:
    stdin.write(b"token\n")
    told = await _line(stdout)
    while True:
        async with session.get(told["url"] + "/readyz") as answer:
            if answer.status == 200:
                return told
        await asyncio.sleep(0.2)


async def _line(stdout: asyncio.StreamReader) -> dict[str, str]:
    while True:
        line = await stdout.readline()
        if not line:
            raise RuntimeError("the service ended")
        if line.startswith(b'{"url"'):  # its log lines come the same way
            found: dict[str, str] = json.loads(line)
            return found


def _cpu_seconds(process_id: int) -> float:
    fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def _rss_mib(process_id: int) -> float:
    for line in Path(f"/proc/{process_id}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")
