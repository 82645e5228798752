"""The types of the configuration's values: each reads what YAML gave it or raises ValueError with the rule.

Beside each stands the form in which it is written, as JSON Schema (:mod:`.forms`). The ranges are production's; the
context in which the model is read may be other :class:`.Limits`, and then lifts some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import time, timedelta
from enum import Enum
from functools import partial
from typing import Annotated

from pydantic import PlainValidator, SecretStr, ValidationInfo
from pytz import all_timezones_set

from ..control.controls import Control
from ..enlighten.address import base_origin
from ..errors import ConfigurationError
from .forms import (
    ADDRESS,
    BOOLEAN,
    ONE_LINE,
    TEXT,
    TIME_OF_DAY,
    ZONE,
    Form,
    choice_form,
    duration_form,
    matching_form,
    number_form,
    weekday_form,
    whole_form,
    written,
)
from .limits import PRODUCTION, Limits
from .values import choice, duration, target_soc, time_of_day, whole_number, words

_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAYS = {name: number for number, day in enumerate(_WEEK, start=1) for name in (day, day[:3])}
_SLUG = "[a-z0-9]+(?:_[a-z0-9]+)*"
_LONGEST_SETTLE = timedelta(seconds=30)
_LEAST_RATE = 30  # requests an hour


def _secret(value: object) -> SecretStr:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text; put it in quotes")
    if any("\ud800" <= one <= "\udfff" for one in value):
        raise ValueError("holds a character that cannot be sent; write it without escapes such as \\ud800")
    return SecretStr(value)


def _boolean(value: object) -> bool:
    if value is True or value is False:
        return value
    raise ValueError("must be true or false, without quotes")


def _matching(pattern: str, rule: str, form: Callable[[str, str], Form] = matching_form) -> PlainValidator:
    """Return a reader of texts that match `pattern` from end to end; a plain number counts as its digits."""

    def read(value: object) -> str:
        text = str(value) if type(value) is int and 0 <= value < 10**20 else value
        if not isinstance(text, str) or not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return PlainValidator(read, json_schema_input_type=written(form(pattern, rule)))


def _entity_of(domain: str) -> PlainValidator:
    return _matching(rf"{domain}\.{_SLUG}", f"must be an entity id such as {domain}.my_name")


def _known_zone(value: object) -> str:
    if not isinstance(value, str) or value not in all_timezones_set:
        raise ValueError("must be the name of a time zone, such as Europe/London")
    return value


def _address(value: object) -> str:
    """Return scheme, host and port, without a slash at the end."""
    try:
        if isinstance(value, str) and not re.search(r"\s", value):
            return str(base_origin(value))
    except ConfigurationError:
        pass
    raise ValueError(
        "must be an https address without user, path and query, such as https://enlighten.enphaseenergy.com; "
        "plain http is for a loopback address only"
    )


def _limits(info: ValidationInfo) -> Limits:
    return info.context or PRODUCTION


def _duration(least: timedelta, most: timedelta) -> PlainValidator:
    def read(value: object, info: ValidationInfo) -> timedelta:
        return duration(value, _limits(info).least(least), most)

    return PlainValidator(read, json_schema_input_type=written(duration_form(least, most)))


def _settle(value: object) -> float:
    return duration(value, timedelta(0), _LONGEST_SETTLE).total_seconds()


def _rate(value: object, info: ValidationInfo) -> int:
    return whole_number(value, _LEAST_RATE, _limits(info).most_requests)


def _weekday(value: object) -> int:
    number = _WEEKDAYS.get(value.strip().lower()) if isinstance(value, str) else None
    if number is None:
        raise ValueError(f"must be one of {', '.join(day[:3] for day in _WEEK)}")
    return number


def day_names(days: Collection[int]) -> list[str]:
    """Return ISO weekdays (Monday is 1) as they are written."""
    return [_WEEK[day - 1][:3] for day in sorted(days)]


def one_of(kind: type[Enum]) -> PlainValidator:
    """Return the reader of an enumeration of texts, for `Annotated`."""
    form = choice_form(*(str(member.value) for member in kind))
    return PlainValidator(partial(choice, kind), json_schema_input_type=written(form))


Secret = Annotated[SecretStr, PlainValidator(_secret, json_schema_input_type=written(TEXT))]
Boolean = Annotated[bool, PlainValidator(_boolean, json_schema_input_type=written(BOOLEAN))]
Words = Annotated[str, PlainValidator(words, json_schema_input_type=written(ONE_LINE))]
SiteNumber = Annotated[str, _matching("[1-9][0-9]{0,19}", "must be a number, digits only", number_form)]
Slug = Annotated[str, _matching(_SLUG, "must be made of a-z, 0-9 and single underscores")]
Toggle = Annotated[str, _entity_of("input_boolean")]
Sensor = Annotated[str, _entity_of("sensor")]
ZoneName = Annotated[str, PlainValidator(_known_zone, json_schema_input_type=written(ZONE))]
Address = Annotated[str, PlainValidator(_address, json_schema_input_type=written(ADDRESS))]
Controllable = Annotated[Control, one_of(Control)]
Weekday = Annotated[int, PlainValidator(_weekday, json_schema_input_type=written(weekday_form(_WEEK)))]
LocalTime = Annotated[time, PlainValidator(time_of_day, json_schema_input_type=written(TIME_OF_DAY))]
Percent = Annotated[int, PlainValidator(target_soc, json_schema_input_type=written(whole_form(5, 100)))]
HourlyRate = Annotated[
    int, PlainValidator(_rate, json_schema_input_type=written(whole_form(_LEAST_RATE, PRODUCTION.most_requests)))
]
Settle = Annotated[
    float, PlainValidator(_settle, json_schema_input_type=written(duration_form(timedelta(0), _LONGEST_SETTLE)))
]
TokenRefresh = Annotated[timedelta, _duration(timedelta(minutes=10), timedelta(days=7))]
Poll = Annotated[timedelta, _duration(timedelta(minutes=1), timedelta(hours=6))]
Lead = Annotated[timedelta, _duration(timedelta(minutes=2), timedelta(hours=12))]
Consistency = Annotated[timedelta, _duration(timedelta(seconds=30), timedelta(minutes=10))]
PendingTimeout = Annotated[timedelta, _duration(timedelta(minutes=1), timedelta(days=1))]
