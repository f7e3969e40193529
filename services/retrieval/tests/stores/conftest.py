"""A Qdrant server for tests: the REST calls that we use, with real shards of the engine underneath.

It is stricter than the real one: bodies are checked against the client's own models, which refuse unknown fields, and
what it does not know (a kind of filter, a parameter) is an error rather than ignored.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import qdrant_edge as edge
from pydantic import BaseModel, ValidationError
from qdrant_client.http import models
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from servicekit.testing.live import live_server

M = TypeVar("M", bound=BaseModel)
_FORMS = {
    models.PayloadSchemaType.KEYWORD: edge.PayloadSchemaType.Keyword,
    models.PayloadSchemaType.FLOAT: edge.PayloadSchemaType.Float,
}


class Collection:
    """One shard, and what it was made with."""

    def __init__(self, folder: Path, asked: models.CreateCollection) -> None:
        if not isinstance(asked.vectors, dict) or any(one.distance != "Cosine" for one in asked.vectors.values()):
            raise HTTPException(400, "named cosine vectors only")
        folder.mkdir(parents=True)
        vectors = {
            name: edge.EdgeVectorParams(size=one.size, distance=edge.Distance.Cosine)
            for name, one in asked.vectors.items()
        }
        sparse = {name: edge.EdgeSparseVectorParams() for name in asked.sparse_vectors or {}}
        self.folder = folder
        self.asked = asked
        self.shard = edge.EdgeShard.create(str(folder), edge.EdgeConfig(vectors=vectors, sparse_vectors=sparse))
        self.indexed: set[str] = set()

    def drop(self) -> None:
        self.shard.close()
        shutil.rmtree(self.folder)


class QdrantServer:
    """`app` is to be served. `calls` are the paths asked for; `broken` makes every call fail with that status."""

    def __init__(self, folder: Path, api_key: str) -> None:
        self._folder = folder
        self._api_key = api_key
        self.collections: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}
        self.broken = 0
        one = "/collections/{name}"
        self.app = Starlette(
            routes=[
                Route("/collections", self._list, methods=["GET"]),
                Route("/collections/aliases", self._change_aliases, methods=["POST"]),
                Route("/aliases", self._list_aliases, methods=["GET"]),
                Route(one, self._create, methods=["PUT"]),
                Route(one, self._info, methods=["GET"]),
                Route(one, self._delete, methods=["DELETE"]),
                Route(f"{one}/index", self._index, methods=["PUT"]),
                Route(f"{one}/points", self._upsert, methods=["PUT"]),
                Route(f"{one}/points/delete", self._delete_points, methods=["POST"]),
                Route(f"{one}/points/scroll", self._scroll, methods=["POST"]),
                Route(f"{one}/points/query/batch", self._query, methods=["POST"]),
            ],
            exception_handlers={HTTPException: self._refuse},
        )

    async def _refuse(self, _: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return JSONResponse({"status": {"error": error.detail}, "time": 0.0}, error.status_code)

    def _check(self, request: Request, *allowed: str) -> None:
        if self.broken:
            raise HTTPException(self.broken, "broken for the test")
        if request.headers.get("api-key") != self._api_key:
            raise HTTPException(401, "Must provide an API key")
        if unknown := set(request.query_params) - {"timeout", *allowed}:
            raise HTTPException(400, f"unknown parameters {unknown}")

    async def _body(self, request: Request, model: type[M]) -> M:
        self._check(request, "wait", "ordering", "consistency")
        try:
            return model.model_validate_json(await request.body())
        except ValidationError as error:
            raise HTTPException(400, f"Format error in JSON body: {error}") from None

    def _of(self, request: Request) -> Collection:
        name = request.path_params["name"]
        found = self.collections.get(self.aliases.get(name, name))
        if found is None:
            raise HTTPException(404, f"Not found: Collection `{name}` doesn't exist!")
        return found

    async def _list(self, request: Request) -> JSONResponse:
        self._check(request)
        return _ok({"collections": [{"name": name} for name in self.collections]})

    async def _list_aliases(self, request: Request) -> JSONResponse:
        self._check(request)
        rows = [{"alias_name": alias, "collection_name": name} for alias, name in self.aliases.items()]
        return _ok({"aliases": rows})

    async def _change_aliases(self, request: Request) -> JSONResponse:
        asked = await self._body(request, models.ChangeAliasesOperation)
        changed = dict(self.aliases)
        for action in asked.actions:
            match action:
                case models.CreateAliasOperation(create_alias=create):
                    if create.collection_name not in self.collections or create.alias_name in self.collections:
                        raise HTTPException(404, "no such collection, or the name is taken")
                    changed[create.alias_name] = create.collection_name
                case models.DeleteAliasOperation(delete_alias=delete):
                    if changed.pop(delete.alias_name, None) is None:
                        raise HTTPException(404, "no such alias")
                case _:
                    raise HTTPException(400, "unknown action")
        self.aliases = changed
        return _ok(True)

    async def _create(self, request: Request) -> JSONResponse:
        asked = await self._body(request, models.CreateCollection)
        name = request.path_params["name"]
        if name in self.collections or name in self.aliases:
            raise HTTPException(409, f"Wrong input: Collection `{name}` already exists!")
        self.collections[name] = Collection(self._folder / name, asked)
        return _ok(True)

    async def _info(self, request: Request) -> JSONResponse:
        self._check(request)
        asked = self._of(request).asked.model_dump(mode="json", exclude_none=True)
        config = {
            "params": {"vectors": asked["vectors"], "sparse_vectors": asked.get("sparse_vectors")},
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
            "optimizer_config": {"default_segment_number": 0, "flush_interval_sec": 5},
            "metadata": asked.get("metadata"),
        }
        more = {"status": "green", "optimizer_status": "ok", "segments_count": 1, "payload_schema": {}}
        return _ok({**more, "config": config})

    async def _delete(self, request: Request) -> JSONResponse:
        self._check(request)
        name = request.path_params["name"]
        if (found := self.collections.pop(name, None)) is None:
            return _ok(False)
        self.aliases = {alias: one for alias, one in self.aliases.items() if one != name}
        found.drop()
        return _ok(True)

    async def _index(self, request: Request) -> JSONResponse:
        asked = await self._body(request, models.CreateFieldIndex)
        found = self._of(request)
        if not isinstance(asked.field_schema, models.PayloadSchemaType):
            raise HTTPException(400, "plain schemas only")
        found.shard.update(edge.UpdateOperation.create_field_index(asked.field_name, _FORMS[asked.field_schema]))
        found.indexed.add(asked.field_name)
        return _done()

    async def _upsert(self, request: Request) -> JSONResponse:
        found, asked = self._of(request), await self._body(request, models.PointsList)
        sizes = {name: one.size for name, one in found.asked.vectors.items()}  # type: ignore[union-attr]
        points = [edge.Point(id=str(one.id), vector=_vectors(one, sizes), payload=one.payload) for one in asked.points]
        await run_in_threadpool(found.shard.update, edge.UpdateOperation.upsert_points(points))
        return _done()

    async def _delete_points(self, request: Request) -> JSONResponse:
        found, asked = self._of(request), await self._body(request, models.FilterSelector)
        found.shard.update(edge.UpdateOperation.delete_points_by_filter(self._filter(found, asked.filter)))
        return _done()

    async def _scroll(self, request: Request) -> JSONResponse:
        found, asked = self._of(request), await self._body(request, models.ScrollRequest)
        if asked.filter or asked.order_by or asked.with_payload is not True:
            raise HTTPException(400, "plain scrolls only")
        vectors = bool(asked.with_vector)
        wanted = edge.ScrollRequest(limit=asked.limit, offset=asked.offset, with_payload=True, with_vector=vectors)
        records, after = found.shard.scroll(wanted)
        points = [
            {"id": str(one.id), "payload": one.payload, "vector": _shown(one.vector) if vectors else None}
            for one in records
        ]
        return _ok({"points": points, "next_page_offset": None if after is None else str(after)})

    async def _query(self, request: Request) -> JSONResponse:
        found, asked = self._of(request), await self._body(request, models.QueryRequestBatch)
        answers = []
        for one in asked.searches:
            if one.prefetch or one.params or one.using is None or one.with_payload or one.with_vector:
                raise HTTPException(400, "plain queries only")
            vector: Any = one.query.nearest if isinstance(one.query, models.NearestQuery) else one.query
            if isinstance(vector, models.SparseVector):
                vector = edge.SparseVector(vector.indices, vector.values)
            elif not isinstance(vector, list):
                raise HTTPException(400, "a vector is missing")
            filtered = self._filter(found, one.filter) if one.filter else None
            nearest = edge.Query.Nearest(vector, using=one.using)
            query = edge.QueryRequest(limit=one.limit or 10, query=nearest, filter=filtered)
            hits = await run_in_threadpool(found.shard.query, query)
            points = [{"id": str(hit.id), "version": hit.version, "score": hit.score} for hit in hits]
            answers.append({"points": points})
        return _ok(answers)

    def _filter(self, of: Collection, asked: models.Filter) -> edge.Filter:
        if asked.should or asked.min_should:
            raise HTTPException(400, "must and must_not only")

        def all_of(conditions: Any) -> list[Any]:
            listed = conditions if isinstance(conditions, list) else [conditions] if conditions else []
            return [self._condition(of, one) for one in listed]

        return edge.Filter(must=all_of(asked.must), must_not=all_of(asked.must_not))

    @staticmethod
    def _condition(of: Collection, asked: Any) -> Any:
        if isinstance(asked, models.HasIdCondition):
            return edge.HasIdCondition({str(one) for one in asked.has_id})
        if not isinstance(asked, models.FieldCondition) or asked.key not in of.indexed:
            raise HTTPException(400, f"Bad request: Index required but not found for {asked}")
        match asked.match, asked.range:
            case models.MatchValue(value=str(value)), None:
                return edge.FieldCondition(asked.key, match=edge.MatchValue(value))
            case models.MatchAny(any=list(values)), None:
                return edge.FieldCondition(asked.key, match=edge.MatchAny(any=[str(value) for value in values]))
            case None, models.Range(gt=float(bound), gte=None, lt=None, lte=None):
                return edge.FieldCondition(asked.key, range=edge.RangeFloat(gt=bound))
            case _:
                raise HTTPException(400, f"unknown condition {asked}")


def _vectors(point: models.PointStruct, sizes: dict[str, int]) -> dict[str, Any]:
    if not isinstance(point.vector, dict):
        raise HTTPException(400, "named vectors only")
    made: dict[str, Any] = {}
    for name, vector in point.vector.items():
        if isinstance(vector, models.SparseVector):
            made[name] = edge.SparseVector(vector.indices, vector.values)
        elif isinstance(vector, list) and len(vector) == sizes.get(name):
            made[name] = vector
        else:
            raise HTTPException(400, f"Wrong input: Vector dimension error: {name}")
    return made


def _shown(vectors: Any) -> dict[str, Any]:
    return {
        name: {"indices": one.indices, "values": one.values} if isinstance(one, edge.SparseVector) else one
        for name, one in vectors.items()
    }


def _ok(result: Any) -> JSONResponse:
    return JSONResponse({"result": result, "status": "ok", "time": 0.0})


def _done() -> JSONResponse:
    return _ok({"operation_id": 1, "status": "completed"})


@pytest.fixture(scope="module")
def qdrant(tmp_path_factory: pytest.TempPathFactory) -> QdrantServer:
    return QdrantServer(tmp_path_factory.mktemp("qdrant"), "secret")


@pytest.fixture(scope="module")
def qdrant_url(qdrant: QdrantServer) -> Iterator[str]:
    """A real server when one is given, else ours."""
    if given := os.environ.get("AIGUY_TEST_QDRANT_URL"):
        yield given
        return
    with live_server(qdrant.app) as url:  # type: ignore[arg-type]
        yield url
