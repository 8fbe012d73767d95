"""R's serialization written by hand, value by value, for files that R itself would not write."""

from __future__ import annotations

import struct

HEAD = b"X\n" + struct.pack(">3i", 2, 0, 0)
NIL = struct.pack(">i", 254)


def number(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


def text(word: str) -> bytes:
    return number(9, len(word)) + word.encode()


def symbol(word: str) -> bytes:
    return number(1) + text(word)


def integers(*values: int) -> bytes:
    return number(13, len(values), *values)


def reals(*values: float) -> bytes:
    return number(14, len(values)) + struct.pack(f">{len(values)}d", *values)


def strings(*words: str) -> bytes:
    return number(16, len(words)) + b"".join(map(text, words))


def several(*values: bytes) -> bytes:
    return number(19, len(values)) + b"".join(values)


def short_form(name: str, state: bytes, attributes: bytes = NIL) -> bytes:
    """A vector that R keeps in a shorter form: who knows the form, what it keeps, attributes."""
    return number(238) + number(2) + symbol(name) + NIL + state + attributes


def with_attributes(value: bytes, **attributes: bytes) -> bytes:
    """A value with attributes, such as its names and its class."""
    kind = struct.unpack(">i", value[:4])[0]
    pairs = b"".join(number(2 | 0x400) + symbol(name) + stored for name, stored in attributes.items())
    return number(kind | 0x200) + value[4:] + pairs + NIL


def data_frame(*columns: bytes, names: bytes, rows: bytes | None = None) -> bytes:
    more = {"names": names} if rows is None else {"names": names, "row.names": rows}
    return with_attributes(several(*columns), **more, **{"class": strings("data.frame")})


def s4(kind: str, **slots: bytes) -> bytes:
    return with_attributes(number(25), **slots, **{"class": strings(kind)})
