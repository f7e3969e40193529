"""Every document is one that the API server takes: unknown and misspelt fields are refused."""

import json
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest

from .rendered import Document, Overlay

#: The oldest Kubernetes that all of this is meant for.
KUBERNETES = "1.33"
#: Of kinds that others define, made from what they publish: `schemas/sources.yaml` says of which release.
OTHERS = Path(__file__).parent / "schemas"


def wrong_with(document: Document) -> str | None:
    """What a strict reader refuses; None: nothing."""
    schema = OTHERS / f"{document['kind']}.json"
    try:
        if schema.exists():
            jsonschema.validate(document, json.loads(schema.read_text("utf-8")))
        else:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
    except (jsonschema.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
        return f"{document['kind']} {document['metadata']['name']}: {error.message}"
    return None


def test_every_document_is_valid(overlay: Overlay) -> None:
    assert [trouble for one in overlay.documents if (trouble := wrong_with(one))] == []


def test_a_field_that_does_not_exist_is_found(overlay: Overlay) -> None:
    (deployment, *_), (policy, *_) = overlay.of("Deployment"), overlay.of("NetworkPolicy")

    assert wrong_with({**deployment, "spec": {**deployment["spec"], "replica": 2}}) is not None
    assert wrong_with({**policy, "spec": {**policy["spec"], "ingres": []}}) is not None


@pytest.mark.parametrize("schema", sorted(OTHERS.glob("*.json")), ids=lambda path: path.stem)
def test_a_schema_of_ours_is_used_and_is_strict(schema: Path, overlays: dict[str, Overlay]) -> None:
    documents = [one for overlay in overlays.values() for one in overlay.of(schema.stem)]

    assert documents
    assert wrong_with({**documents[0], "spec": {**documents[0]["spec"], "unheardOf": 1}}) is not None


def test_nothing_is_there_twice(overlay: Overlay) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in overlay.documents]

    assert sorted(set(names)) == sorted(names)


def test_all_is_in_the_namespace_of_the_overlay(overlay: Overlay) -> None:
    (namespace,) = overlay.of("Namespace")
    elsewhere = {
        one["metadata"]["name"]
        for one in overlay.documents
        if one is not namespace and one["metadata"].get("namespace") != f"aiguy-{overlay.name}"
    }

    assert namespace["metadata"]["name"] == f"aiguy-{overlay.name}"
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert elsewhere == set()
