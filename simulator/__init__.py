"""A stand-in for the Enlighten cloud: stateful, strict, and honest about what the gateway enforces.

It is built from what is known about the cloud's battery API, not from the client that is tested against it.
"""

from .account import EMAIL, PASSWORD, SITE_ID, USER_ID
from .faults import Fault
from .simulator import Simulator
from .site.enforcement import Stretch
from .switches import SwitchError, Switches
from .wire import LOST, Ending, Request, Response

__all__ = [
    "EMAIL",
    "LOST",
    "PASSWORD",
    "SITE_ID",
    "USER_ID",
    "Ending",
    "Fault",
    "Request",
    "Response",
    "Simulator",
    "Stretch",
    "SwitchError",
    "Switches",
]
