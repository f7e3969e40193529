"""`aiguy status`: is each service of the running stack ready, and how does it go?"""

import asyncio

from rich.console import Console
from rich.markup import escape

from onebox.home import Home
from onebox.looking import look


def show_status(home: Home, console: Console) -> int:
    """Print a line per service, then the main numbers; 0 when all are ready, else 1."""
    seen = asyncio.run(look(home.read_running() or {"urls": {}}))
    for one in seen.services:
        mark = "[green]ready[/]  " if one.ready else "[red]down[/]   "
        console.print(f"  {mark} {one.name:<13} {escape(one.url)}  [dim]{escape(one.detail)}[/]")
    for line in seen.lines:
        told = f"[red]{escape(line.value)}[/]  [dim]{escape(line.page)}[/]" if line.alarm else escape(line.value)
        console.print(f"  {line.name:<29} {told}", highlight=False)
    return 0 if seen.ready else 1
