"""Makes the schemas of this folder from the definitions that others publish: `python take.py FOLDER`.

FOLDER holds a checkout of each release of `sources.yaml`, as OWNER/NAME. Descriptions are left out, and fields that the
definition does not name are refused.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_METADATA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}} | dict.fromkeys(
        ("labels", "annotations"), _TEXTS
    ),
}  # fmt: skip
_KEPT = (
    "type", "enum", "required", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems",
    "minProperties", "maxProperties", "format", "uniqueItems", "additionalProperties",
)  # fmt: skip
_SEVERAL = ("allOf", "anyOf", "oneOf")


def strict(schema: dict[str, Any], *, part: bool = False) -> dict[str, Any]:
    """A definition's schema as JSON Schema that refuses fields it does not name. `part`: it says more of an object that
    another schema closes already."""
    made = {name: schema[name] for name in _KEPT if name in schema}
    if "pattern" in made:
        # Go takes flags anywhere, Python at the start.
        made["pattern"] = made["pattern"].replace("^(?i)", "(?i)^")
    if isinstance(made.get("additionalProperties"), dict):
        made["additionalProperties"] = strict(made["additionalProperties"])
    if "properties" in schema:
        made["properties"] = {name: strict(one, part=part) for name, one in schema["properties"].items()}
        open_ = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
        if not (open_ or part):
            made["additionalProperties"] = False
    if "items" in schema:
        made["items"] = strict(schema["items"], part=part)
    if "not" in schema:
        made["not"] = strict(schema["not"], part=True)
    made |= {name: [strict(one, part=True) for one in schema[name]] for name in _SEVERAL if name in schema}
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if schema.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


def take(definition: dict[str, Any], version: str) -> dict[str, Any]:
    """The schema of one version of a CustomResourceDefinition."""
    told = definition["spec"]
    (found,) = [one for one in told["versions"] if one["name"] == version]
    schema = strict(found["schema"]["openAPIV3Schema"])
    schema["properties"].pop("status", None)
    schema["properties"] |= {
        "apiVersion": {"const": f"{told['group']}/{version}"}, "kind": {"const": told["names"]["kind"]},
        "metadata": _METADATA,
    }  # fmt: skip
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def main(folder: Path) -> None:
    """Writes all anew."""
    for kind, source in yaml.safe_load((HERE / "sources.yaml").read_text("utf-8")).items():
        repository, _, path = source["from"].split()
        (definition,) = yaml.safe_load_all((folder / repository / path).read_text("utf-8"))
        made = take(definition, source["version"])
        (HERE / f"{kind}.json").write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
