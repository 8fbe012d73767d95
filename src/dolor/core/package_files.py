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
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{_short(key)}' is duplicated", key_node.start_mark
            )
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _mapping_without_duplicates)
# More than any configuration; aliases of aliases make a few lines into billions of values.
_LARGEST, _DEEPEST, _MOST_VALUES = 2**24, 50, 1_000_000
_LONGEST_MESSAGE = 300


def _refuse_oversized(node: yaml.Node | None) -> None:
    """Refuse a document that is too deep or, its aliases written out, too large; a circle is too deep as well."""
    sizes: dict[int, int] = {}

    def size(part: yaml.Node, depth: int) -> int:
        if depth > _DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {_DEEPEST} deep")
        if id(part) not in sizes:
            inside: list[yaml.Node] = []
            if isinstance(part, yaml.SequenceNode):
                inside = part.value
            elif isinstance(part, yaml.MappingNode):
                inside = [half for pair in part.value for half in pair]
            sizes[id(part)] = 1 + sum(size(other, depth + 1) for other in inside)
        if sizes[id(part)] > _MOST_VALUES:
            raise yaml.YAMLError(f"it holds more than {_MOST_VALUES:,} values, its aliases written out")
        return sizes[id(part)]

    if node is not None:
        size(node, 0)


def _short(text: object, longest: int = 60) -> str:
    written = " ".join(str(text).split())
    return written if len(written) <= longest else f"{written[: longest - 1]}…"


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
    if len(text) > _LARGEST:
        raise DataError(f"{path}: is too large for a YAML document ({len(text):,} characters)")
    try:
        return _one_document(text)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise DataError(f"{path}: not valid YAML: {_short(error, _LONGEST_MESSAGE)}") from error
    except RecursionError:
        raise DataError(f"{path}: not valid YAML: it is nested more than {_DEEPEST} deep") from None


def _one_document(text: str) -> Any:
    loader = _StrictLoader(text)
    try:
        node = loader.get_single_node()
        _refuse_oversized(node)
        return None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()
