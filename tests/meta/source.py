"""The source as data: what the meta tests look at."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "harness"
SOURCES = sorted(HARNESS.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
_OURS = [
    *ROOT.iterdir(),
    *(path for folder in ("harness", "docs", "scenarios", "conf", "tests") for path in (ROOT / folder).rglob("*")),
]
DOCUMENTS = sorted(path for path in _OURS if path.suffix in (".md", ".yaml", ".toml", ".ini", ".properties"))


def name_of(path):
    return str(path.relative_to(ROOT))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_in(tree):
    """Every module that is imported anywhere in it; `from a import b` gives both `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def functions_in(tree):
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
