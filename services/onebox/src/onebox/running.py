"""Runs a coroutine until it ends or the person at the terminal wants it to end (Ctrl-C, SIGTERM, a closed terminal)."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_until_signal(main: Coroutine[Any, Any, int], on_signal: Callable[[str], None], *, interrupted: int = 0) -> int:
    """Its result, or `interrupted` when a signal ended it.

    The first signal cancels it; further ones are ignored, so that it cleans up undisturbed.
    """

    async def run() -> int:
        task = asyncio.ensure_future(main)
        stopped = False

        def stop(name: str) -> None:
            nonlocal stopped
            if not stopped:
                stopped = True
                on_signal(name)
                task.cancel()

        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, stop, number.name)
        try:
            return await task
        except asyncio.CancelledError:
            if stopped:
                return interrupted
            raise

    return asyncio.run(run())
