"""Arrays as texts. Of any other array than `text[]` the driver asks each new connection what it is, in two round trips
that cost more than the statement: in a crowd, when connections are new, that is when nobody has time for it.
"""

from collections.abc import Iterable


def byte_texts(values: Iterable[bytes]) -> list[str]:
    """For a parameter that is written `$n::text[]::bytea[]`."""
    return [f"\\x{one.hex()}" for one in values]


def texts_bytes(texts: Iterable[str]) -> list[bytes]:
    """What `array_agg(encode(column, 'hex'))` gave."""
    return list(map(bytes.fromhex, texts))


def number_texts(values: Iterable[int]) -> list[str]:
    """For a parameter that is written `$n::text[]::bigint[]`."""
    return list(map(str, values))
