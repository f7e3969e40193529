"""The gate of a streamed answer: only whole words pass, tokens restored and ids masked, some milliseconds at a time."""

from collections.abc import Awaitable, Callable

from orchestrator.guard.vault import Vault

FLUSH_S = 0.04


class StreamGate:
    """Takes text deltas; passes words on in coalesced pieces with their offset in the shown text."""

    def __init__(
        self,
        vault: Vault,
        mask: Callable[[str], str],
        show: Callable[[str, int], Awaitable[None]],
        monotonic: Callable[[], float],
    ) -> None:
        self._vault, self._mask, self._show, self._monotonic = vault, mask, show, monotonic
        self._held = ""
        self._offset = 0
        self._last = 0.0

    async def __call__(self, delta: str) -> None:
        """Take a piece of text as the model wrote it; an empty one takes back what was shown so far."""
        if not delta:
            await self._retract()
            return
        self._held += delta
        now = self._monotonic()
        if now - self._last >= FLUSH_S:
            self._last = now
            await self._pass(_last_space(self._held))

    async def finish(self) -> None:
        """Pass what is left."""
        await self._pass(len(self._held))

    async def _retract(self) -> None:
        self._held = ""
        if self._offset:
            self._offset = 0
            await self._show("", 0)

    async def _pass(self, end: int) -> None:
        if end <= 0:
            return
        ready, self._held = self._held[:end], self._held[end:]
        shown = self._mask(self._vault.show(ready))
        await self._show(shown, self._offset)
        self._offset += len(shown)


def _last_space(text: str) -> int:
    """Where the last whole word ends."""
    return max(text.rfind(" "), text.rfind("\n")) + 1
