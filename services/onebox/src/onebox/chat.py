"""A conversation with the running stack from the terminal."""

import asyncio
import time
from typing import assert_never

import httpx
from rich.console import Console
from rich.markup import escape
from rich.prompt import Confirm

from contracts.turn import (
    ApprovalEvent,
    ChunkEvent,
    CitationEvent,
    ConfirmationEvent,
    EndEvent,
    ErrorEvent,
    StatusEvent,
    StreamEvent,
    ToolEvent,
)
from onebox.agent import AgentClient, ApiError

RENEW_BEFORE_S = 30.0
_WORDS = {"customer": "in your words:", "assistant": "written by the assistant:", "others": "holds words of others:"}
HELP = "Write a message. /person asks for a person, /quit ends."


class DemoSession:
    """A token of the local demo page, renewed before it expires."""

    def __init__(self, base_url: str, who: str) -> None:
        self._url = f"{base_url}/demo/session"
        self._who = who
        self._guest_id: str | None = None
        self._token = ""
        self._renew_at = 0.0

    def token(self) -> str:
        """A token that is good for at least half a minute. Raises httpx.HTTPError."""
        if time.monotonic() >= self._renew_at:
            answer = httpx.post(self._url, json={"who": self._who, "guest_id": self._guest_id}, timeout=10.0)
            answer.raise_for_status()
            session = answer.json()
            self._token = str(session["token"])
            if self._who == "guest":
                self._guest_id = str(session["subject"])
            self._renew_at = time.monotonic() + float(session["expires_in"]) - RENEW_BEFORE_S
        return self._token


class Screen:
    """Shows the events of one turn as they come."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown = ""
        self._in_line = False

    def show(self, event: StreamEvent) -> None:
        """Print one event."""
        match event:
            case StatusEvent():
                self._step(event.text)
            case ToolEvent():
                self._step(f"{event.label}: {event.phase}")
            case ChunkEvent():
                if event.offset == 0 and self._shown:
                    self._break()
                    self._shown = ""
                self._console.print(escape(event.text), end="")
                self._shown += event.text
                self._in_line = True
            case CitationEvent():
                self._line(
                    f"[dim]source: {escape(event.title)}, {escape(event.url)}\n        “{escape(event.quote)}”[/]"
                )
            case ConfirmationEvent():
                self._line(f"[bold yellow]Please confirm:[/] {escape(event.summary)}")
                for one in event.texts:
                    self._line(f"[dim]{_WORDS[one.by]}[/] “{escape(one.text)}”")
            case ApprovalEvent():
                self._line(f"[yellow]Waiting for approval by our staff:[/] {escape(event.summary)}")
            case ErrorEvent():
                self._line(f"[red]{escape(event.problem.detail or event.problem.title)}[/]")
            case EndEvent():
                self._end(event)
            case _:
                assert_never(event)

    def _end(self, event: EndEvent) -> None:
        if event.text.strip() != self._shown.strip():
            self._line(escape(event.text))
        for name, url in event.links.items():
            self._line(f"[dim]{escape(name)}: {escape(url)}[/]")
        self._line(f"[dim]({event.outcome.value}, answered by {event.answering.value})[/]")

    def _step(self, text: str) -> None:
        self._line(f"[dim]· {escape(text)}[/]")

    def _line(self, markup: str) -> None:
        self._break()
        self._console.print(markup)

    def _break(self) -> None:
        if self._in_line:
            self._console.print()
            self._in_line = False


async def hold_turn(client: AgentClient, conversation_id: str, turn_id: str, console: Console) -> None:
    """Show a turn to its end, asking for a confirmation when the turn does."""
    screen = Screen(console)
    async for event in client.follow(conversation_id, turn_id):
        screen.show(event)
        if isinstance(event, ConfirmationEvent):
            agreed = await asyncio.to_thread(Confirm.ask, "  Go on?", console=console, default=False)
            await client.decide(conversation_id, turn_id, event.digest, confirmed=agreed)


def chat(base_url: str, who: str, console: Console) -> None:
    """Talk until /quit, Ctrl-D or Ctrl-C. Raises httpx.HTTPError when the stack cannot be reached."""
    session = DemoSession(base_url, who)
    client = AgentClient(base_url, session.token)
    console.print(f"[dim]You are {escape(who)}. {HELP}[/]")
    with asyncio.Runner() as runner:
        conversation_id, disclosure = runner.run(client.open())
        console.print(escape(disclosure))
        while (text := console.input("\n[bold]you>[/] ").strip()) != "/quit":
            if text:
                try:
                    runner.run(_say(client, conversation_id, text, console))
                except ApiError as error:
                    console.print(f"[red]{escape(str(error))}[/]")


async def _say(client: AgentClient, conversation_id: str, text: str, console: Console) -> None:
    if text == "/person":
        turn_id = await client.hand_off(conversation_id)
    else:
        turn_id = await client.send(conversation_id, text)
    await hold_turn(client, conversation_id, turn_id, console)
