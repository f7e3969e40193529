"""What searching and ingesting costs: `make bench-retrieval`, on a quiet machine, two to ten minutes.

For each size a fresh database is filled with the pages of the knowledge bench and made-up ones. Then 8 clients ask its
questions without a pause, none twice: the searcher in process, and the service over HTTP in a process of its own.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from retrievalbench.corpus import Corpus
from retrievalbench.figures import Figures, Latency, verdicts
from retrievalbench.searching import in_process, over_http
from retrievalbench.store import fill

from servicekit.db.pool import Database
from servicekit.embedding import Embedder
from servicekit.testing.databases import TestDatabases
from servicekit.testing.servers import postgres_url, valkey_url

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Prints a table and a verdict per bar; 1 with --strict when one was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000], help="chunks (1000 10000)")
    parser.add_argument("--deep", type=int, default=200, help="windows that the deep model sees (200)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a bar was missed")
    told = parser.parse_args()
    load = os.getloadavg()[0]
    place = Path(tempfile.mkdtemp(prefix="aiguy-retrieval-", dir="/var/tmp"))
    place.chmod(0o755)
    found: list[Figures] = []
    try:
        with postgres_url(place / "postgres") as database, valkey_url(place / "valkey") as redis:
            databases = TestDatabases(database)
            for size in told.sizes:
                url = databases.create("retrieval")
                folder = place / f"index-{size}"
                found.append(asyncio.run(_measure(size, url, redis, folder, told.deep)))
                print(_lines(found[-1]), flush=True)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    judged = [(one.chunks, verdict) for one in found for verdict in verdicts(one)]
    print(f"load of the machine: {load:.1f} before, {os.getloadavg()[0]:.1f} after, {os.cpu_count()} cores")
    for chunks, verdict in judged:
        print(f"  {'met   ' if verdict.met else 'MISSED'}  {chunks:>6} chunks  {verdict.bar:<40} {verdict.reached}")
    path = ROOT / "bench-results" / f"retrieval-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.parent.mkdir(exist_ok=True)
    report = {
        "load_before": load, "cores": os.cpu_count(), "figures": [asdict(one) for one in found],
        "verdicts": [{"chunks": chunks, **verdict._asdict()} for chunks, verdict in judged],
    }  # fmt: skip
    path.write_text(json.dumps(report, indent=2) + "\n")
    print(f"written to {path.relative_to(ROOT)}")
    return 1 if told.strict and not all(verdict.met for _, verdict in judged) else 0


async def _measure(size: int, url: str, redis: str, folder: Path, deep: int) -> Figures:
    corpus = Corpus()
    embedder = Embedder.load()
    db = await Database.connect(url, size=4)
    try:
        filled = await fill(db, corpus, size, embedder, deep)
        asked = corpus.questions()
        made, inside = await in_process(db, folder / "inside", embedder, asked)
    finally:
        await db.close()
        embedder.close()
    print(f"{size} chunks: stored in {filled.totals.documents} documents, index made in {made:.1f} s", flush=True)
    print(_latency("in process", inside), flush=True)
    settings = {
        "AIGUY_DATABASE_URL": url, "AIGUY_REDIS_URL": redis, "AIGUY_INDEX_DIR": str(folder / "http"),
        "AIGUY_RATE_LIMIT_PER_MINUTE": "1000000", "AIGUY_ENVIRONMENT": "test", "AIGUY_LOG_LEVEL": "error",
        "MALLOC_ARENA_MAX": "1",  # as on one machine
    }  # fmt: skip
    rss, outside = await over_http(settings, asked)
    return Figures(
        chunks=filled.totals.chunks, windows=filled.totals.windows, documents=filled.totals.documents,
        ingest=filled.ingest, ingest_cpu=filled.ingest_cpu, deepening=filled.deepening,
        deep_sample=filled.deep_sample, index_s=made, in_process=inside, http=outside, rss_mib=rss,
    )  # fmt: skip


def _lines(one: Figures) -> str:
    return "\n".join((
        f"{one.chunks} chunks in {one.documents} documents, {one.windows} windows",
        f"  ingest         {one.ingest:8.0f} chunks/s, {one.ingest_cpu:.0f} per second of a core",
        f"  deepening      {one.deepening:8.1f} windows/s ({one.deep_sample} windows; the others have stand-ins)",
        f"  index made in  {one.index_s:8.1f} s",
        _latency("in process", one.in_process),
        _latency("over HTTP", one.http),
        f"  memory         {one.rss_mib:8.0f} MiB of the service",
    ))  # fmt: skip


def _latency(name: str, one: Latency) -> str:
    return (
        f"  {name:<14} p50 {one.p50:6.1f} ms  p95 {one.p95:6.1f} ms  "
        f"{one.cpu:5.1f} ms CPU a search  {one.per_second:5.0f}/s"
    )


if __name__ == "__main__":
    sys.exit(main())
