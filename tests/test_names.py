"""The public names are the same for Python, which imports them when they are asked for, and for type checkers."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

import rodflow_widgets
from rodflow_widgets import callbacks
from rodflow_widgets.engine.registry import OPTIMIZERS, PROBLEMS

PACKAGE = Path(rodflow_widgets.__file__).parent


def for_type_checkers(module: str) -> dict[str, str]:
    """Public name -> what it is, as dotted path in the package, of the imports under TYPE_CHECKING in a module."""
    tree = ast.parse((PACKAGE / module / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    found = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        assert statement.level == 1
        for alias in statement.names:
            assert alias.asname == alias.name, f"{alias.name} is private without 'as {alias.name}'"
            found[alias.name] = f"{statement.module or ''}.{alias.name}".lstrip(".")
    return found


def test_what_is_lazy_is_named_for_type_checkers() -> None:
    lazy = {
        name: (module if attribute is None else f"{module}.{attribute}").lstrip(".")
        for name, (module, attribute) in rodflow_widgets._LAZY.items()
    }
    assert for_type_checkers("") == lazy
    assert set(rodflow_widgets.__all__) == {*lazy, "__version__"}


def test_callbacks_are_named_for_type_checkers() -> None:
    assert for_type_checkers("callbacks") == {
        name: f"{module.lstrip('.')}.{name}" for name, module in callbacks._MODULES.items()
    }


@pytest.mark.parametrize(("folder", "table"), [("problems", PROBLEMS), ("optimizers", OPTIMIZERS)])
def test_what_is_registered_is_named_for_type_checkers(folder: str, table: dict) -> None:
    module = importlib.import_module(f"rodflow_widgets.engine.{folder}")
    named = for_type_checkers(f"engine/{folder}")
    assert set(named) == set(table)
    for name, place in named.items():
        defining = importlib.import_module(f"{module.__name__}.{place.split('.')[0]}")
        assert getattr(defining, name) is getattr(module, name) is table[name]
