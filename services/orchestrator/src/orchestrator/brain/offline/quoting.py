"""What somebody else said stands in quotation marks: it is no wish of the customer's."""

import re

#: Of fewer words it is a name, a button or a message on the screen.
FEWEST_WORDS = 5
_QUOTED = re.compile(
    r"“[^“”]*”|„[^„“”]*[“”]|«[^«»]*»|(?<![\w\"])\"[^\"]*\"(?!\w)|(?<![\w'])'(?=\w)(?:[^']|(?<=\w)'(?=\w))*'(?!\w)"
)


def said_oneself(text: str) -> str:
    """The message without what others said in it; all of it when nothing else is left."""
    own = _QUOTED.sub(lambda found: found[0] if len(found[0].split()) < FEWEST_WORDS else " ", text)
    return " ".join(own.split()) if own != text and re.search(r"\w", own) else text
