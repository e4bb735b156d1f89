"""Keeps files, functions and classes small enough to read: limits from docs/design.md, section "Shape"."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 400
MAX_BODY_LINES = 50
MAX_METHODS = 20
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def main() -> int:
    """Print each offence on a line; exit status 1 when there is one."""
    sources = [*ROOT.glob("runtime/**/*.py"), *ROOT.glob("plugins/**/*.py"), *ROOT.glob("tests/**/*.py")]
    offences = [offence for path in sorted(sources) for offence in offences_in(path)]
    print("\n".join(offences) or f"{len(sources)} files are in shape")
    return 1 if offences else 0


def offences_in(path: Path) -> Iterator[str]:
    """Yield what is too large in one file."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    lines = len(text.splitlines())
    if lines > MAX_FILE_LINES:
        yield f"{name}: {lines} lines, at most {MAX_FILE_LINES}"
    is_test = name.parts[0] == "tests"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FUNCTIONS) and (size := body_lines(node)) > MAX_BODY_LINES and not is_test:
            yield f"{name}:{node.lineno}: {node.name} has {size} lines, at most {MAX_BODY_LINES}"
        if isinstance(node, ast.ClassDef) and not is_test:
            methods = sum(isinstance(each, FUNCTIONS) for each in node.body)
            if methods > MAX_METHODS:
                yield f"{name}:{node.lineno}: {node.name} has {methods} methods, at most {MAX_METHODS}"


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body without its docstring."""
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


if __name__ == "__main__":
    sys.exit(main())
