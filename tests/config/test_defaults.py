"""A default is the same wherever it can be set: in the configuration, as an option of a command, in Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel

import dolor as dl
from dolor.cli import cells, contrasts
from dolor.config import models

# For each section: its command, its functions, and what it calls otherwise.
PLACES: list[tuple[type[BaseModel], Callable[..., Any], tuple[Callable[..., Any], ...], dict[str, str]]] = [
    (
        models.Simulation,
        cells.simulate,
        (dl.simulate.study,),
        {"animals": "n_animals", "cells": "cells_per_sample"},
    ),
    (models.Quality, cells.quality, (dl.pp.quality_control, dl.pp.quality), {}),
    (models.Annotation, cells.annotate, (dl.tl.annotate, dl.tl.transfer_labels), {}),
    (models.Pairs, contrasts.profiles, (dl.catalog.interactions,), {"file": "pairs"}),
    (models.Pairs, contrasts.score, (dl.catalog.interactions,), {"file": "pairs"}),
    (models.Pairs, contrasts.contrast, (dl.catalog.interactions,), {"file": "pairs"}),
    (models.Contrast, contrasts.contrast, (dl.tl.contrast, dl.tl.composition, dl.tl.receiver_response), {}),
    (models.Contrast, contrasts.profiles, (dl.tl.profiles,), {}),
]
# The levels of reference differ by dataset; the check by exchanged labels is asked for in Python, as it takes long.
APART = ("reference", "relabelings")
CASES = [
    pytest.param(model, command, functions, other, id=f"{model.__name__}-{command.__name__}")
    for model, command, functions, other in PLACES
]


def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the defaults of a function; a file that is not named is empty here and there."""
    parameters = inspect.signature(function).parameters.values()
    return {each.name: "" if each.default is None else each.default for each in parameters}


@pytest.mark.parametrize(("model", "command", "functions", "other"), CASES)
def test_defaults_of_configuration_option_and_function_are_one(
    model: type[BaseModel],
    command: Callable[..., Any],
    functions: tuple[Callable[..., Any], ...],
    other: dict[str, str],
) -> None:
    option = _defaults(command)
    compared = 0
    for name, field in model.model_fields.items():
        # The levels of reference differ by dataset, so nothing has a default for them but the configuration.
        if name in option and name not in APART:
            assert option[name] == field.default, f"--{name} of {command.__name__}"
        for function in functions:
            found = _defaults(function)
            at = other.get(name, name)
            if at in found and name not in APART:
                compared += 1
                assert found[at] == field.default, f"{at} of {function.__name__}"
    assert compared


def test_every_key_of_a_section_is_an_option_of_its_command() -> None:
    for model, commands, apart in (
        (models.Simulation, (cells.simulate,), set()),
        (models.Quality, (cells.quality,), set()),
        (models.Annotation, (cells.annotate,), set()),
        (models.Pairs, (contrasts.profiles,), set()),
        (models.Contrast, (contrasts.contrast, contrasts.profiles), {"reference"}),
    ):
        options = {name for command in commands for name in inspect.signature(command).parameters}
        assert set(model.model_fields) - apart <= options
