"""`aiguy status`: is each service of the running stack ready?"""

from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from onebox.home import Home


def show_status(home: Home, console: Console) -> int:
    """Print a line per service; 0 when all are ready, else 1."""
    state: dict[str, Any] = home.read_running() or {"urls": {}}
    all_ready = bool(state["urls"])
    for name, url in state["urls"].items():
        ready, detail = _ask(url)
        all_ready = all_ready and ready
        mark = "[green]ready[/]  " if ready else "[red]down[/]   "
        console.print(f"  {mark} {name:<13} {escape(url)}  [dim]{escape(detail)}[/]")
    return 0 if all_ready else 1


def _ask(url: str) -> tuple[bool, str]:
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5.0)
        body = answer.json()
    except (httpx.TransportError, ValueError) as error:
        return False, type(error).__name__
    if answer.status_code == httpx.codes.OK:
        return True, ", ".join(str(name) for name in body.get("checks", {}))
    return False, str(body.get("detail") or body.get("title", ""))
