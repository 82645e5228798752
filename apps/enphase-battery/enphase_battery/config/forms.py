"""How the configuration's values are written, as JSON Schema: for editors, beside the readers of :mod:`.value_types`.

`patternErrorMessage` is what editors say in the place of a pattern that nobody reads.

A form may let pass what its reader refuses (the limits of a duration are not those of its text, and editors read YAML
1.2 where AppDaemon reads YAML 1.1), but never complains of what its reader takes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import WithJsonSchema

Form = Mapping[str, Any]
"""A JSON Schema of one value."""


def _text(pattern: str, said: str) -> Form:
    return {"type": "string", "pattern": pattern, "patternErrorMessage": said}


TEXT: Form = _text(r"\S", "Write a text in quotes.")
ONE_LINE: Form = {**TEXT, "maxLength": 100}
ZONE: Form = {"type": "string", "examples": ["Europe/London", "Australia/Sydney", "America/Los_Angeles"]}
ADDRESS = _text(r"^[A-Za-z]+://[^\s/?#@]+/?$", "Write an https address without user, path and query.")
BOOLEAN: Form = {
    "anyOf": [
        {"type": "boolean"},
        # YAML 1.1 makes booleans of these, for an editor they are texts.
        _text("^(yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$", "Write true or false, without quotes."),
    ]
}
TIME_OF_DAY: Form = {
    "anyOf": [
        _text(
            r"^\s*([01]?[0-9]|2[0-3]):[0-5][0-9](:00)?\s*$",
            'Write a time of day in whole minutes and in quotes, "00:00" to "23:59".',
        ),
        # What YAML 1.1 makes of 16:00 and of 16:00:00.
        {"type": "integer", "minimum": 60, "exclusiveMaximum": 1_440},
        {"type": "integer", "minimum": 3_600, "exclusiveMaximum": 86_400, "multipleOf": 60},
    ],
    "examples": ["02:00", "17:30"],
}


def written(form: Form) -> Any:
    """Return a type whose JSON Schema is this form, for the `json_schema_input_type` of a reader."""
    return Annotated[Any, WithJsonSchema(dict(form))]


def matching_form(pattern: str, rule: str) -> Form:
    """Return the form of texts that match a pattern from end to end; else the rule is shown."""
    return _text(f"^(?:{pattern})$", f"The value {rule}.")


def number_form(digits: str, rule: str) -> Form:
    """Return the form of an id: digits, with or without quotes; editors take the name behind `!secret` for it, too."""
    return {"anyOf": [{"type": "integer", "minimum": 1}, matching_form(rf"{digits}|[A-Za-z_]\w*", rule)]}


def choice_form(*choices: str) -> Form:
    """Return the form of one of several texts."""
    return {"type": "string", "enum": list(choices)}


def whole_form(least: int, most: int) -> Form:
    """Return the form of a whole number within limits, with or without quotes."""
    return {
        "anyOf": [
            {"type": "integer", "minimum": least, "maximum": most},
            _text(r"^\s*[0-9]{1,9}(\.0+)?\s*$", "Write a whole number."),
        ]
    }


def duration_form(least: timedelta, most: timedelta) -> Form:
    """Return the form of a duration. Its limits are those of the plain number of seconds only."""
    number: Form = {"type": "number", "minimum": 0}
    return {
        "anyOf": [
            _text(
                r"^\s*[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]\s*$",
                'Write "HH:MM:SS" in quotes, a mapping (minutes: 30) or seconds.',
            ),
            {
                "type": "object",
                "properties": dict.fromkeys(("days", "hours", "minutes", "seconds"), number),
                "additionalProperties": False,
                "minProperties": 1,
            },
            {"type": "number", "minimum": least.total_seconds(), "maximum": most.total_seconds()},
        ]
    }


def weekday_form(names: Sequence[str]) -> Form:
    """Return the form of a weekday: its short name, for completion, or either of its names in any case."""
    short = [name[:3] for name in names]
    either = "|".join(_in_any_case(name) for name in (*short, *names))
    return {"anyOf": [choice_form(*short), _text(rf"^\s*({either})\s*$", f"Write one of {', '.join(short)}.")]}


def _in_any_case(name: str) -> str:
    return "".join(f"[{letter}{letter.upper()}]" for letter in name)
