"""An outbox message as an e-mail: one plain text part, one simple HTML part. Pure, and the same at every attempt."""

import html
import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from importlib.resources import files
from string import Template

from servicekit.addresses import is_address
from tickets.backends.threading import Threading
from tickets.outbox.message import OutboxMessage

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def mailbox(text: str) -> Address:
    """`Shop <support@example.org>`, or the address alone. Raises ValueError for anything else."""
    name, address = parseaddr(text)
    if not is_address(address) or _CONTROLS.search(text):
        raise ValueError("not a mail address")
    return Address(display_name=name, addr_spec=address)


def compose(message: OutboxMessage, sender: Address, reply_to: Address | None) -> EmailMessage:
    """The e-mail. Its Message-ID is the message's own: a mail system that looks knows a second delivery as one."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = Address(addr_spec=message.recipient)
    threading = Threading.of_text(message.headers)
    if answers := threading.reply_to(reply_to or sender) or reply_to:
        mail["Reply-To"] = answers
    mail["Subject"] = _CONTROLS.sub(" ", message.subject).strip()
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.id}@{sender.domain}>"
    threading.write(mail)
    mail.set_content(message.body, cte="quoted-printable")
    mail.add_alternative(_html(message.body), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{message.id}")
    return mail


def _html(body: str) -> str:
    paragraphs = re.split(r"\n[ \t]*\n+", body.replace("\r\n", "\n").strip())
    written = (html.escape(paragraph).replace("\n", "<br>\n") for paragraph in paragraphs)
    template = Template(files("tickets").joinpath("mail.html").read_text(encoding="utf-8"))
    return template.substitute(paragraphs="\n".join(f"<p>{paragraph}</p>" for paragraph in written))
