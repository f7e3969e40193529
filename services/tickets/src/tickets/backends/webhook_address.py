"""Whether an address may be sent to: what is said of tickets leaves the machine over TLS only."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def wrong_with_address(url: str) -> str:
    """What is wrong with the address of a webhook, as the end of a sentence; empty: nothing."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        return "is no address"
    if parts.username is not None or parts.fragment:
        return "must not have a login or a fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host)):
        return ""
    return "must begin with https://; http:// leads to this machine only"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
