"""The tool of retrieval."""

from collections.abc import Callable
from dataclasses import dataclass

from contracts.tools.retrieval import SearchInput, SearchOutput
from retrieval.search import Searcher
from servicekit.tool_router import ToolRequest


@dataclass(frozen=True, slots=True)
class KnowledgeTools:
    """The handlers over the searcher, which exists once the service has started."""

    searcher: Callable[[], Searcher]

    async def search_kb(self, _: ToolRequest, asked: SearchInput) -> SearchOutput:
        """The best passages for a question. The knowledge base is the same for every caller."""
        return await self.searcher().search(asked)
