"""The pages of the console, one file each, in the order of the navigation."""

from orchestrator.console.navigation import Page
from orchestrator.console.pages.approvals import APPROVALS
from orchestrator.console.pages.audit import AUDIT
from orchestrator.console.pages.conversation import CONVERSATION
from orchestrator.console.pages.inbox import INBOX
from orchestrator.console.pages.knowledge import KNOWLEDGE
from orchestrator.console.pages.macros import MACROS
from orchestrator.console.pages.numbers import NUMBERS
from orchestrator.console.pages.policy import POLICY
from orchestrator.console.pages.replay import REPLAY
from orchestrator.console.pages.slack import SLACK
from orchestrator.console.pages.tools import TOOLS

PAGES: tuple[Page, ...] = (
    INBOX, CONVERSATION, APPROVALS, TOOLS, NUMBERS, REPLAY, POLICY, KNOWLEDGE, MACROS, AUDIT, SLACK,
)  # fmt: skip
