"""The outside of the reading of a PDF: starts the child, waits for it, and says in plain words why there is no text.

A PDF is a program of sorts, and one can be made that takes all memory or never ends. So the child has a limit for
memory, for processor time, for the clock and for its answer, gets nothing of our environment, and writes no file.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import asdict, dataclass
from pathlib import Path

from contracts.knowledge import MAX_BODY
from retrieval.sources.pdf import worker
from retrieval.sources.vouched import Unfit

_REASONS = {
    "encrypted": "is protected by a password. Save a copy without one",
    "broken": "is damaged, or is no PDF",
    "scanned": "holds pictures of pages and no text. Run text recognition (OCR) on it first",
    "empty": "has no pages",
    "limits": "takes too much memory or time to read: it may be built to do harm",
    "pages": "has too many pages. Split it",
}


@dataclass(frozen=True, slots=True)
class PdfLimits:
    """Bytes of memory, seconds of processor time, seconds by the clock, pages, characters of text."""

    memory: int = 768 * 1024 * 1024
    cpu_s: int = 20
    wall_s: float = 30.0
    pages: int = 1000
    characters: int = MAX_BODY


@dataclass(frozen=True, slots=True)
class PdfText:
    """The title that the file gives itself, which may be empty, and its text as Markdown."""

    title: str
    markdown: str


async def read_pdf(path: Path, limits: PdfLimits = PdfLimits()) -> PdfText:
    """The text of the PDF at `path`. Raises Unfit."""
    asked = json.dumps({**asdict(limits), "path": os.fspath(path)})
    # -I: the child imports nothing from the folder that it is started in, whoever wrote that.
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(Path(worker.__file__)), asked, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, env={}
    )
    try:
        async with asyncio.timeout(limits.wall_s):
            answer, _ = await child.communicate()
    except TimeoutError:
        raise Unfit(_REASONS["limits"]) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        told = json.loads(answer)
    except ValueError:  # killed by its limits before it could say anything
        raise Unfit(_REASONS["limits"]) from None
    if reason := told.get("refused"):
        raise Unfit(_REASONS[reason])
    return PdfText(told["title"], told["markdown"])
