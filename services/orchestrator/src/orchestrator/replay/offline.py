"""The sandbox of a service: the offline Brain alone, so that nothing that staff try leaves the process."""

import asyncio

from orchestrator.brain.factory import Brains
from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.replay.sandbox import Parts, Sandbox, open_sandbox
from servicekit.embedding import Embedder


class OfflineSandbox:
    """Opened when it is first asked for. `offline` None: the process runs no turns, and loads the Brain for this."""

    def __init__(self, parts: Parts, offline: OfflineBrain | None) -> None:
        self._parts = parts
        self._offline = offline
        self._embedder: Embedder | None = None
        self._sandbox: Sandbox | None = None
        self._opening = asyncio.Lock()

    async def opened(self) -> Sandbox:
        """The first time it takes a second or two. Raises AssetError."""
        async with self._opening:
            if self._sandbox is None:
                offline = self._offline or await self._loaded()
                brains = Brains(offline, offline, offline)
                self._sandbox = await asyncio.to_thread(open_sandbox, brains, self._parts)
            return self._sandbox

    async def _loaded(self) -> OfflineBrain:
        self._embedder = await asyncio.to_thread(Embedder.load)
        return OfflineBrain(self._embedder)

    def close(self) -> None:
        """Stops what it has loaded."""
        if self._embedder is not None:
            self._embedder.close()
