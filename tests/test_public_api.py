"""Every public name keeps to one convention: it exists, is documented in full, and its example runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
from collections.abc import Callable

import pytest

import dolor as dl

NAMESPACES = ("catalog", "datasets", "pl", "populations", "pp", "report", "simulate", "tl")
FUNCTIONS = [
    (f"dl.{space}.{name}", getattr(getattr(dl, space), name))
    for space in NAMESPACES
    for name in getattr(dl, space).__all__
    if inspect.isfunction(getattr(getattr(dl, space), name))
] + [("dl.read", dl.read)]


@pytest.mark.parametrize("space", NAMESPACES)
def test_all_is_exact(space: str) -> None:
    module = getattr(dl, space)
    assert list(module.__all__) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_docstrings_say_what_goes_in_and_what_comes_out(name: str, function: Callable[..., object]) -> None:
    text = inspect.getdoc(function) or ""
    signature = inspect.signature(function)
    assert text, f"{name} has no docstring"
    assert "Returns\n-------" in text or signature.return_annotation in (None, "None"), f"{name} says no Returns"
    assert "Examples\n--------" in text, f"{name} has no example"
    if signature.parameters:
        assert "Parameters\n----------" in text, f"{name} says no Parameters"
    missing = [parameter for parameter in signature.parameters if parameter not in text]
    assert not missing, f"{name} does not document {missing}"
    untyped = [p.name for p in signature.parameters.values() if p.annotation is inspect.Parameter.empty]
    assert not untyped, f"{name} does not type {untyped}"


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_examples_run(name: str, function: Callable[..., object]) -> None:
    module = importlib.import_module(function.__module__)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    finder = doctest.DocTestFinder(recurse=False)
    for example in finder.find(function, name, module=module, globs={**vars(module)}):
        result = runner.run(example)
        assert result.failed == 0
        # What needs an extra, a network or a finished run is shown and not run.
        assert result.attempted > 0 or "+SKIP" in example.docstring


def test_the_root_offers_exactly_what_it_says() -> None:
    assert dir(dl) == dl.__all__
    for name in dl.__all__:
        assert getattr(dl, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = dl.nothing
