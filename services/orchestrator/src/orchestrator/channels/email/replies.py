"""The reply address of a conversation: `support+<tag>@shop.example`. The tag proves the conversation, not the person.

It is in letters and digits that survive a mail program which changes capitals, and short enough for a local part.
"""

import base64
import hmac
from collections.abc import Iterable, Sequence

from servicekit.addresses import is_address, mailbox

_ID_PREFIX = "cnv_"
_ID_CHARS = 32
_MAC_BYTES = 10
_MAC_CHARS = 16
#: How long a tag is: with an address of up to 15 characters before it, a local part of 64.
TAG_CHARS = _ID_CHARS + _MAC_CHARS
_MAX_LOCAL = 64 - 1 - TAG_CHARS


def own_address(text: str) -> str:
    """An address of the shop's. Raises ValueError when it is none, or leaves no room for a tag."""
    local = text.partition("@")[0]
    if not is_address(text) or "+" in local or len(local) > _MAX_LOCAL:
        raise ValueError(f"not a plain mail address with at most {_MAX_LOCAL} characters before the @")
    return text


def reply_tag(conversation_id: str, key: bytes) -> str:
    """The tag of a conversation; `key` is the channel's own."""
    name = conversation_id.removeprefix(_ID_PREFIX)
    return name + _mac(name, key)


def replied_to(recipients: Iterable[str], own: Sequence[str], key: bytes) -> str | None:
    """The conversation whose reply address is among the recipients; None when no tag is ours."""
    mailboxes = {mailbox(one) for one in own}
    for address in recipients:
        tag = address.rpartition("@")[0].partition("+")[2].casefold()
        name, mac = tag[:_ID_CHARS], tag[_ID_CHARS:]
        signed = len(tag) == TAG_CHARS and hmac.compare_digest(mac.encode(), _mac(name, key).encode())
        if signed and mailbox(address) in mailboxes:
            return _ID_PREFIX + name
    return None


def _mac(name: str, key: bytes) -> str:
    return base64.b32encode(hmac.digest(key, name.encode(), "sha256")[:_MAC_BYTES]).decode().casefold()
