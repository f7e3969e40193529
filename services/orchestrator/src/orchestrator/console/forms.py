"""Forms as browsers send them, read strictly: each field once, none that is unknown, texts bounded."""

from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import Request

from contracts.errors import ProblemCode
from contracts.ids import ClientTurnId, ConversationId, Digest, TurnId
from orchestrator.api.macro_steps import MacroText
from orchestrator.api.models import Text
from orchestrator.api.tool_models import ChannelName, PhaseName, SwitchReason, ToolName
from orchestrator.macros.using import MacroUsed
from orchestrator.switches.state import Position
from servicekit.errors import ProblemError, field_errors

FORM_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 24
Fields = TypeVar("Fields", bound="Form")
Question = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=3, max_length=300, pattern=r"^[^\x00-\x1f]+$")
]
Notes = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")]


class Form(BaseModel):
    """Any form. Values are text, so this model is not strict."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignedForm(Form):
    """A form of somebody who is signed in; `csrf` is of their session."""

    csrf: str = Field(max_length=200)


class TokenForm(Form):
    """A staff token, as the site signs it."""

    token: str = Field(min_length=1, max_length=8192)


class DemoForm(Form):
    """Who of the demo's staff one wants to be."""

    who: Literal["kim", "lee"]


class MessageForm(SignedForm):
    """A message to the customer. `message_id` was made with the form: sent twice, it is one message. `macro`: what it
    was made from, as `mac_…@version`.
    """

    text: Text
    message_id: ClientTurnId
    macro: Annotated[str, StringConstraints(pattern=r"^(?:mac_[0-9a-f]{32}@[1-9][0-9]{0,5})?$")] = ""

    @property
    def used(self) -> MacroUsed | None:
        """The macro that it was made from."""
        macro_id, _, version = self.macro.partition("@")
        return MacroUsed(macro_id, int(version)) if macro_id else None


class NoteForm(SignedForm):
    """A note for colleagues."""

    note: Annotated[Notes, StringConstraints(min_length=1)]


class MacroForm(SignedForm):
    """What a macro shall answer, and to what."""

    question: Question
    text: Text

    @property
    def told(self) -> MacroText:
        """The words."""
        return MacroText(self.question, self.text)


class NewMacroForm(MacroForm):
    """A macro that nobody suggested."""

    language: Literal["en", "de", "fr", "es", "it", "nl"]


class MacroEditForm(MacroForm):
    """A change to the version that the page showed."""

    seen: int = Field(ge=1, le=999_999)


class HandbackForm(SignedForm):
    """Handing back, with a word for colleagues."""

    note: Notes = ""


class DraftForm(SignedForm):
    """Sending what the assistant drafted in this turn, as it is or edited."""

    turn_id: TurnId
    text: Text | Literal[""] = ""


class SwitchForm(SignedForm):
    """A switch as the page showed it, and as it shall be; "" is every tool, or every channel."""

    tool: ToolName | Literal[""] = ""
    channel: ChannelName | Literal[""] = ""
    seen: Position
    wanted: Position
    reason: SwitchReason


class PhaseForm(SignedForm):
    """The phase that the page showed, and the one that shall be."""

    seen: PhaseName
    wanted: PhaseName
    reason: SwitchReason
    override: Literal["", "yes"] = ""


class DecisionForm(SignedForm):
    """A yes or no to one exact effect."""

    conversation_id: ConversationId
    turn_id: TurnId
    digest: Digest
    choice: Literal["approve", "deny"]
    notes: Notes = ""


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form. Raises UNSUPPORTED_MEDIA_TYPE, or MALFORMED_BODY when it is none or has a field twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "Send a form.")
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict",
        )  # fmt: skip
    except ValueError as error:
        raise ProblemError(ProblemCode.MALFORMED_BODY, "The form cannot be read.") from error
    found = {name: value.replace("\r\n", "\n") for name, value in pairs}
    if len(found) < len(pairs):
        raise ProblemError(ProblemCode.MALFORMED_BODY, "The form has a field twice.")
    return found


def checked(form: type[Fields], fields: dict[str, str]) -> Fields:
    """The form with these fields. Raises INVALID_REQUEST, which names the fields that are wrong."""
    try:
        return form.model_validate(fields)
    except ValidationError as error:
        named = field_errors(error.errors(), skip=0)
        raise ProblemError(ProblemCode.INVALID_REQUEST, "Please check what you entered.", errors=named) from error
