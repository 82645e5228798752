"""The control API under `/__control`: the operator's hands over HTTP, without authentication, for this machine only."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .clock import iso
from .operator import Operator
from .site.entries import ConflictError, NoEntryError
from .site.settings import MalformedError
from .wire import Request, Response, as_json

PREFIX = "/__control/"
_OK = as_json({"ok": True})


class Control:
    """Answers control requests; it is no part of the cloud and leaves no trace in the journal."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def handle(self, request: Request) -> Response:
        """Answer a request: 400 what is malformed, 404 what does not exist, 409 what conflicts."""
        name, _, entry_id = request.path.removeprefix(PREFIX).partition("schedules/")
        try:
            return self._answer(request, name + ("schedules" if entry_id else ""), entry_id)
        except NoEntryError as error:
            return as_json({"error": f"no schedule {error}"}, 404)
        except ConflictError as error:
            return as_json({"error": str(error)}, 409)
        except (MalformedError, ValueError) as error:
            return as_json({"error": str(error)}, 400)

    def _answer(self, request: Request, name: str, entry_id: str) -> Response:  # noqa: C901, PLR0911, PLR0912 - a table
        operator, method, body = self._operator, request.method, _body(request)
        applied = request.query.get("applied") != "false"
        match method, name:
            case "GET", "model":
                return as_json(operator.model())
            case "GET", "requests":
                return as_json(operator.requests())
            case "GET", "counters":
                return as_json(operator.counters())
            case "GET", "otp":
                return as_json({"code": operator.otp_code(), "sent": operator.counters()["otps_sent"]})
            case "GET", "enforcement":
                return as_json(_enforcement(operator))
            case "DELETE", "requests":
                operator.clear_log()
            case "PATCH", "switches":
                operator.world.set(body)
                return as_json(operator.world.switches.as_document())
            case "POST", "app/settings":
                operator.act_as_app(body)
            case "PUT", "app/stormGuard":
                operator.act_as_app(storm_guard=body)
            case "POST", "app/schedules" if not entry_id:
                return as_json({"scheduleId": operator.act_as_app(create=body, applied=applied)})
            case "PUT", "app/schedules" if entry_id:
                operator.act_as_app(update=(entry_id, body), applied=applied)
            case "DELETE", "app/schedules" if entry_id:
                operator.act_as_app(delete=entry_id)
            case "POST", "session/expire":
                operator.expire_sessions()
            case "POST", "battery":
                operator.set_soc(_number(body, "soc"))
            case "POST", "clock":
                operator.advance(_number(body, "advance"))
            case _:
                return as_json({"error": f"no such control: {method} {name}"}, 404)
        return _OK


def _enforcement(operator: Operator) -> dict[str, object]:
    return {
        family: [
            {"start": iso(each.start), "end": each.end and iso(each.end), "limit": each.limit} for each in stretches
        ]
        for family, stretches in operator.enforcement().items()
    }


def _body(request: Request) -> Mapping[str, object]:
    body = json.loads(request.body) if request.body else {}
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - one error for all that is malformed
    return body


def _number(body: Mapping[str, object], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{name}: a number is needed, not {value!r}")  # noqa: TRY004 - as above
    return value
