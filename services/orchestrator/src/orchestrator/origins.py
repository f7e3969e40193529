"""Which pages of others may call the API from a browser: their origins, exactly as browsers send them."""

import re

_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:(?P<port>[1-9][0-9]{0,4}))?")
#: Browsers trust these as they trust TLS: nobody else can answer there.
_OWN_MACHINE = frozenset({"localhost", "127.0.0.1"})
_LEFT_OUT = {"https": "443", "http": "80"}


def web_origin(text: str) -> str:
    """The origin `text`. Raises ValueError, with what to write instead, for anything else than one."""
    if "*" in text:
        raise ValueError(f"{text!r} would let in every page there is: name each origin, as in https://www.shop.example")
    found = _ORIGIN.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is no origin as browsers send it: write the scheme and the host in small letters, without a path"
            " and without a / at the end, as in https://www.shop.example"
        )
    if found["scheme"] == "http" and found["host"] not in _OWN_MACHINE:
        raise ValueError(f"{text!r} can be read on the way: only https, or http on localhost and 127.0.0.1")
    if found["port"] == _LEFT_OUT[found["scheme"]]:
        raise ValueError(f"{text!r} names the port that browsers leave out: write {text.rpartition(':')[0]}")
    return text
