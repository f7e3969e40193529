"""A mail as the message that a turn answers. Pure."""

from contracts.turn import MAX_TEXT
from orchestrator.channels.email.mail import Mail


def message_of(mail: Mail, *, begins: bool) -> str:
    """The words, as long as a message in the chat may be. A mail that `begins` a conversation has its subject first:
    what it is about may stand nowhere else. Files are named, so that nobody believes that they were read.
    """
    told = [mail.text]
    if mail.subject and (begins or not mail.text):
        told.insert(0, mail.subject)
    if mail.attachments:
        told.append(f"[Files that came with this mail and were not opened: {', '.join(mail.attachments)}]")
    return "\n\n".join(one for one in told if one)[:MAX_TEXT].strip()
