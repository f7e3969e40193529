"""Taking a master key out of its file, only when nothing is sealed with it any more."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from servicekit.crypto import Keyring
from servicekit.embedded.files import write_private

#: Longer than any process goes on with the file that it has read (`keyfile.py`).
SETTLE_S = 2.5


class KeyInUse(Exception):
    """The key cannot be taken out; the text says why."""


async def retire(path: Path, name: str, count: Callable[[], Awaitable[int]], settle_s: float = SETTLE_S) -> None:
    """Takes the key `name` out of the file. `count` says how many data keys are under it.

    A process that has not seen the last rotation may still use the key, so it is counted again after `settle_s`, and
    stays in the file until then. Nobody else may change the file meanwhile.

    Raises KeyInUse, ValueError (no such key, or the active one).
    """
    without = Keyring.load(path).retired(name)
    await _unused(name, count)
    await asyncio.sleep(settle_s)
    await _unused(name, count)
    write_private(path, without.to_json())


async def _unused(name: str, count: Callable[[], Awaitable[int]]) -> None:
    if used := await count():
        raise KeyInUse(f"{used:,} data keys are still under {name}: rewrap them first")
