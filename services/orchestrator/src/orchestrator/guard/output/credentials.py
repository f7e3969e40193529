"""Secrets: keys, tokens, passwords, connection strings, and long runs that only a machine reads."""

import re

from orchestrator.guard.output.forms import decoded_runs
from orchestrator.guard.output.hinted import hinted

_KEY = hinted(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{12,}"
    r"|\bxox[a-z]-[\w-]{10,}|\bxapp-[\w-]{10,}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{16,}"
    r"|\bSG\.[\w-]{12,}\.[\w-]{12,}|\bhf_[A-Za-z0-9]{16,}|\bnpm_[A-Za-z0-9]{16,}|\bpypi-[\w-]{16,}|\bgsk_[A-Za-z0-9]{16,}"
    r"|\bshp(?:at|ca|pa|ss)_\w{16,}|\bwhsec_\w{12,}|\b(?:ck|cs)_[a-f0-9]{20,}|\beyJ[\w-]{8,}\.[\w-]{6,}"
    r"|-----\s?BEGIN|\bBEGIN (?:[A-Z]+ )*(?:PRIVATE KEY|CERTIFICATE)\b|\bssh-(?:rsa|ed25519) AAAA"
    r"|\b(?i:bearer|basic)\s+(?=[\w.~+/-]*\d)[\w.~+/-]{12,}",
    "sk- sk_ pk- pk_ rk- rk_ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- xox xapp- akia asia aiza ya29. sg. hf_ npm_"
    " pypi- gsk_ shpat_ shpca_ shppa_ shpss_ whsec_ ck_ cs_ eyj begin ssh- bearer basic",
)
_CONNECTION = hinted(
    r"\b(?:postgres(?:ql)?|mysql|mariadb|rediss?|mongodb(?:\+srv)?|amqps?|mssql|jdbc:\w+|ldaps?|s?ftp|ssh|smtps?|nats)"
    r"://\S|://[^\s/@:]*:[^\s/@]+@|\b(?:AccountKey|SharedAccessSignature|DefaultEndpointsProtocol)=",
    ":// accountkey= sharedaccesssignature= defaultendpointsprotocol=",
    re.IGNORECASE,
)
_NAMED = hinted(
    r"\b(?:AIGUY|OPENAI|ANTHROPIC|GROQ|STRIPE|ZENDESK|SLACK|SHOPIFY|WOOCOMMERCE|AWS|DATABASE|REDIS|SMTP|JWT)_[A-Z0-9_]{3,}\b",
    "_",
)
_STATED = hinted(
    r"\b(?:pass(?:word|wd|phrase|code)|pwd|passwort|kennwort|mot de passe|contrase(?:ñ|n)a|clave|wachtwoord"
    r"|api[ _-]?key|api-schl(?:ü|u)ssel"
    r"|(?:client |signing |shared |secret )?secret(?: key)?|(?:access|auth|session) ?token)\b"
    r"(?: \w+){0,4}?\s*(?:\bis\b|\bist\b|\blautet\b|\best\b|\bes\b|\bè|\be'|[:=]|->)\s*[\"'`“«]?"
    r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])(?![\d.]+-)[^\s\"'`”»<]{8,}",
    "pass pwd kennwort contrase clave wachtwoord api secret token",
    re.IGNORECASE,
)
_OPAQUE = re.compile(r"(?<![A-Za-z0-9+/=_])[A-Za-z0-9+/_]{32,}={0,2}")
#: Words of people are shorter: without one there is neither a run that only a machine reads nor base64.
_LONG = 16


def holds_secret(forms: tuple[str, ...]) -> bool:
    """Whether a text, in any of its forms, holds a credential. Links that may be shown are no longer in it."""
    if any(pattern.matches(form) for form in forms for pattern in (_KEY, _CONNECTION, _NAMED, _STATED)):
        return True
    # Base64 that says something was written to be read by somebody else.
    return any(_is_opaque(form) for form in forms if _is_long(form)) or (
        _is_long(forms[0]) and bool(decoded_runs(forms[0]))
    )


def _is_long(text: str) -> bool:
    return max(map(len, text.split()), default=0) >= _LONG


def _is_opaque(text: str) -> bool:
    """Whether there is a long run of digits and letters."""
    return any(any(map(str.isdigit, run[0])) and any(map(str.isalpha, run[0])) for run in _OPAQUE.finditer(text))
