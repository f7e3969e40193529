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
    r"|\b(?:sk|pk|rk)[-_][\w-]{8,}|\b(?:whsec|gh[pousr]|github_pat|glpat|shp(?:at|ss|ca)|sq0[a-z]{3}|npm|hf"
    r"|dop_v1)[-_][\w-]{8,}"
    r"|\bxox[abeoprs]-[\w-]{8,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|\b[ck][ks]_[0-9a-f]{32,}\b"
    r"|(?<=://)(?P<userinfo>[^\s/@:]+:[^\s/@]+)(?=@)"
)  # fmt: skip
_MARKS = (
    "-----BEGIN", "eyJ", "earer", "EARER", "asic ", "://", "sk-", "sk_", "pk_", "pk-", "rk_", "rk-", "whsec", "ghp", "gho", "ghu", "ghs", "ghr", "glpat",
    "shp", "sq0", "npm_", "hf_", "dop_v1", "xox", "AKIA", "ASIA", "AIza", "SG.", "ck_", "cs_", "github_pat",
)  # fmt: skip
_PASSWORD = re.compile(
    r"\b(?:password|passwort|kennwort|passwd|pwd|mot de passe|mdp|contraseña|clave|parola d'ordine|wachtwoord"
    r"|passphrase|api[ _-]?key|api[ _-]?token"
    r"|secret(?:[ _-]?key)?|access[ _-]?token|client[ _-]?secret|login code)\b"
    r"(?: ?[:=] ?| (?:is|was|ist|lautet|war|est|es|è|en|for \w+ is) ?:? ?| )[\"'`]?(?P<value>[^\s\"'`,;]{3,200})",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:cvv2?|cvc2?|cvn|csc|kartenprüfnummer|prüfziffer|security code|code de sécurité|código de seguridad"
    r"|codice di sicurezza|beveiligingscode"
    r"|pin(?: code)?|pincode|verification code|one[- ]time (?:code|password)|2fa code|sms[- ]?code|otp|tan"
    r"|bestätigungscode)\b"
    r"(?: (?:number|is|ist|lautet|est|es|è|:)| on the back is)?[ :=#]{1,3}(?P<value>\d{3,8})\b",
    re.IGNORECASE,
)
_WORTH = re.compile(r"pass|pwd|secret|key|token|mdp|contras|clave|kennw|wachtw|code", re.IGNORECASE)
_CODE_WORTH = re.compile(r"cv|csc|pin|otp|tan|code|código|codice|prüf|password", re.IGNORECASE)


def secrets(page: Page) -> Iterator[Claim]:
    """Keys and tokens by their form; passwords and codes by the word before them."""
    text = page.text
    if any(mark in text for mark in _MARKS):
        for found in _FORMS.finditer(text):
            yield Claim(strengths.SECRET, Kind.SECRET, *found.span(found.lastgroup or 0))
    if _WORTH.search(text):
        for found in _PASSWORD.finditer(text):
            value = found["value"].rstrip(".!?)")
            if _is_no_word(value):
                yield Claim(strengths.SECRET, Kind.SECRET, found.start("value"), found.start("value") + len(value))
    if _CODE_WORTH.search(text):
        for found in _CODE.finditer(text):
            yield Claim(strengths.SECRET, Kind.SECRET, *found.span("value"))


def _is_no_word(value: str) -> bool:
    """Letters alone are a word ("my password is wrong"); a password has a digit, a sign, or capitals inside."""
    if any(char.isdigit() for char in value):
        return len(value) > 3
    return len(value) > 5 and (
        any(char in "!@#$%^&*_+=~" for char in value) or any(char.isupper() for char in value[1:])
    )
