"""One file over HTTP: resumed where it broke off, retried with growing pauses, put in place only when whole."""

from __future__ import annotations

import fcntl
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO, Any

from dolor.core.errors import DataError, DolorError, IntegrityError, NetworkError
from dolor.io.provenance import sha256

_PIECE = 1 << 18
_SPARE = 2**27
# What a server may answer when it is busy; anything else of 400 and above will not change by waiting.
_BUSY = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Patience:
    """How long to put up with a server.

    Parameters
    ----------
    attempts
        Failures in a row, without a byte in between, after which to give up.
    pause
        Seconds before the second attempt; each further pause doubles.
    longest
        Longest pause in seconds, also where the server asks for a longer one.
    silence
        Seconds without a byte after which a connection counts as dead.
    window, slowest
        Fewer than ``slowest`` bytes a second over ``window`` seconds count as a failure.
    """

    attempts: int = 5
    pause: float = 1.0
    longest: float = 60.0
    silence: float = 60.0
    window: float = 120.0
    slowest: float = 512.0


class _Failure(Exception):
    """An attempt that may go better next time."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def download(
    url: str,
    target: Path,
    *,
    checksum: str = "",
    expected: int = 0,
    patience: Patience | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Download a file.

    Parameters
    ----------
    url
        Its address (http or https).
    target
        Where to put it. What is still incomplete lies beside it with the ending ``.part`` and is resumed.
    checksum
        The SHA-256 that it must have; empty: any.
    expected
        About how many bytes it has, as the registry or the server says; 0 if nobody does. Ten times as many are
        refused, and half of them is a file that was cut short.
    patience
        How long to put up with a server.
    progress
        Called with the bytes so far and in all (0 if unknown).

    Returns
    -------
    The SHA-256 of the file.

    Raises
    ------
    dolor.core.errors.NetworkError
        It did not arrive.
    dolor.core.errors.IntegrityError
        It arrived and is not what it should be; an earlier file was left as it is.
    dolor.core.errors.DataError
        It cannot be written, or there is no room for it.
    """
    if not url.startswith(("http://", "https://")):
        raise NetworkError(f"{url}: is no address on the web (http or https)")
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as stream:
            _lock(stream, target)
            _attempts(url, stream, expected, patience or Patience(), progress)
            _check_cut(url, part, expected)
            found = sha256(part)
            if checksum and found != checksum:
                part.unlink()
                _tag(part).unlink(missing_ok=True)
                raise IntegrityError(
                    f"{target.name}: what {url} gives has the SHA-256 {found[:12]}…, recorded was {checksum[:12]}…; "
                    "it has changed at its source, or on the way: nothing was replaced"
                )
            part.replace(target)
    except OSError as error:
        raise DataError(f"{target}: cannot be written ({error.strerror or error})") from error
    _tag(part).unlink(missing_ok=True)
    return found


def offered_size(url: str, timeout: float = 10.0) -> int:
    """Ask a server for the size of a file in bytes; 0 if it does not say. What is wrong is left to the download."""
    headers = {"User-Agent": "dolor", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=headers, method="HEAD")  # noqa: S310 - asked of the registry or user
    try:
        with _OPENER.open(request, timeout=timeout) as answer:
            length = answer.headers.get("Content-Length", "")
    except (OSError, http.client.HTTPException, ValueError, NetworkError):
        return 0
    return int(length) if length.isdigit() else 0


def check_room(folder: Path, needed: int, what: str) -> None:
    """Refuse what does not fit on the disk.

    Parameters
    ----------
    folder
        Where it is to go; need not be there yet.
    needed
        Bytes.
    what
        What needs them, for the message.

    Raises
    ------
    dolor.core.errors.DataError
        The disk has less room than that.
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free - _SPARE
    if needed > free:
        raise DataError(
            f"{what}: needs {needed:,} bytes, and {folder} has room for {max(free, 0):,}; free some or choose another"
        )


def _attempts(
    url: str, stream: IO[bytes], expected: int, patience: Patience, progress: Callable[[int, int], None] | None
) -> None:
    """Try until the stream holds the whole file; bytes that arrive give new patience."""
    failures = 0
    while True:
        before = stream.seek(0, 2)
        try:
            return _attempt(url, stream, expected, patience, progress)
        except _Failure as failure:
            failures = 1 if stream.seek(0, 2) > before + _PIECE else failures + 1
            if failures >= patience.attempts:
                raise NetworkError(
                    f"{url}: did not arrive after {failures} attempts ({failure}); "
                    "try again later, it will go on from where it broke off"
                ) from None
            time.sleep(min(max(patience.pause * 2 ** (failures - 1), failure.wait), patience.longest))


def _attempt(
    url: str, stream: IO[bytes], expected: int, patience: Patience, progress: Callable[[int, int], None] | None
) -> None:
    held = stream.tell()
    tag = _tag(Path(stream.name))
    mark = tag.read_text() if held and tag.exists() else ""
    if held and not mark:
        # Without a mark of its version the rest of the file could be that of another.
        stream.truncate(0)
        held = 0
    headers = {"User-Agent": "dolor", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    if held:
        request.add_header("Range", f"bytes={held}-")
        request.add_header("If-Range", mark)
    try:
        with _OPENER.open(request, timeout=patience.silence) as answer:
            _check_page(answer, url)
            _check_plain(answer, url)
            if answer.status != 206:
                stream.truncate(0)
                stream.seek(0)
                held = 0
            total = _whole_size(answer, held, mark, stream)
            tag.write_text(_version(answer))
            most = _most_bytes(total, expected)
            if total > most:
                raise NetworkError(
                    f"{url}: would be {total:,} bytes where about {expected:,} are expected; not fetched"
                )
            check_room(Path(stream.name).parent, total - held, url)
            _receive(answer, stream, total, most, patience, progress)
    except urllib.error.HTTPError as error:
        _answered(error, url, stream)
    except DolorError:
        raise
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _Failure(_reason(error)) from error


class _OnlyWeb(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to the web only, and never from an encrypted address to one that is not."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Refuse ftp, files and the like."""
        schemes = ("https://",) if req.full_url.lower().startswith("https://") else ("https://", "http://")
        if not newurl.lower().startswith(schemes):
            raise NetworkError(f"{req.full_url}: leads to {newurl[:60]}, which is not fetched; only the web is")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.OpenerDirector()
for _handler in (
    urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler, _OnlyWeb,
    urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor,
):  # fmt: skip
    _OPENER.add_handler(_handler())
_LEEWAY, _UNSAID = 10, 2**40


def _version(answer: Any) -> str:
    """Return the mark of a version that a resumed download may rest on; a weak one does not promise equal bytes."""
    tag = answer.headers.get("ETag") or ""
    return str("" if tag.startswith("W/") else tag or answer.headers.get("Last-Modified") or "")


def _whole_size(answer: Any, held: int, mark: str, stream: IO[bytes]) -> int:
    """Return the size of the whole file, 0 if the server does not say; a part must be the part that was asked for."""
    length = answer.headers.get("Content-Length") or ""
    size = int(length) if length.isdigit() else 0
    if answer.status != 206:
        return size
    given = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", (answer.headers.get("Content-Range") or "").strip())
    fits = given is not None and int(given[1]) == held and (not size or int(given[2]) - held + 1 == size)
    if not held or given is None or not fits or (_version(answer) or mark) != mark:
        stream.truncate(0)
        raise _Failure("the server gave another part than was asked for, or one of another version")
    whole = held + size if given[3] == "*" else int(given[3])
    if whole != int(given[2]) + 1 and given[3] != "*":
        stream.truncate(0)
        raise _Failure("the server gave less than the rest of the file")
    return whole


def _most_bytes(total: int, expected: int) -> int:
    """Bound what is taken: ten times what is expected, else what the server itself says, else a terabyte."""
    if expected:
        return max(_LEEWAY * expected, _PIECE)
    return total or _UNSAID


def _check_cut(url: str, part: Path, expected: int) -> None:
    """Refuse a file that is far shorter than expected, which a server that names no length may have cut."""
    size = part.stat().st_size
    if expected and size < expected // 2:
        part.unlink()
        _tag(part).unlink(missing_ok=True)
        raise IntegrityError(f"{url}: gave {size:,} bytes where about {expected:,} are expected; nothing was replaced")


def _check_plain(answer: Any, url: str) -> None:
    encoding = (answer.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise NetworkError(
            f"{url}: comes packed as '{encoding[:20]}' although it was asked for as it is; download it by hand"
        )


def _receive(
    answer: Any,
    stream: IO[bytes],
    total: int,
    most: int,
    patience: Patience,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Take what comes, and give up on a drip."""
    since, arrived = time.monotonic(), 0
    while piece := answer.read1(_PIECE):
        if stream.tell() == 0 and _is_page(piece):
            raise NetworkError(
                f"{answer.url}: gives a web page instead of the file; log in there and download it by hand"
            )
        if stream.tell() + len(piece) > most:
            stream.truncate(0)
            raise NetworkError(f"{answer.url}: gives more than {most:,} bytes, far more than is expected; not kept")
        stream.write(piece)
        arrived += len(piece)
        if progress is not None:
            progress(stream.tell(), total)
        if (lasted := time.monotonic() - since) > patience.window:
            if arrived < patience.slowest * lasted:
                raise _Failure(f"only {arrived} bytes in {lasted:.0f} seconds")
            since, arrived = time.monotonic(), 0
    stream.flush()
    if total and stream.tell() < total:
        raise _Failure(f"the connection broke off after {stream.tell():,} of {total:,} bytes")
    if stream.tell() == 0:
        raise _Failure("nothing came")


def _answered(error: urllib.error.HTTPError, url: str, stream: IO[bytes]) -> None:
    """Say what an answer that is no success means."""
    if error.code == 416:
        stream.truncate(0)
        raise _Failure("the server holds less than had arrived") from None
    if error.code in _BUSY:
        raise _Failure(f"the server answers {error.code}", _retry_after(error)) from None
    advice = "check the name in the registry" if error.code in (404, 410) else "log in there and download it by hand"
    raise NetworkError(f"{url}: the server answers {error.code} ({error.reason}); {advice}") from None


def _retry_after(error: urllib.error.HTTPError) -> float:
    text = error.headers.get("Retry-After", "")
    if text.isdigit():
        return float(text)
    with suppress(ValueError, TypeError):
        return max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0)
    return 0.0


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", error)
    text = str(reason) or type(error).__name__
    offline = "; is this machine offline? DOLOR_MIRROR can name a folder with the files"
    return text + (offline if "resolution" in text or "unreachable" in text or "not known" in text else "")


def _check_page(answer: Any, url: str) -> None:
    if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise NetworkError(f"{url}: leads to a web page ({answer.url}); log in there and download the file by hand")


_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:(?:<!--.*?-->|<\?xml.*?\?>)\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)


def _is_page(piece: bytes) -> bool:
    """Tell whether bytes begin a web page, also behind comments and a declaration."""
    start = piece[:65_536].lstrip()
    return bool(_PAGE.match(start)) or (start.startswith(b"<!--") and b"-->" not in start)


def _lock(stream: IO[bytes], target: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(f"{target}: is being downloaded by another process; wait for it") from None


def _tag(part: Path) -> Path:
    """Return the small file that holds the version (ETag) of an incomplete one."""
    return part.with_name(part.name + ".tag")
