"""Personal data of others: what is somebody's data and stands nowhere in what this turn observed."""

from orchestrator.guard.output.allowed import Allowed
from orchestrator.guard.output.cues import is_somebody, worth_looking_for
from servicekit.privacy import Finder, Kind
from servicekit.privacy.tokens import without_tokens

#: Orders are told by their last characters, and checked as facts; links and secrets have rules of their own.
_NOT_HERE = frozenset({Kind.ORDER, Kind.LINK, Kind.SECRET})


def holds_anothers(forms: tuple[str, ...], allowed: Allowed, finder: Finder) -> bool:
    """Whether a text holds somebody's data that this turn did not observe. Masked values are nobody else's."""
    for form in forms:
        text = without_tokens(form)
        kinds = worth_looking_for(text)
        for found in finder.find(text, kinds=kinds) if kinds else ():
            if found.kind in _NOT_HERE or (found.kind is Kind.NAME and not is_somebody(text, found.start, found.end)):
                continue
            if not allowed.knows(text[found.start : found.end]):
                return True
    return False
