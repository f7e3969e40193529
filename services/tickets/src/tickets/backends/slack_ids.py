"""The names of our messages, as Slack wants names. Pure."""

import uuid

_NAMESPACE = uuid.UUID("6f1d0c4e-6a55-4a0e-9d3b-0f5f4a1f7a10")


def message_uuid(message_id: str) -> str:
    """Our message's id as Slack wants ids; the same at every attempt."""
    return str(uuid.uuid5(_NAMESPACE, message_id))
