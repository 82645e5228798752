"""Print, as arguments for pip, what Home Assistant would install at run time. Runs in Home Assistant's environment.

Its integrations name their requirements in their manifests, and the first start installs them. Here they are installed
ahead, with Home Assistant's own constraints, so that it can be started with `--skip-pip` and reaches for no network.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from pathlib import Path

# What the demo's configuration names beyond the integrations that Home Assistant always sets up.
_CONFIGURED = ("history", "logbook", "recorder", "template")


def requirements(components: Path, domains: Iterable[str]) -> list[str]:
    """Return the pinned requirements of the integrations `domains` and of all that these import."""
    open_domains, seen, found = list(domains), set(), set()
    while open_domains:
        domain = open_domains.pop()
        if domain not in seen:
            seen.add(domain)
            manifest = json.loads((components / domain / "manifest.json").read_text(encoding="utf-8"))
            open_domains += manifest.get("dependencies", []) + manifest.get("after_dependencies", [])
            found.update(manifest.get("requirements", []))
    return sorted(found)


def main() -> None:
    """Print the constraints option, then the requirements, one a line."""
    bootstrap = importlib.import_module("homeassistant.bootstrap")
    package = Path(bootstrap.__file__ or "").parent
    print("-c", package / "package_constraints.txt", sep="\n")
    print(*requirements(package / "components", {*_CONFIGURED, *bootstrap.DEFAULT_INTEGRATIONS}), sep="\n")


if __name__ == "__main__":
    main()
