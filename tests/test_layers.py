"""Imports go down only, and the torch-free packages stay so.

matplotlib is imported in files named plots.py, or in a folder named plots, only.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "toomre"

# From the ground up: a package may import itself and whatever stands in a lower row.
LAYERS = [
    {"errors"},
    {"storage", "lookup", "output", "packages", "spreadsheet"},
    {"images", "recipe", "surveys"},
    {"evaluation", "recipes"},
    {"networks", "mocks", "morphology", "mosaics", "preparation", "reproduction"},
    {"losses", "interpretation"},
    {"training", "datasets"},
    {"build"},
    {"inference"},
    {"engines"},
    {"jobs"},
    {"cli"},
]
STRANGERS = [{"networks", "losses"}, {"networks", "datasets"}, {"losses", "datasets"}]
TORCH_FREE = [
    "errors",
    "storage",
    "lookup",
    "output",
    "packages",
    "spreadsheet",
    "recipe",
    "images",
    "surveys",
    "evaluation",
    "mocks",
    "morphology",
    "mosaics",
    "preparation",
    "recipes",
    "reproduction",
    "networks.card",
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem in LEVEL)


def package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Return the names of all modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_every_package_has_a_layer():
    found = {p.stem for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"}
    found |= {p.stem for p in ROOT.glob("*.py") if p.stem != "__init__"}
    assert found == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down_only(path):
    own = package(path)
    used = {name.split(".")[1] for name in imports(path) if name.startswith("toomre.")}
    for other in (used & set(LEVEL)) - {own}:
        assert LEVEL[other] < LEVEL[own], f"{own} must not import {other}"
        assert {own, other} not in STRANGERS, f"{own} must not import {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_matplotlib_is_in_plots_only(path):
    drawn = any(name.split(".")[0] == "matplotlib" for name in imports(path))
    assert not drawn or "plots" in (path.stem, path.parent.name)


def test_torch_free_packages_import_with_torch_blocked():
    modules = []
    for name in TORCH_FREE:
        path = ROOT / name.replace(".", "/")
        files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
        modules += [
            ".".join(("toomre", *file.relative_to(ROOT).with_suffix("").parts))
            for file in sorted(files)
        ]
    code = "import sys; sys.modules['torch'] = None\n"
    code += "\n".join(f"import {module.removesuffix('.__init__')}" for module in modules)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(modules) > 20
