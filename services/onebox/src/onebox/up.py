"""`aiguy up`: the stack, running until Ctrl-C."""

import asyncio
import os

from rich.console import Console
from rich.markup import escape

from onebox.ports import TOOL_SERVICES
from onebox.report import Report
from onebox.site import ISSUERS
from onebox.stack import Stack, StackError
from onebox.status_page.serving import USUAL_PORT, status_page

NO_WAF = "the WAF is off: nginx with ModSecurity is not here, or not wanted (as root: make gateway-install)"
STATUS_PORT = "AIGUY_STATUS_PORT"
OFFLINE = "offline policy (AIGUY_LLM_MODEL and AIGUY_LLM_API_KEY choose a model)"


async def run_up(stack: Stack, report: Report, console: Console) -> int:
    """Start, say where things are, wait for the signal, stop. 1 when the start fails, else 0 (by the signal)."""
    try:
        await stack.start()
        async with status_page(stack.home.read_running, int(os.environ.get(STATUS_PORT, USUAL_PORT))) as address:
            _welcome(stack, console, address)
            await asyncio.Event().wait()
    except StackError as error:
        report.trouble(str(error))
        return 1
    finally:
        await stack.stop()
        console.print("  stopped")
    return 0


def _welcome(stack: Stack, console: Console, status: str) -> None:
    front = stack.front_door or stack.url()
    if stack.site is None:
        console.print(f"\n  [bold]Chat page[/]   {escape(front)}/")
        console.print(f"  [bold]Console[/]     {escape(front)}/console/sign-in?as=kim  (sign in as Kim, of the staff)")
        console.print("  [bold]Terminal[/]    make chat  (in another terminal)")
    else:
        console.print(f"\n  [bold]Console[/]     {escape(front)}/console")
        console.print(f"  [bold]Site[/]        {escape(stack.site)} signs its customers and staff in ({ISSUERS})")
        console.print("  [bold]Demo[/]        off, its page and its persons: one stack serves one site")
    console.print(f"  [bold]HTTP API[/]    {escape(front)}/openapi.json")
    console.print(f"  [bold]Status[/]      {escape(status)}/")
    console.print(f"  [bold]WAF[/]         {escape(stack.front_door or NO_WAF)}")
    console.print(f"  [bold]Brain[/]       {escape(stack.model or OFFLINE)}")
    for name in TOOL_SERVICES:
        console.print(f"  [dim]{name:<11} {escape(stack.url(name))}[/]")
    console.print(f"  [dim]logs        {escape(str(stack.home.logs))}[/]")
    console.print("\n  Ctrl-C stops everything.\n")
