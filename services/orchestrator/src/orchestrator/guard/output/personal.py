"""Personal data of others: what is somebody's data and stands nowhere in what this turn observed."""

from orchestrator.guard.output.allowed import Allowed
from orchestrator.guard.output.forms import TOKEN
from servicekit.privacy import Finder, Kind

#: Orders are told by their last characters, and checked as facts; links and secrets have rules of their own.
_NOT_HERE = frozenset({Kind.ORDER, Kind.LINK, Kind.SECRET})


def holds_anothers(forms: tuple[str, ...], allowed: Allowed, finder: Finder) -> bool:
    """Whether a text holds somebody's data that this turn did not observe. Masked values are nobody else's."""
    for form in forms:
        text = TOKEN.sub(" ", form) if "<" in form else form
        for found in finder.find(text):
            if found.kind not in _NOT_HERE and not allowed.knows(text[found.start : found.end]):
                return True
    return False
