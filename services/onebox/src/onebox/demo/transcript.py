"""Prints a talk so that a person can read it: who said what, the steps, the sources, the time."""

import re
import textwrap
from typing import assert_never

from rich.console import Console
from rich.markup import escape

from contracts.turn import (
    ApprovalEvent,
    ChunkEvent,
    CitationEvent,
    ConfirmationEvent,
    EndEvent,
    ErrorEvent,
    StatusEvent,
    ToolEvent,
)
from onebox.demo.talk import Talk

#: Links in an answer are Markdown; on paper their label is enough, the addresses follow below.
LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
INDENT = 4
NAME = 13
WIDTH = 108


def print_title(number: int, title: str, console: Console) -> None:
    """The heading of a scenario."""
    console.print(f"\n  [bold]{number}. {escape(title)}[/]\n")


def print_talk(talk: Talk, console: Console) -> None:
    """The whole talk."""
    name = talk.person.name.split()[0] if talk.person.name else "Guest"
    _paragraph(console, name, talk.question, "bold cyan")
    for ms, event in talk.events:
        match event:
            case StatusEvent():
                _step(console, ms, event.text)
            case ToolEvent():
                _step(console, ms, f"{event.label} ({event.name}: {event.phase})")
            case ConfirmationEvent() | ApprovalEvent():
                _paragraph(console, event.event, event.summary, "yellow")
            case ErrorEvent():
                _paragraph(console, "problem", f"{event.problem.code.value}: {event.problem.detail}", "red")
            case EndEvent():
                _answer(console, event)
            case ChunkEvent() | CitationEvent():
                pass  # the end has the whole text and all sources
            case _:
                assert_never(event)
    console.print(f"{'':>{INDENT + NAME}}[dim]first event {talk.first_ms:.0f} ms, all {talk.total_ms:.0f} ms[/]")


def print_note(name: str, text: str, console: Console) -> None:
    """What somebody does outside of the chat."""
    _paragraph(console, name.split()[0] if name else "", text, "magenta")


def _answer(console: Console, end: EndEvent) -> None:
    _paragraph(console, "AIGuy", LINK.sub(r"\1", end.text), "bold green")
    for citation in end.citations:
        _paragraph(console, "source", f"{citation.title}, {citation.url}: “{citation.quote}”", "dim")
    for name, url in end.links.items():
        _paragraph(console, "link", f"{name}: {url}", "dim", wrap=False)
    facts = f"{end.outcome.value}, answered by {end.answering.value}, confidence {end.confidence:.2f}"
    if end.usage.tokens_in or end.usage.tokens_out:
        facts += f", {end.usage.tokens_in} + {end.usage.tokens_out} tokens"
    _paragraph(console, "outcome", facts, "dim")


def _step(console: Console, ms: float, text: str) -> None:
    console.print(f"{'':>{INDENT}}[dim]{'':<{NAME}}· {escape(text)}  {ms:.0f} ms[/]")


def _paragraph(console: Console, name: str, text: str, style: str, *, wrap: bool = True) -> None:
    lines = [line for part in text.splitlines() for line in (textwrap.wrap(part, WIDTH - NAME) if wrap else [part])]
    for number, line in enumerate(lines or [""]):
        label = name if number == 0 else ""
        body = f"[dim]{escape(line)}[/]" if style == "dim" else escape(line)
        console.print(f"{'':>{INDENT}}[{style}]{escape(label):<{NAME}}[/]{body}")
