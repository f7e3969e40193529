"""What is known of a turn that failed: what its customer was told, and what the processes wrote down about it."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from e2e.visitor import Turn

_REQUEST = re.compile(r'"request_id": ?"([^"]+)"')
#: More of it is in the folder, which AIGUY_TEST_KEEP=1 keeps.
MOST_LINES, LONGEST = 40, 700


def account(logs: Path, heard: Collection[str], turn: Turn | None) -> str:
    """`heard` is what each request was answered, with its request id. Lines for people."""
    known = {one for told in heard for one in told.split() if one.startswith("id=")}
    ids = {one.removeprefix("id=") for one in known} - {""}
    saw = []
    if turn is not None:
        ids |= {turn.turn_id, turn.conversation_id}
        saw = [f"{one.id} {one.name} {one.data}" for one in turn.events]
    lines = [*(f"asked  {one}" for one in heard), *(f"saw    {one}" for one in saw), *_logged(logs, ids)]
    return "\n".join(f"    {one[:LONGEST]}" for one in lines)


def _logged(logs: Path, ids: Collection[str]) -> list[str]:
    """The lines that name one of the ids, or a request that a line with one of them names."""
    if not ids:
        return []
    first = list(_naming(logs, ids))
    requests = {found for _, line in first for found in _REQUEST.findall(line)}
    found = [f"{name}: {line}" for name, line in _naming(logs, {*ids, *requests})]
    return [f"logged {one}" for one in found[:MOST_LINES]]


def _naming(logs: Path, ids: Collection[str]) -> Iterator[tuple[str, str]]:
    wanted = re.compile("|".join(map(re.escape, sorted(ids))))
    for file in sorted(logs.glob("*.log")):
        with file.open(encoding="utf-8", errors="replace") as log:
            yield from ((file.stem, line.rstrip()) for line in log if wanted.search(line))
