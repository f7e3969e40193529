"""Text as Slack shows it letter by letter. Pure."""

import uuid

_NAMESPACE = uuid.UUID("6f1d0c4e-6a55-4a0e-9d3b-0f5f4a1f7a10")


def escaped(text: str) -> str:
    """The three characters that mean something to Slack, escaped: no link and no mention can be written with them.

    A plain `@channel` calls nobody either, as long as the call says `link_names: false` and `parse: none`.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message_uuid(message_id: str) -> str:
    """Our message's id as Slack wants ids; the same at every attempt."""
    return str(uuid.uuid5(_NAMESPACE, message_id))
