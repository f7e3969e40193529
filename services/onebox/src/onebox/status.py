"""`aiguy status`: is each service of the running stack ready, and how does it go?"""

from collections.abc import Mapping
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape

from onebox.home import Home
from onebox.numbers import main_numbers
from onebox.ports import GATEWAY, ORCHESTRATOR


def show_status(home: Home, console: Console) -> int:
    """Print a line per service, then the main numbers; 0 when all are ready, else 1."""
    state: dict[str, Any] = home.read_running() or {"urls": {}}
    all_ready = bool(state["urls"])
    asked = {name: f"{url}/readyz" for name, url in state["urls"].items()}
    if front_door := state.get(GATEWAY):
        asked[GATEWAY] = f"{front_door}/livez"
    for name, url in asked.items():
        ready, detail = _ask(url)
        all_ready = all_ready and ready
        mark = "[green]ready[/]  " if ready else "[red]down[/]   "
        console.print(f"  {mark} {name:<13} {escape(url.rpartition('/')[0])}  [dim]{escape(detail)}[/]")
    _show_numbers(state["urls"], console)
    return 0 if all_ready else 1


def _show_numbers(urls: Mapping[str, str], console: Console) -> None:
    """The main numbers; one line instead when a service cannot be asked."""
    try:
        told = [httpx.get(f"{urls[name]}/metrics", timeout=5.0).text for name in (ORCHESTRATOR, "billing")]
    except (httpx.TransportError, KeyError):
        console.print("  [dim]no numbers: not everything answers[/]")
        return
    for line in main_numbers(*told):
        colour = "red" if line.alarm else "default"
        console.print(f"  {line.name:<29} [{colour}]{escape(line.value)}[/]", highlight=False)


def _ask(url: str) -> tuple[bool, str]:
    try:
        answer = httpx.get(url, timeout=5.0)
        body = answer.json()
    except (httpx.TransportError, ValueError) as error:
        return False, type(error).__name__
    if answer.status_code == httpx.codes.OK:
        return True, ", ".join(str(name) for name in body.get("checks", {}))
    return False, str(body.get("detail") or body.get("title", ""))
