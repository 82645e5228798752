"""Who imports whom inside a package, and whether that goes round in a circle.

A circle is one for the reader too, so an import counts wherever it stands: under `if TYPE_CHECKING`, in a function, or
where Python would get away with it. What is imported by a computed name is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

Imports = dict[str, set[str]]
"""Each file, as its path inside the package, and the files of the package that it imports."""

_Name = tuple[str, ...]
"""A module's whole name, in its parts."""


def imports_of(package: Path) -> Imports:
    """Read all files of a package's top folder, which bears the package's name.

    Whoever imports from a folder that he is not in himself runs the folder's `__init__.py`, so he imports that too.
    """
    files = {_name_of(file, package): file for file in sorted(package.rglob("*.py"))}
    paths = {name: file.relative_to(package).as_posix() for name, file in files.items()}
    found: Imports = {}
    for name, file in files.items():
        inside = name if file.name == "__init__.py" else name[:-1]
        found[paths[name]] = {
            paths[each]
            for imported in _imported(ast.parse(file.read_text(encoding="utf-8")), inside)
            for each in _run_by(imported, inside, files.keys())
        }
    return found


def between_folders(imports: Imports) -> Imports:
    """Take each folder inside the package for one; the files beside those folders stay what they are."""
    found: Imports = {_folder_of(path): set() for path in imports}
    for path, imported in imports.items():
        found[_folder_of(path)] |= {_folder_of(each) for each in imported} - {_folder_of(path)}
    return found


def circle(imports: Imports) -> list[str]:
    """Return the way round one circle, each importing the next and the last being the first; none: an empty list."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        way: list[str] = error.args[1]  # each is imported by the next
        return way[::-1]
    return []


def _name_of(file: Path, package: Path) -> _Name:
    parts = (package.name, *file.relative_to(package).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def _folder_of(path: str) -> str:
    folder, is_inside, _ = path.partition("/")
    return folder + is_inside


def _imported(tree: ast.Module, inside: _Name) -> Iterator[_Name]:
    """Yield the whole names that a file of the package `inside` imports; what follows a module's is a name in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = inside[: max(0, len(inside) - node.level + 1)] if node.level else ()
            module = tuple(node.module.split(".")) if node.module else ()
            yield from ((*start, *module, alias.name) for alias in node.names)


def _run_by(imported: _Name, inside: _Name, modules: Container[_Name]) -> set[_Name]:
    """Return the module that an import takes its name from, and the `__init__.py` of the folders on the way there."""
    on_the_way = [imported[:length] for length in range(1, len(imported) + 1) if imported[:length] in modules]
    entered = {each for each in on_the_way if each != inside[: len(each)]}
    return entered | set(on_the_way[-1:])
