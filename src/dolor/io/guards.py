"""What a file may hold before it is read: everything inside it, and no more than its size and the memory allow.

HDF5 can read any other file into a dataset (external storage, virtual datasets, links), and a few kilobytes of it can
stand for terabytes. Zarr can name any codec, pickle included. Each is looked through before a value is read.
"""

from __future__ import annotations

import io
import json
import math
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import h5py

from dolor.core.errors import DataError

__all__ = [
    "Bounded",
    "MemoryBudget",
    "check_memory",
    "free_memory",
    "most_unpacked",
    "refuse_hostile",
    "refuse_hostile_zarr",
]

# Real counts shrink about tenfold, a dense matrix of which one value in a thousand is not zero about 300 times.
_LARGEST_RATIO = 1000
_LARGEST_UNPACKED = 64 * 2**30
_SPARE = 2**26
# Members of a file by every way that leads to them, and folders within folders.
_MOST_MEMBERS, _MOST_AGAIN = 100_000, 200
_DEEPEST = 40
# deflate, shuffle, fletcher32, szip, n-bit, scale-offset, bzip2, lzf, blosc, lz4, bitshuffle, zstd, blosc 2
_FILTERS = {1, 2, 3, 4, 5, 6, 307, 32000, 32001, 32004, 32008, 32015, 32026}
_LAYOUTS = {h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED}
# A text of variable length takes 16 bytes where it is referred to, and about this much as a Python object.
_REFERENCE, _OBJECT = 16, 64
_LARGEST_TEXT_RATIO = 100
_FEW_TEXTS = 1 << 20
_CODECS = {
    "blosc", "bytes", "bz2", "crc32c", "fixed_length_utf32", "gzip", "lz4", "lzma", "sharding_indexed", "transpose",
    "vlen-bytes", "vlen-utf8", "zlib", "zstd", "delta", "shuffle", "fixedscaleoffset", "astype", "packbits", "crc32",
    "adler32", "numcodecs.blosc", "numcodecs.bz2", "numcodecs.delta", "numcodecs.gzip", "numcodecs.lz4",
    "numcodecs.lzma", "numcodecs.shuffle", "numcodecs.zlib", "numcodecs.zstd",
}  # fmt: skip
_LARGEST_CHUNK = 2**31
_LARGEST_METADATA = 64 * 2**20


def most_unpacked(size: int, ratio: int = _LARGEST_RATIO) -> int:
    """Return how many bytes a file of a size may unpack to.

    Examples
    --------
    >>> most_unpacked(0) == 2**26
    True
    """
    return _SPARE + size * ratio


def free_memory() -> int:
    """Return how many bytes this process may still take, as the system, its control group and its limits say."""
    found = [2**63]
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found.append(next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")))
    with suppress(OSError, ValueError):
        group = Path("/sys/fs/cgroup")
        most = (group / "memory.max").read_text().strip()
        if most.isdigit():
            found.append(int(most) - int((group / "memory.current").read_text()))
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY:
        with suppress(OSError, ValueError, IndexError):
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            found.append(limit - pages * resource.getpagesize())
    return max(min(found), 0)


class MemoryBudget:
    """What a reader may keep in memory: half of what is free when it begins, since the rest is needed to convert it.

    Parameters
    ----------
    source
        Name of the file, for the message.
    """

    def __init__(self, source: Path | str) -> None:
        self._source, self._left = source, max(free_memory() // 2, _SPARE)

    def take(self, number: int) -> None:
        """Account for some bytes before they are kept.

        Raises
        ------
        dolor.core.errors.DataError
            They are more than what is left.
        """
        self._left -= number
        if self._left < 0:
            raise DataError(f"{self._source}: holds more than fits into memory; refused, or use a larger machine")


class Bounded(io.RawIOBase):
    """A stream of what a file unpacks to, refused as soon as that is more than its size allows.

    Parameters
    ----------
    stream
        The unpacked bytes.
    source
        Name of the file, for the message.
    most
        How many may come.
    """

    def __init__(self, stream: IO[bytes], source: Path | str, most: int) -> None:
        self._stream, self._source, self._left = stream, source, most

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        piece = self._stream.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise DataError(f"{self._source}: unpacks to far more than its size; refused as a decompression bomb")
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Close the stream below as well."""
        self._stream.close()
        super().close()


def check_memory(needed: int, source: Path | str) -> None:
    """Refuse to begin with what does not fit into memory.

    Raises
    ------
    dolor.core.errors.DataError
        More bytes are needed than are free.
    """
    if needed > _SPARE and needed > (free := free_memory()):
        raise DataError(f"{source}: needs {needed:,} bytes of memory where {free:,} are free; use a larger machine")


def refuse_hostile(stored: h5py.File, path: Path, *, in_memory: bool = False) -> None:
    """Refuse an HDF5 file that reads other files or would unpack to an absurd size; no value of it is read here.

    Parameters
    ----------
    stored
        The open file.
    path
        Its name, for the message.
    in_memory
        Whether it will be read whole, and so has to fit into memory.

    Raises
    ------
    dolor.core.errors.DataError
        A member lies outside of the file or is packed by an unknown filter, or there is too much of it.
    """
    unpacked = 0
    on_disk = max(path.stat().st_size, 1)
    seen: set[int] = set()
    for number, (name, item) in enumerate(_members(stored, path, (), "/"), start=1):
        seen.add(h5py.h5o.get_info(item.id).addr)
        if number > _MOST_MEMBERS or number - len(seen) > _MOST_AGAIN:
            raise DataError(f"{path}: holds too many members, or the same ones again and again; refused")
        unpacked += _attributes_size(item, name, path)
        if isinstance(item, h5py.Dataset):
            unpacked += _checked_size(item, name, path)
        if unpacked > _LARGEST_UNPACKED or unpacked > most_unpacked(on_disk):
            raise DataError(
                f"{path}: {on_disk:,} bytes would unpack to {unpacked:,} or more; refused as a decompression bomb. "
                "If the file is sound, rewrite it with less compression"
            )
    if in_memory:
        check_memory(unpacked, path)


def _members(group: h5py.Group, path: Path, above: tuple[Any, ...], place: str) -> Iterator[tuple[str, Any]]:
    """Give every member by each way that leads to it, as a reader would meet it."""
    if len(above) > _DEEPEST:
        raise DataError(f"{path}: '{_short(place)}' is nested more than {_DEEPEST} deep; refused")
    yield place, group
    for name in group:
        where = f"{place.rstrip('/')}/{name}"
        try:
            link = group.get(name, getlink=True)
        except (TypeError, RuntimeError):
            link = None
        if not isinstance(link, (h5py.HardLink, h5py.SoftLink)):
            raise DataError(f"{path}: '{_short(where)}' points to another file; refused")
        if isinstance(link, h5py.SoftLink):
            _check_soft_link(group, name, where, path)
        item = group.get(name)
        if isinstance(item, h5py.Group):
            here = (*above, group.id)
            if any(item.id == other for other in here):
                raise DataError(f"{path}: '{_short(where)}' holds itself; refused")
            yield from _members(item, path, here, where)
        elif isinstance(item, h5py.Dataset):
            yield where, item


def _check_soft_link(group: h5py.Group, name: str, where: str, path: Path) -> None:
    """Follow a link within the file step by step, so that none of its steps leaves the file."""
    seen = 0
    todo, at = [name], group
    while todo:
        step = todo.pop(0)
        if step in ("", "."):
            continue
        seen += 1
        link = at.get(step, getlink=True) if isinstance(at, h5py.Group) and step in at else None
        if link is None:
            return  # A link to nothing; a reader will say what it lacks.
        if not isinstance(link, (h5py.HardLink, h5py.SoftLink)) or seen > _DEEPEST * 4:
            raise DataError(f"{path}: '{_short(where)}' points to another file; refused")
        if isinstance(link, h5py.SoftLink):
            at = group.file["/"] if link.path.startswith("/") else at
            todo = [*link.path.split("/"), *todo]
        else:
            at = at[step]


def _checked_size(item: h5py.Dataset, name: str, path: Path) -> int:
    """Return what a dataset unpacks to, once it is known to lie in this file."""
    created = item.id.get_create_plist()
    if created.get_external_count() or created.get_layout() not in _LAYOUTS:
        raise DataError(f"{path}: '{_short(name)}' takes its values from another file; refused")
    filters = {created.get_filter(number)[0] for number in range(created.get_nfilters())}
    if filters - _FILTERS:
        raise DataError(f"{path}: '{_short(name)}' is packed by an unknown filter ({min(filters - _FILTERS)}); refused")
    number = math.prod(map(int, item.shape or ()))
    if not item.dtype.hasobject:
        return number * int(item.dtype.itemsize)
    written = int(item.id.get_storage_size())
    if number > _FEW_TEXTS and number * _REFERENCE > written * _LARGEST_TEXT_RATIO:
        raise DataError(
            f"{path}: '{_short(name)}' names {number:,} texts of which few are written; refused as a decompression bomb"
        )
    return number * max(int(item.dtype.itemsize), _OBJECT) + _shared_text(item, name, path)


def _shared_text(item: h5py.Dataset, name: str, path: Path) -> int:
    """Return the length of the texts of a dataset, which is not more than the file unless one is referred to often."""
    if item.dtype.kind != "O" or h5py.check_ref_dtype(item.dtype) is not None or not item.shape:
        return 0
    on_disk = path.stat().st_size
    # So few at a time that even texts as long as the file do little harm, and whole rows of a table.
    width = math.prod(map(int, item.shape[1:]))
    step = max(min(max(2**30 // max(on_disk, 1), 16), 1 << 16) // max(width, 1), 1)
    length = 0
    for start in range(0, int(item.shape[0]), step):
        length += sum(len(text) for text in item[start : start + step].ravel())
        if length > on_disk + most_unpacked(0):
            raise DataError(
                f"{path}: the texts of '{_short(name)}' are longer than the file; refused as a decompression bomb"
            )
    return length


def _attributes_size(item: Any, name: str, path: Path) -> int:
    size = 0
    for key in item.attrs:
        attribute = item.attrs.get_id(key)
        size += math.prod(map(int, attribute.shape or ())) * max(attribute.dtype.itemsize, 8)
        if h5py.check_ref_dtype(attribute.dtype) is h5py.Reference and attribute.shape == ():
            referred = item.file[reference] if (reference := item.attrs[key]) else None
            if isinstance(referred, h5py.Dataset):
                size += _checked_size(referred, f"{name}@{key}", path)
    return size


def refuse_hostile_zarr(folder: Path) -> None:
    """Refuse a zarr store that leads out of its folder, names an unknown codec, or would unpack to an absurd size.

    Raises
    ------
    dolor.core.errors.DataError
        As above; the member is named.
    """
    on_disk, members, metadata = 0, 0, []
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise DataError(f"{folder}: '{_short(path.name)}' is a link; a zarr store holds none, so it is refused")
        if path.is_file():
            on_disk += path.stat().st_size
            if path.name in (".zarray", ".zmetadata", "zarr.json"):
                metadata.append(path)
        if len(path.relative_to(folder).parts) > _DEEPEST or (members := members + 1) > 100 * _MOST_MEMBERS:
            raise DataError(f"{folder}: holds too many members, or too deep ones; refused")
    # What is consolidated says once more what each member says, so that a sound store counts up to twice.
    unpacked = sum(_array_size(array, folder) for path in metadata for array in _arrays(_json(path, folder), folder))
    if unpacked > 2 * _LARGEST_UNPACKED or unpacked > 2 * most_unpacked(on_disk):
        raise DataError(
            f"{folder}: {on_disk:,} bytes would unpack to {unpacked:,}; refused as a decompression bomb. "
            "If the store is sound, rewrite it with less compression"
        )


def _json(path: Path, folder: Path) -> Any:
    if path.stat().st_size > _LARGEST_METADATA:
        raise DataError(f"{folder}: '{path.name}' is larger than any description of a store; refused")
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{folder}: '{path.name}' is damaged ({str(error)[:60]}); copy the store again") from None


def _arrays(content: Any, folder: Path) -> Iterator[dict[str, Any]]:
    """Give the description of each array of a metadata file, also of one that describes the whole store."""
    if not isinstance(content, dict):
        return
    if "shape" in content:
        yield content
    consolidated = content.get("consolidated_metadata")
    described = (consolidated.get("metadata") if isinstance(consolidated, dict) else None) or content.get("metadata")
    for name, part in described.items() if isinstance(described, dict) else ():
        if name.startswith("/") or ".." in name.split("/"):
            raise DataError(f"{folder}: its member '{_short(name)}' would lie outside of the store; refused")
        yield from _arrays(part, folder)


def _array_size(array: dict[str, Any], folder: Path) -> int:
    for codec in _codecs(array):
        if codec not in _CODECS:
            raise DataError(f"{folder}: is packed by the codec '{_short(codec)}', which is not read here; refused")
    if array.get("storage_transformers"):
        raise DataError(f"{folder}: names a storage transformer, which is not read here; refused")
    kind = array.get("dtype", array.get("data_type", ""))
    digits = "".join(c for c in kind if c.isdigit()) if isinstance(kind, str) else ""
    width = int(digits[:9] or 8) if isinstance(array.get("dtype"), str) else max(int(digits[:9] or 64) // 8, 1)
    grid = array.get("chunk_grid")
    chunks = array.get("chunks") or (grid.get("configuration", {}).get("chunk_shape") if isinstance(grid, dict) else [])
    try:
        size = math.prod(map(int, array["shape"])) * width
        chunk = math.prod(map(int, chunks or [])) * width
    except (TypeError, ValueError):
        raise DataError(f"{folder}: has an array without a size; copy the store again") from None
    if chunk > _LARGEST_CHUNK or size < 0:
        raise DataError(f"{folder}: has a part of {chunk:,} bytes; refused as a decompression bomb")
    return size


def _codecs(array: dict[str, Any]) -> Iterator[str]:
    """Name every codec and filter of an array, those within shards too."""
    for key in ("compressor", "filters", "codecs", "index_codecs"):
        named = array.get(key) or []
        for codec in named if isinstance(named, list) else [named]:
            if not isinstance(codec, dict):
                yield str(codec)
                continue
            yield str(codec.get("id", codec.get("name", ""))).lower()
            if isinstance(codec.get("configuration"), dict):
                yield from _codecs(codec["configuration"])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
