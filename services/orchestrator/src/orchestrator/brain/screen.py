"""What of a model's text reaches the customer while it is still being written."""

from orchestrator.brain.citing import MarkFilter, told_marks
from orchestrator.brain.port import OnText, TakesMarks


class Screen:
    """Passes text on without its citation marks. A text that begins like JSON or code is withheld: it may be a call.

    `clean` is the text so far without marks; `shown` says whether the customer has seen any of it.
    """

    def __init__(self, on_text: OnText, marks: MarkFilter, *, withhold_all: bool = False) -> None:
        self._on_text = on_text
        self._marks = marks
        self._on_marks = on_text.mark if isinstance(on_text, TakesMarks) else None
        self._told = 0
        self._withheld: bool | None = True if withhold_all else None
        self._clean: list[str] = []
        self.shown = False

    @property
    def withheld(self) -> bool:
        """Whether the text is kept back until it is whole."""
        return self._withheld is True

    @property
    def clean(self) -> str:
        """The text that was let through, without marks."""
        return "".join(self._clean)

    async def take(self, text: str) -> None:
        """The next piece from the model."""
        if self._withheld is None and (start := text.lstrip()):
            self._withheld = start[0] in "{`"
        if self._withheld:
            return
        await self._pass_on(self._marks.feed(text))

    async def release(self, whole: str) -> None:
        """Lets the rest through, or all of a text that was withheld and proved to be an answer."""
        if self._withheld:
            self._withheld = False
            await self._pass_on(self._marks.feed(whole))
        await self._pass_on(self._marks.finish())

    async def add(self, text: str) -> None:
        """Adds text of ours to the answer."""
        await self._pass_on(text)

    async def retract(self) -> None:
        """Takes back what was shown: an empty piece tells the reader to start the text anew."""
        if self.shown:
            self.shown = False
            await self._on_text("")

    async def _pass_on(self, text: str) -> None:
        if self._on_marks is not None and len(self._marks.marks) > self._told:
            self._on_marks(told_marks(self._marks.marks[self._told :]))
            self._told = len(self._marks.marks)
        if text:
            self._clean.append(text)
            self.shown = True
            await self._on_text(text)
