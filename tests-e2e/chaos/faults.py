"""What is done to a tool service, and undone: by signals to its process, or by the proxy that stands before it."""

import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from e2e.machine import Machine
from onebox.faults import FaultProxy

_HTML = b"<html>It works!</html>"
_BODY = b"content-type: text/html\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(_HTML), _HTML)
#: Beyond the time-out of every tool.
_LONG_S = 30.0
_PROXY: dict[str, Callable[[FaultProxy], None]] = {
    "slowed by 2 s": lambda proxy: proxy.delay(2.0),
    "slowed beyond its time-out": lambda proxy: proxy.delay(_LONG_S),
    "hanging": FaultProxy.hang,
    "connection reset": FaultProxy.reset,
    "cut in mid-body": FaultProxy.cut,
    "answering 500": lambda proxy: proxy.replace(b"HTTP/1.1 500 Oh\r\n" + _BODY),
    "answering garbage": lambda proxy: proxy.replace(b"HTTP/1.1 200 OK\r\n" + _BODY),
}
#: Not a fault of the table: the service wants fewer requests.
TOO_MANY = "answering 429"
_PROXY[TOO_MANY] = lambda proxy: proxy.replace(b"HTTP/1.1 429 Oh\r\n" + _BODY)
_SIGNAL = {"killed": signal.SIGKILL, "frozen": signal.SIGSTOP}
FAULTS = (*_SIGNAL, *(fault for fault in _PROXY if fault != TOO_MANY))


@asynccontextmanager
async def hurt(machine: Machine, services: Sequence[str], fault: str) -> AsyncIterator[None]:
    """The services have the fault inside the block; after it all are well and ready again."""
    for service in services:
        if fault in _PROXY:
            _PROXY[fault](machine.stack.proxies[service])
        else:
            os.kill(machine.stack.pids[service], _SIGNAL[fault])
    try:
        yield
    finally:
        for service in services:
            machine.stack.proxies[service].passing()
            wake = partial(os.kill, machine.stack.pids.get(service, 0) or os.getpid(), signal.SIGCONT)
            with suppress(ProcessLookupError):
                wake()
        await machine.ready(*services)
