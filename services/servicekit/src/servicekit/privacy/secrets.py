"""Keys, tokens and passwords: what opens something for whoever reads it."""

import re
from collections.abc import Iterator

from servicekit.privacy import strengths
from servicekit.privacy.folding import Page
from servicekit.privacy.kinds import Claim, Kind

_FORMS = re.compile(
    r"-----BEGIN [A-Z ]{3,40}-----[\s\S]{0,8000}?(?:-----END [A-Z ]{3,40}-----|\Z)"
    r"|eyJ[\w-]{5,}\.[\w-]+\.?[\w-]*"
    r"|(?:\b[Bb]earer|\bBEARER|\b[Bb]asic)\s+(?P<header>(?=[\w.~+/=-]*[\d._~+/=-])[\w.~+/=-]{6,})"
    r"|\b(?:sk|pk|rk)[-_][\w-]{8,}|\b(?:whsec|gh[pousr]|github_pat|glpat|shpat|shpss|shpca|sq0[a-z]{3}|npm|hf|dop_v1)[-_][\w-]{8,}"
    r"|\bxox[abeoprs]-[\w-]{8,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\b[ck][ks]_[0-9a-f]{32,}\b"
    r"|(?<=://)(?P<userinfo>[^\s/@:]+:[^\s/@]+)(?=@)"
)


def secrets(page: Page) -> Iterator[Claim]:
    """Keys and tokens by their form."""
    for found in _FORMS.finditer(page.text):
        start, end = found.span(found.lastgroup or 0)
        yield Claim(strengths.SECRET, Kind.SECRET, start, end)
