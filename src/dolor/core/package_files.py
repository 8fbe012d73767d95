"""Where the knowledge files are: beside the code in a checkout, inside the package in a wheel.

YAML read strictly: no object tags, no duplicate keys, and `no`, `on` and `012` stay the text that was written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from dolor.core.errors import DataError

__all__ = ["load", "signature_path"]

_PACKAGE = Path(__file__).resolve().parents[1]


def signature_path(name: str) -> Path:
    """Return the path of a file in ``signatures/``, such as ``mediators.tsv``."""
    checkout = _PACKAGE.parents[1] / "signatures"
    folder = checkout if checkout.is_dir() else _PACKAGE / "signatures"
    return folder / name


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys and reads only `true` and `false` as booleans."""


def _without_surprises(resolvers: dict[str, list[tuple[str, Any]]]) -> dict[str, list[tuple[str, Any]]]:
    """Drop the YAML 1.1 rules that turn gene symbols and identifiers into booleans, octal numbers and dates."""
    surprising = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int", "tag:yaml.org,2002:timestamp")
    return {
        first: [(tag, pattern) for tag, pattern in rules if tag not in surprising] for first, rules in resolvers.items()
    }


_StrictLoader.yaml_implicit_resolvers = _without_surprises(yaml.SafeLoader.yaml_implicit_resolvers)


def _plain_resolvers() -> None:
    import re

    _StrictLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
    _StrictLoader.add_implicit_resolver(
        "tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9][0-9]*)$"), list("-0123456789")
    )


_plain_resolvers()


def _mapping_without_duplicates(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    mapping: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, (dict, list)):
            raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
        if key in mapping:
            raise yaml.constructor.ConstructorError(None, None, f"the key '{key}' stands twice", key_node.start_mark)
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping_without_duplicates)


def load(path: Path | str) -> Any:
    """Read one YAML document.

    Parameters
    ----------
    path
        A UTF-8 file; a byte-order mark and Windows line ends are accepted.

    Returns
    -------
    Mappings, lists, text, numbers and booleans.

    Raises
    ------
    dolor.core.errors.DataError
        The file is missing or is not such a document; the message names file and line.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error})") from error
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  a SafeLoader underneath
    except yaml.YAMLError as error:
        raise DataError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
