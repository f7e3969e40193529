"""Patterns for text that people write. They hold in Python and in the JSON Schema alike.

NUL is left out everywhere (Postgres cannot store it); a line of a mail header holds no line break.
"""

from typing import Annotated

from pydantic import StringConstraints

#: Something other than white space is in it.
WRITTEN = r"^[^\x00]*[^\s\x00][^\x00]*$"
#: The same, on one line: subjects become mail headers.
ONE_LINE = r"^[^\x00\r\n]*[^\s\x00][^\x00\r\n]*$"
#: The same with at least three characters between the outer white space.
ONE_LINE_OF_THREE = r"^[^\x00\r\n]*[^\s\x00][^\x00\r\n]+[^\s\x00][^\x00\r\n]*$"
#: May be empty.
ANY_TEXT = r"^[^\x00]*$"

Tag = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ONE_LINE)]
