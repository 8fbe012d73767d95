"""The page itself: templates, one style sheet and one script, locked by their hashes.

The policy of the page lets nothing load and nothing run but that one script, so that a label with markup in it stays
a label even if an escape were missed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from markupsafe import Markup

from dolor.report import encode, wording

__all__ = ["render"]


def render(context: Mapping[str, Any], islands: Mapping[str, Any]) -> str:
    """Write the page.

    Parameters
    ----------
    context
        What the templates show.
    islands
        What the scripts read, by name.

    Returns
    -------
    HTML.
    """
    import jinja2

    package = files("dolor.report")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (package / "templates" / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "compartment": wording.compartment, "count": wording.count, "number": wording.number,
        "population": wording.population, "pain_effect": wording.pain_effect,
    }  # fmt: skip
    environment.filters["capitalize_first"] = wording.capitalize_first
    style = _joined(package / "static" / "css")
    script = "(() => {\n'use strict';\n" + _joined(package / "static" / "js") + "\n})();"
    return (
        environment.get_template("report.html.j2").render(
            **context,
            style=Markup(style),  # noqa: S704  our own file
            script=Markup(script),  # noqa: S704  our own files
            policy=_policy(style, script),
            islands={name: Markup(encode.island(content)) for name, content in islands.items()},  # noqa: S704  escaped there
        )
        + "\n"
    )


def _joined(folder: Traversable) -> str:
    """Join the files of a folder in the order of their names."""
    sources = sorted((entry for entry in folder.iterdir() if entry.is_file()), key=lambda entry: entry.name)
    return "\n".join(source.read_text(encoding="utf-8").strip() for source in sources)


def _policy(style: str, script: str) -> str:
    locked = {name: _hash(content) for name, content in (("script-src", script), ("style-src", style))}
    rules = [f"{name} '{digest}'" for name, digest in locked.items()]
    return "; ".join(["default-src 'none'", *rules, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")
