"""How sure each detector is; of claims that overlap the higher one is kept."""

KNOWN = 75  # a name that the caller told; an e-mail address that has it in it is still one
LINK = 90
SECRET = 85
EMAIL = 80
CHECKED = 70  # a check digit or a fixed form
LABELLED = 60  # the words around say what it is
ORDER = 55
SHAPED = 40  # looks like one
ADDRESS = 58
NAME = 30
