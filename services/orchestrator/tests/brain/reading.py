"""What the offline Brain takes a message for, with what was said before and in each language."""

from dataclasses import replace
from typing import Any

from orchestrator.brain.offline.brain import OfflineBrain
from orchestrator.brain.offline.understanding import Task, understand


async def tasks_of(offline: OfflineBrain, context: Any, *, language: str = "en") -> tuple[Task, ...]:
    """The tasks of a message of that language, its known words in English first."""
    context = offline._in_english(replace(context, language=language))
    return await understand(context, offline._intents, offline._manners, offline._spelling)


async def wants(offline: OfflineBrain, context: Any, *, language: str = "en") -> list[str]:
    """Their intents."""
    return [task.intent for task in await tasks_of(offline, context, language=language)]
