"""The JSON bodies of the battery service's writes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ..site.settings import MalformedError
from ..wire import Request


def json_body(request: Request) -> object:
    """Return what the body says; raise MalformedError if it is not JSON, or not declared as JSON (415)."""
    if not request.header("content-type").startswith("application/json"):
        raise MalformedError("Content type is not supported", 415)
    try:
        return json.loads(request.body)
    except ValueError as error:
        raise MalformedError("JSON parse error") from error


def json_object(request: Request) -> Mapping[str, object]:
    """Return the body's object; raise MalformedError for anything else."""
    body = json_body(request)
    if not isinstance(body, dict):
        raise MalformedError("the body is not an object")
    return body
