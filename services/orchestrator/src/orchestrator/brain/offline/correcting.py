"""Where somebody corrects themselves: "10 dollars, sorry, I mean 5". What is said last counts."""

import re
from collections.abc import Iterator

_SURE = r"\b(?:i (?:mean|meant)|make (?:that|it)|correction|scratch that|change that to)\b"
_CUE = re.compile(
    rf"{_SURE}|\b(?:sorry|actually|rather|or better|oops|no wait|wait|better)\b"
    r"|(?<=[\s,.;!])no(?=[,.;:!]|\s\d|\s[$€£])",
    re.IGNORECASE,
)
_SURE_CUE = re.compile(_SURE, re.IGNORECASE)
#: What is told of an amount that is not wanted.
_TOLD = re.compile(r"\b(?:paid|pay|cost|costs|charged|price|spent|worth|instead of|not)\b", re.IGNORECASE)
_NEAR = 32


def corrections(text: str, *, sure: bool = False) -> Iterator[str]:
    """What stands right behind each sign of a correction, the last first; of `sure` ones alone, if so asked."""
    for cue in reversed(list((_SURE_CUE if sure else _CUE).finditer(text))):
        if text[: cue.start()].strip():
            behind = text[cue.end() : cue.end() + _NEAR]
            yield _TOLD.split(behind)[0]
