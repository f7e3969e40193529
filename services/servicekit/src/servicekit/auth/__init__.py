"""Identity: verified callers, tokens that we mint, grants for exact effects."""

from servicekit.auth.claims import Caller, Role
from servicekit.auth.issuers import Issuer
from servicekit.auth.keys import KeySet, SigningKey
from servicekit.auth.minting import TokenMinter

__all__ = ["Caller", "Issuer", "KeySet", "Role", "SigningKey", "TokenMinter"]
