"""How sure each detector is; of claims that overlap the higher one is kept."""

KNOWN = 45  # a name that the caller told: part of an address or an e-mail address it is that
LINK = 90
SECRET = 85
EMAIL = 80
CHECKED = 70  # a check digit or a fixed form
LABELLED = 60  # the words around say what it is
ORDER = 55
SHAPED = 40  # looks like one
ADDRESS = 50
NAME = 30
