"""What ends a backup or a restore. The text is a sentence for the person at the terminal and names what is wrong."""


class BackupError(Exception):
    """It was not done."""


class Refused(BackupError):
    """It could have been done, and must not be: a running stack, existing data, a damaged backup."""
