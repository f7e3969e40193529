"""The vector store on a Qdrant server, shared by all replicas.

Each build of the index is a collection of its own, `<name>-<uuid>`; the alias `<name>` is what is searched. A rebuild
fills a new collection while the old one answers, then the alias is switched in one step and old collections go.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from qdrant_client import AsyncQdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http import models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from retrieval.backends.lists import to_ask, to_found, with_known
from retrieval.backends.payload import KEYWORDS, NUMBERS, complete, from_payload, from_stored, kind, to_payload
from retrieval.backends.port import Found, Labels, Point, Question, Scope, StoreLost, StoreUnavailable

_PAGE = 1000
_TOGETHER = 100
_NOT_FOUND = 404


def connected(
    url: str, key: str, name: str, sizes: dict[str, int], models_used: dict[str, str], *, timeout_s: int
) -> "ServerStore":
    """A store over the server at `url`; nothing is sent yet. An empty `key`: the server asks for none."""
    client = AsyncQdrantClient(url=url, api_key=key or None, timeout=timeout_s, check_compatibility=False)
    return ServerStore(client, name, sizes, models_used)


class ServerStore:
    """A `VectorStore` over the alias `name`. Only one process at a time may write: see `ElectedWriter`."""

    serves_while_rebuilding = True

    def __init__(
        self, client: AsyncQdrantClient, name: str, sizes: dict[str, int], models_used: dict[str, str]
    ) -> None:
        """`sizes`: dimensions of `deep` and `quick`; `models_used`: what made them, kept with the collection."""
        self._client = client
        self._name = name
        self._sizes = sizes
        self._made_with = models_used
        self._target = name  # where writes go
        self._building: str | None = None

    async def open(self) -> dict[str, str]:
        """See the port."""
        self._target, self._building = self._name, None
        async with _errors():
            await self._verify()
            return complete([labels async for labels in self._all_labels()])

    async def probe(self) -> None:
        """See the port."""
        async with _errors():
            if self._name not in await self._aliases():
                raise StoreLost(f"the server has no index {self._name}")

    async def recreate(self) -> None:
        """See the port. Searches go on in the old collection, when there is one."""
        async with _errors():
            if self._building is not None:
                await self._client.delete_collection(self._building)
            name = f"{self._name}-{uuid.uuid4()}"
            await self._client.create_collection(
                name,
                vectors_config={
                    one: models.VectorParams(size=size, distance=models.Distance.COSINE)
                    for one, size in self._sizes.items()
                },
                sparse_vectors_config={"words": models.SparseVectorParams()},
                metadata=self._made_with,
            )
            for fields, form in (
                (KEYWORDS, models.PayloadSchemaType.KEYWORD),
                (NUMBERS, models.PayloadSchemaType.FLOAT),
            ):
                for field in fields:
                    await self._client.create_payload_index(name, field, field_schema=form)
            self._target = self._building = name

    async def put(self, document_id: str, points: Sequence[Point]) -> None:
        """See the port. The new points are there before the old ones go, so the document can be found all the time."""
        async with _errors():
            for start in range(0, len(points), _TOGETHER):
                batch = [_to_server(point) for point in points[start : start + _TOGETHER]]
                await self._client.upsert(self._target, batch)
            await self._delete(document_id, keep=[point.id for point in points])

    async def remove(self, document_id: str) -> None:
        """See the port."""
        async with _errors():
            await self._delete(document_id, keep=[])

    async def search(self, question: Question, scope: Scope, limit: int, known: Found | None = None) -> Found:
        """See the port."""
        meaning: dict[str, Any] = {"quick": question.quick.tolist()}
        if question.deep is not None:
            meaning["deep"] = question.deep.tolist()
        asked = dict(meaning)
        if question.sparse.indices:
            indices, values = list(question.sparse.indices), list(question.sparse.values)
            asked["words"] = models.SparseVector(indices=indices, values=values)
        async with _errors():
            lists = with_known(await self._ask(to_ask(asked, known), _filter(scope), limit), known)
            ids = {one for points in lists.values() for one in points}
            only = models.Filter(must=[models.HasIdCondition(has_id=sorted(ids))])
            return to_found(lists, await self._ask(meaning, only, len(ids)) if ids else {})

    async def flush(self) -> None:
        """See the port. A write is answered when it is done, so only a new build is left to be put in place."""
        if self._building is None:
            return
        async with _errors():
            create = models.CreateAlias(collection_name=self._building, alias_name=self._name)
            switch: list[models.AliasOperations] = [models.CreateAliasOperation(create_alias=create)]
            if self._name in await self._aliases():
                delete = models.DeleteAlias(alias_name=self._name)
                switch.insert(0, models.DeleteAliasOperation(delete_alias=delete))
            await self._client.update_collection_aliases(switch)
            kept, self._building, self._target = self._building, None, self._name
            for one in (await self._client.get_collections()).collections:
                if self._is_build(one.name) and one.name != kept:
                    await self._client.delete_collection(one.name)

    async def points(self) -> AsyncIterator[list[Point]]:
        """See the port."""
        offset: Any = None
        while True:
            async with _errors():
                records, offset = await self._client.scroll(
                    self._name, limit=_TOGETHER, offset=offset, with_payload=True, with_vectors=True
                )
                page = [from_stored(str(one.id), one.vector, one.payload) for one in records]
            yield page
            if offset is None:
                return

    def check(self) -> None:
        """See the port. Each search finds out by itself."""

    async def close(self) -> None:
        """See the port."""
        await self._client.close()

    async def _verify(self) -> None:
        if self._name not in await self._aliases():
            raise StoreLost(f"the server has no index {self._name}")
        config = (await self._client.get_collection(self._name)).config
        vectors = config.params.vectors
        sizes = {one: params.size for one, params in vectors.items()} if isinstance(vectors, dict) else {}
        if sizes != self._sizes or (config.metadata or {}) != self._made_with:
            raise StoreLost("the index was made by another model or release")

    async def _aliases(self) -> dict[str, str]:
        return {one.alias_name: one.collection_name for one in (await self._client.get_aliases()).aliases}

    def _is_build(self, collection: str) -> bool:
        prefix, _, rest = collection[: len(self._name) + 1], "", collection[len(self._name) + 1 :]
        try:
            uuid.UUID(rest)
        except ValueError:
            return False
        return prefix == f"{self._name}-"

    async def _all_labels(self) -> AsyncIterator[Labels]:
        offset: Any = None
        while True:
            records, offset = await self._client.scroll(
                self._name, limit=_PAGE, offset=offset, with_payload=True, with_vectors=False
            )
            for record in records:
                yield from_payload(record.payload or {})
            if offset is None:
                return

    async def _delete(self, document_id: str, keep: list[str]) -> None:
        same = models.FieldCondition(key="document_id", match=models.MatchValue(value=document_id))
        but: Any = [models.HasIdCondition(has_id=list(keep))] if keep else None
        selector = models.FilterSelector(filter=models.Filter(must=[same], must_not=but))
        await self._client.delete(self._target, points_selector=selector)

    async def _ask(self, queries: dict[str, Any], filtered: models.Filter, limit: int) -> dict[str, dict[str, float]]:
        """Scores by point id, best first, for each of the named vectors."""
        requests = [
            models.QueryRequest(query=query, using=name, filter=filtered, limit=limit, with_payload=False)
            for name, query in queries.items()
        ]
        answers = await self._client.query_batch_points(self._name, requests)
        return {
            name: {str(one.id): one.score for one in answer.points}
            for name, answer in zip(queries, answers, strict=True)
        }


@asynccontextmanager
async def _errors() -> AsyncIterator[None]:
    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code == _NOT_FOUND:
            raise StoreLost("the index is gone from the server") from error
        raise StoreUnavailable(f"the vector server answered {error.status_code}") from error
    except (ApiException, QdrantException, httpx.HTTPError, OSError) as error:
        raise StoreUnavailable("the vector server cannot be reached") from error


def _filter(scope: Scope) -> models.Filter:
    def field(key: str, value: str) -> models.FieldCondition:
        return models.FieldCondition(key=key, match=models.MatchValue(value=value))

    must: list[Any] = [field("channels", scope.channel), _above("expires_at", scope.now)]
    if scope.tags:
        must.append(models.FieldCondition(key="tags", match=models.MatchAny(any=list(scope.tags))))
    if scope.policies_only:
        must.append(field("kind", kind(True)))
    if scope.updated_after is not None:
        must.append(_above("updated_at", scope.updated_after))
    return models.Filter(must=must)


def _above(key: str, bound: float) -> models.FieldCondition:
    return models.FieldCondition(key=key, range=models.Range(gt=bound))


def _to_server(point: Point) -> models.PointStruct:
    words = models.SparseVector(indices=list(point.sparse.indices), values=list(point.sparse.values))
    vectors: dict[str, Any] = {"quick": point.quick.tolist(), "words": words}
    if point.deep is not None:
        vectors["deep"] = point.deep.tolist()
    return models.PointStruct(id=point.id, vector=vectors, payload=to_payload(point.labels))
