"""Digests of code and of knowledge, so that the workflow re-runs exactly what a change touches.

What a command runs is computed from its source: the functions that it names, the modules that these import, and so on.
"""

from __future__ import annotations

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from dolor.core.package_files import signature_path
from dolor.studies import registry

__all__ = ["code_version", "modules_of_command", "signature_digest", "study_digest"]

_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = _PACKAGE.name
_Functions = (ast.FunctionDef, ast.ClassDef)


@cache
def code_version(command: str) -> str:
    """Return a short digest of the code that a command of ``dolor`` runs.

    Parameters
    ----------
    command
        Name of the command's function, such as ``contrast``.

    Returns
    -------
    Twelve hexadecimal digits; the same sources give the same digits wherever they are installed.

    Raises
    ------
    ValueError
        The command line has no such command.

    Examples
    --------
    >>> len(code_version("contrast"))
    12
    """
    digest = hashlib.sha256()
    body, imported = _command(command)
    digest.update(body.encode())
    for module in sorted(_reached(imported)):
        digest.update(module.encode())
        digest.update(_path(module).read_bytes())
    return digest.hexdigest()[:12]


def modules_of_command(command: str) -> frozenset[str]:
    """Return the modules of the package that a command reaches.

    Examples
    --------
    >>> "dolor.contrasts.contrast" in modules_of_command("contrast")
    True
    """
    return _reached(_command(command)[1])


def signature_digest(*names: str) -> str:
    """Return a short digest of files in ``signatures/``, such as ``mediators.tsv``.

    Examples
    --------
    >>> len(signature_digest("mediators.tsv"))
    12
    """
    digest = hashlib.sha256()
    for name in names:
        digest.update(signature_path(name).read_bytes())
    return digest.hexdigest()[:12]


def study_digest(name: str) -> str:
    """Return a short digest of one entry of the registry; a change to another entry does not alter it.

    Examples
    --------
    >>> len(study_digest("kang2018"))
    12
    """
    return hashlib.sha256(registry.show(name).model_dump_json().encode()).hexdigest()[:12]


def _command(command: str) -> tuple[str, frozenset[str]]:
    """Return the source of a command with the functions of its file that it uses, and the modules that they import."""
    for path in sorted(_PACKAGE.joinpath("cli").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        functions = {node.name: node for node in tree.body if isinstance(node, _Functions)}
        if command in functions:
            used = _used(functions[command], functions)
            text = "\n".join(ast.get_source_segment(source, node) or "" for node in used)
            names = {name for node in used for name in _names(node)}
            return text, _imports(tree, names, inside=used)
    raise ValueError(f"unknown command '{command}'")


def _used(first: ast.AST, functions: dict[str, ast.FunctionDef | ast.ClassDef]) -> list[ast.AST]:
    found, waiting = [first], [first]
    while waiting:
        for name in sorted(_names(waiting.pop()) & set(functions)):
            if functions[name] not in found:
                found.append(functions[name])
                waiting.append(functions[name])
    return found


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _imports(tree: ast.Module, names: set[str], inside: list[ast.AST]) -> frozenset[str]:
    """Return the modules imported inside some functions, and those that the file imports under names that they use."""
    found: set[str] = set()
    uses = _attributes(part for node in inside for part in ast.walk(node))
    for scope in (*inside, *tree.body):
        if isinstance(scope, _Functions) and scope not in inside:
            continue
        for node in ast.walk(scope):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _NAME:
                for alias in node.names:
                    if scope in inside or (alias.asname or alias.name) in names:
                        found |= _targets(str(node.module), alias.name, uses[alias.asname or alias.name])
    return frozenset(found)


def _attributes(nodes: Iterable[ast.AST]) -> defaultdict[str, set[str]]:
    """Return the attributes that some code uses of each name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found[node.value.id].add(node.attr)
    return found


def _targets(module: str, name: str, uses: set[str]) -> set[str]:
    """Return the modules that ``from module import name`` needs; of a face (a list of imports), those used only."""
    whole = f"{module}.{name}"
    if _is_module(whole):
        offered = _offers(whole)
        chosen = {offered[use] for use in uses if use in offered}
        return chosen if chosen and uses <= set(offered) else {whole}
    offered = _offers(module)
    if name in offered:
        return {offered[name]}
    return {module}


@cache
def _offers(module: str) -> dict[str, str]:
    """Return the names that a face passes on and the modules that define them; empty for a module with code."""
    tree = _tree(module)
    if module == _NAME:
        return {"catalog": f"{_NAME}.knowledge.catalog", "populations": f"{_NAME}.knowledge.populations"}
    if any(isinstance(node, (*_Functions, ast.For, ast.With)) for node in tree.body):
        return {}
    return {
        alias.asname or alias.name: str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _NAME
        for alias in node.names
    }


def _reached(modules: frozenset[str]) -> frozenset[str]:
    found, waiting = set(modules), list(modules)
    while waiting:
        for module in _imported(waiting.pop()) - found:
            found.add(module)
            waiting.append(module)
    return frozenset(found)


@cache
def _imported(module: str) -> frozenset[str]:
    """Return the modules of the package that a module imports, at its head or inside its functions."""
    nodes = list(ast.walk(_tree(module)))
    uses = _attributes(nodes)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == _NAME:
            for alias in node.names:
                found |= _targets(str(node.module), alias.name, uses[alias.asname or alias.name])
    return frozenset(found)


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module: str) -> Path:
    base = _PACKAGE.joinpath(*module.split(".")[1:])
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


def _is_module(module: str) -> bool:
    return _path(module).is_file()
