"""What a scenario works with: the running stack and the people of the demo shop."""

from dataclasses import dataclass

from rich.console import Console

from onebox.demo.facts import Counters, read_counters
from onebox.demo.talk import Caller, Talk, caller
from onebox.demo.transcript import print_talk
from onebox.keys import Person
from onebox.stack import SERVICES, Stack
from servicekit.crypto import Keyring
from servicekit.sealing.subjects import SubjectKeys


@dataclass(frozen=True, slots=True)
class World:
    """The stack, and where to print."""

    stack: Stack
    console: Console

    async def talk(self, person: Person, text: str) -> Talk:
        """`person` says `text` in a new conversation; the talk is printed."""
        async with self.caller(person).client as client:
            talk = await Caller(person, client).say(text)
        self.show(talk)
        return talk

    def show(self, talk: Talk) -> None:
        """Print a talk."""
        print_talk(talk, self.console)

    def caller(self, person: Person) -> Caller:
        """`person` with a client; close its client after use."""
        return caller(person, self.address, self.stack.keys)

    @property
    def address(self) -> str:
        """Where customers and staff come in: by the front door, where there is one."""
        return self.stack.front_door or self.stack.url()

    def database(self, service: str) -> str:
        """URL of a service's own database: only to judge by."""
        return self.stack.addresses.databases[service]

    @property
    def people(self) -> SubjectKeys:
        """The data keys of those whom tickets knows: only to judge by."""
        return SubjectKeys(Keyring.load(self.stack.keys.master("tickets")))

    async def counters(self) -> Counters:
        """The counters of all services now."""
        return await read_counters({name: self.stack.url(name) for name in SERVICES})
