"""The Slack channel as all its parts know it: its workspace, and how messages, places and people are named."""

import hmac
from dataclasses import dataclass, field

from orchestrator.channels.slack.events import Heard
from orchestrator.channels.slack.store import Names
from servicekit.auth.claims import Caller, Role


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """`team`: the workspace. `site`: the issuer whose customers and staff write there. `staff_channel`: where staff are
    told, "" for nowhere. One person is answered `per_hour` times at most. `app`: how people find the app there.
    """

    team: str
    site: str
    key: bytes = field(repr=False)
    staff_channel: str = ""
    per_hour: int = 60
    app: str = ""

    def connects(self, caller: Caller) -> bool:
        """Whether a customer can be themselves there: guests cannot, and staff are at home in the console."""
        return caller.role is Role.CUSTOMER and caller.site == self.site

    def names(self, heard: Heard) -> Names:
        """The names of a message. A mention in a channel comes as two events, which are one message."""
        return Names(
            id=self._hash("message", heard.channel, heard.ts), person=self.person(heard.team, heard.user),
            place=self._hash("place", heard.channel, heard.thread or ("" if heard.direct else heard.ts)),
            said=self._hash("said", " ".join(f"{heard.text} {' '.join(heard.files)}".split()).casefold()),
        )  # fmt: skip

    def person(self, team: str, user: str) -> str:
        """The name of somebody in a workspace."""
        return self._hash("person", team, user)

    def post(self, channel: str, ts: str) -> str:
        """The name of a message of ours."""
        return self._hash("post", channel, ts)

    def code(self, code: str) -> str:
        """The name of a one-time code."""
        return self._hash("code", code)

    def guest(self, heard: Heard) -> Caller:
        """Who writes, as the rest of the service knows them: in a direct message one guest, and in a thread that many
        read one guest for all of them, who reaches no private data.
        """
        who = (heard.user,) if heard.direct else (heard.channel, heard.thread or heard.ts)
        subject = f"guest_{self._hash('subject', heard.team, *who)[:32]}"
        return Caller(subject, Role.GUEST, self.site, frozenset(), 0.0)

    def _hash(self, kind: str, *values: str) -> str:
        return hmac.digest(self.key, "|".join((kind, *values)).encode(), "sha256").hex()
