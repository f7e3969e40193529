"""Tokens for tools that answer later: each is good for the answer to one call of one turn, until its time is over."""

from dataclasses import dataclass

from contracts.errors import ProblemCode
from orchestrator.tools.calls import CallRequest
from servicekit.auth.claims import unauthenticated
from servicekit.clock import Clock
from servicekit.crypto import sign_link, verify_link
from servicekit.errors import ProblemError

_PARTS = 5


@dataclass(frozen=True, slots=True)
class Callback:
    """The call that a token is for."""

    turn_id: str
    tool: str
    args_hash: str


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Makes and reads the tokens; `secret` is ours alone, so nobody else makes one."""

    secret: bytes
    clock: Clock

    def token(self, request: CallRequest, within_s: int) -> str:
        """The token for the answer to this call."""
        call = Callback(request.turn_id, request.tool, request.args_hash)
        expires = int(self.clock.now().timestamp()) + within_s
        return f"{call.turn_id}.{call.tool}.{call.args_hash}.{expires}.{sign_link(self.secret, _signed(call), expires)}"

    def read(self, token: str) -> Callback:
        """The call. Raises ProblemError(UNAUTHENTICATED | TOKEN_EXPIRED)."""
        parts = token.split(".")
        if len(parts) != _PARTS or not (parts[3].isascii() and parts[3].isdecimal() and len(parts[3]) <= _PARTS * 3):
            raise unauthenticated("This is no callback token.")
        call, expires = Callback(*parts[:3]), int(parts[3])
        if not verify_link(self.secret, _signed(call), expires, parts[4], now=0):
            raise unauthenticated("This callback token is not ours.")
        if self.clock.now().timestamp() >= expires:
            raise ProblemError(ProblemCode.TOKEN_EXPIRED, "The time for this answer is over.")
        return call


def _signed(call: Callback) -> str:
    return f"callback|{call.turn_id}|{call.tool}|{call.args_hash}"
