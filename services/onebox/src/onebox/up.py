"""`aiguy up`: the stack, running until Ctrl-C."""

import asyncio

from rich.console import Console
from rich.markup import escape

from onebox.ports import TOOL_SERVICES
from onebox.report import Report
from onebox.stack import Stack, StackError

OFFLINE = "offline policy (AIGUY_LLM_MODEL and AIGUY_LLM_API_KEY choose a model)"


async def run_up(stack: Stack, report: Report, console: Console) -> int:
    """Start, say where things are, wait for the signal, stop. 1 when the start fails, else 0 (by the signal)."""
    try:
        await stack.start()
        _welcome(stack, console)
        await asyncio.Event().wait()
    except StackError as error:
        report.trouble(str(error))
        return 1
    finally:
        await stack.stop()
        console.print("  stopped")
    return 0


def _welcome(stack: Stack, console: Console) -> None:
    console.print(f"\n  [bold]Chat page[/]   {escape(stack.url())}/")
    console.print("  [bold]Terminal[/]    make chat  (in another terminal)")
    console.print(f"  [bold]HTTP API[/]    {escape(stack.url())}/openapi.json")
    console.print(f"  [bold]Brain[/]       {escape(stack.model or OFFLINE)}")
    for name in TOOL_SERVICES:
        console.print(f"  [dim]{name:<11} {escape(stack.url(name))}[/]")
    console.print(f"  [dim]logs        {escape(str(stack.home.logs))}[/]")
    console.print("\n  Ctrl-C stops everything.\n")
