"""The benchmarks: what the app costs and how fast it is, measured against the simulator (`make bench`)."""

import sys

from demo.lane import CHECKOUT

sys.path.insert(0, str(CHECKOUT / "apps" / "enphase-battery"))
