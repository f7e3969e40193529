"""Whether a mail comes from the domain that it says (RFC 8601), by the word of our own receiving server alone. Pure."""

import re

from orchestrator.channels.email.mail import Mail

_COMMENT = re.compile(r"\([^()]*\)")
_DMARC = re.compile(r"(?i)^\s*dmarc\s*=\s*pass\b")
_FROM = re.compile(r"(?i)\bheader\.from\s*=\s*\"?([A-Za-z0-9.-]+)")


def is_authentic(mail: Mail, authserv_id: str) -> bool:
    """Whether DMARC passed for the very domain of From. `authserv_id` names our server; without it nobody is believed.

    The topmost header of that name counts, and no other: our server writes above what the sender may have written, and
    one that let a forged header of its own name pass would write another above it.
    """
    if not authserv_id:
        return False
    told = _COMMENT.sub(" ", mail.header("authentication-results"))
    server, *results = told.split(";")
    if (server.split() or [""])[0].casefold() != authserv_id.casefold():
        return False
    domain = mail.sender.rpartition("@")[2].casefold()
    found = [one for one in results if one.lstrip().lower().startswith("dmarc")]
    if len(found) != 1 or not _DMARC.match(found[0]):
        return False
    named = _FROM.search(found[0])
    return bool(domain) and named is not None and named[1].rstrip(".").casefold() == domain
