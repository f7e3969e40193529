"""The one error of the embedded servers."""


class EmbeddedError(RuntimeError):
    """A server could not be started or stopped. The message says why and where its log is."""
