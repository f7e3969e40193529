"""What the scripts' kubectl asks of the cluster, by the words that the scripts use. Any other word is an error."""

import asyncio
import json
from pathlib import Path
from typing import Any, Protocol

import yaml

Document = dict[str, Any]


class Refused(Exception):
    """What kubectl would end with exit code 1 for; the message is what it says."""


class Cluster(Protocol):
    """What is asked for."""

    async def apply(self, documents: list[Document]) -> None:
        """Take these documents over."""

    def forget_jobs(self, label: str) -> None:
        """Jobs with this name as their label are there no more."""

    async def jobs_done(self, label: str) -> None:
        """Return when all jobs with this name as their label have succeeded. Raises Refused."""

    async def rolled_out(self, name: str) -> None:
        """Return when all pods of the workload are those of its newest revision. Raises Refused."""

    def weigh(self, backend: int, weight: int) -> None:
        """The route's n-th backend gets this weight."""


class Control:
    """Listens at `door`, a Unix socket."""

    def __init__(self, cluster: Cluster, door: Path) -> None:
        self._cluster, self._door = cluster, door
        self._server: asyncio.Server | None = None
        #: What was asked, in its order.
        self.asked: list[str] = []

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._accept, self._door, limit=8 * 1024 * 1024)

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told = json.loads(await reader.readline())
        try:
            await self._do([str(word) for word in told["words"]], told["file"])
            answer = {"code": 0, "said": ""}
        except Refused as error:
            answer = {"code": 1, "said": str(error)}
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    async def _do(self, words: list[str], file: str) -> None:
        self.asked.append(" ".join(words))
        verbs = [word for word in words if not word.startswith("-")]
        if "apply" in words:
            if "--dry-run=server" not in words:
                await self._cluster.apply(_selected(words, file))
        elif "delete" in words and "job" in words:
            self._cluster.forget_jobs(_label(words)[1])
        elif "wait" in words and "--for=condition=complete" in words:
            await self._cluster.jobs_done(_label(words)[1])
        elif "rollout" in verbs and "status" in verbs:
            await self._cluster.rolled_out(words[-1].removeprefix("deployment/"))
        elif verbs[:2] == ["argo", "rollouts"] and "status" in verbs:
            await self._cluster.rolled_out(verbs[verbs.index("status") + 1])
        elif "patch" in words:
            for change in json.loads(words[words.index("--patch") + 1]):
                _, where, place, what = change["path"].rsplit("/", 3)
                if (where, what) != ("backendRefs", "weight"):
                    raise Refused(f"not known here: {change}")
                self._cluster.weigh(int(place), change["value"])
        elif "get" not in words:
            raise Refused(f"not known here: {words}")


def _selected(words: list[str], file: str) -> list[Document]:
    label, value = _label(words)
    every = yaml.load_all(file, yaml.CSafeLoader)
    return [one for one in every if one["metadata"].get("labels", {}).get(label) == value]


def _label(words: list[str]) -> tuple[str, str]:
    label, _, value = words[words.index("--selector") + 1].partition("=")
    return label, value
