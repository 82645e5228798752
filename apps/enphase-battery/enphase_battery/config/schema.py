"""The JSON Schema of an apps.yaml with this app in it: editors complete and check by it.

It is made of the model that the app reads its configuration with, so it cannot fall behind. Other apps pass unchecked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .configuration import APPDAEMONS_KEYS, CLASS, MODULE, Configuration
from .value_types import day_names
from .values import clock_text

_MODULE, _CLASS = {"const": MODULE}, {"const": CLASS}
_DEFINITIONS = "definitions"


class _AsWritten(GenerateJsonSchema):
    """Shows defaults as a person writes them, and no titles, which only repeat the keys."""

    def encode_default(self, dft: Any) -> Any:
        """Return a default as it stands in YAML."""
        if isinstance(dft, timedelta):
            return clock_text(dft)
        if isinstance(dft, frozenset):
            return day_names(dft)
        return super().encode_default(dft)

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  # pydantic's signature
        """Return that no key has a title beside its name."""
        return False


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the whole file, as JSON."""
    app = Configuration.model_json_schema(ref_template=f"#/{_DEFINITIONS}/{{model}}", schema_generator=_AsWritten)
    definitions = {name: _tidied(section) for name, section in app.pop("$defs").items()}
    app = _tidied(app)
    app["properties"] = {
        "module": {**_MODULE, "description": "The package of this app."},
        "class": {**_CLASS, "description": "The class of this app."},
        **app["properties"],
        **{key: {} for key in sorted(APPDAEMONS_KEYS - {"module", "class"})},
    }
    app["required"] = ["module", "class", *app["required"]]
    is_this_app = {
        "anyOf": [
            {"required": [key], "properties": {key: one}} for key, one in (("module", _MODULE), ("class", _CLASS))
        ]
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "apps.yaml of AppDaemon, with the Enphase battery app",
        "type": ["object", "null"],
        "additionalProperties": {
            "if": {"type": "object", **is_this_app},
            "then": {"$ref": f"#/{_DEFINITIONS}/{Configuration.__name__}"},
        },
        _DEFINITIONS: {**definitions, Configuration.__name__: app},
    }


def _tidied(section: dict[str, Any]) -> dict[str, Any]:
    """Return a section in which an optional key may stand without a value, which means that it is left out."""
    required = section.get("required", [])
    properties = {key: one if key in required else _may_be_empty(one) for key, one in section["properties"].items()}
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def _may_be_empty(form: dict[str, Any]) -> dict[str, Any]:
    said = {key: one for key, one in form.items() if key in ("description", "default") and one is not None}
    kinds = {key: one for key, one in form.items() if key not in ("description", "default")}
    alternatives = kinds["anyOf"] if kinds.keys() == {"anyOf"} else [kinds]
    null = {"type": "null"}
    return {**said, "anyOf": [*(one for one in alternatives if one != null), null]}
