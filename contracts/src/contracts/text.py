"""Patterns for text that people write. They hold in Python and in the JSON Schema alike.

NUL is left out everywhere (Postgres cannot store it); a line of a mail header holds no line break.
"""

from typing import Annotated

from pydantic import StringConstraints

#: `\s` means different characters in JSON Schema (ECMA), in Rust's and in Python's regular expressions: spelled out.
_BLANK = r"\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff"
#: Something other than white space is in it.
WRITTEN = rf"^[^\x00]*[^{_BLANK}][^\x00]*$"
#: The same, on one line: subjects become mail headers.
ONE_LINE = rf"^[^\x00\r\n]*[^{_BLANK}][^\x00\r\n]*$"
#: The same with at least three characters between the outer white space.
ONE_LINE_OF_THREE = rf"^[^\x00\r\n]*[^{_BLANK}][^\x00\r\n]+[^{_BLANK}][^\x00\r\n]*$"
#: A Message-ID without its brackets: what a mail header takes as it is.
MESSAGE_ID = r"^[!-;=?-~]{1,250}$"
MESSAGE_ID_OR_NONE = r"^[!-;=?-~]{0,250}$"
#: May be empty.
ANY_TEXT = r"^[^\x00]*$"

Tag = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ONE_LINE)]
#: A calendar day such as 2026-03-02. A day that its month does not have counts on into the next one.
Day = Annotated[str, StringConstraints(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]
