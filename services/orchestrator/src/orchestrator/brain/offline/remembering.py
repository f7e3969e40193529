"""Embeddings of the help pages' own texts, remembered: they are the same for every question, and cost milliseconds."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.brain.offline.intents import Embed, Vectors

#: 1.5 KB each.
MOST = 4_096


class Remembered:
    """The vectors that were used last. Only for texts of pages: what customers write is not kept."""

    def __init__(self, embed: Embed, most: int = MOST) -> None:
        self._embed = embed
        self._most = most
        self._kept: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of `texts`, in their order. A text has the same vector whatever it is embedded with."""
        found = {text: self._kept[text] for text in texts if text in self._kept}
        fresh = [text for text in dict.fromkeys(texts) if text not in found]
        if fresh:
            found.update(zip(fresh, await self._embed.embed(fresh), strict=True))
        for text, vector in found.items():
            self._kept[text] = vector
            self._kept.move_to_end(text)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return np.stack([found[text] for text in texts])
