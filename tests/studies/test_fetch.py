"""Downloads from a server that misbehaves on purpose."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import dolor as dl
from dolor.core.errors import DataError, IntegrityError, NetworkError, UsageError
from dolor.io.provenance import sha256
from dolor.studies.download import Patience, download

CONTENT = bytes(range(256)) * 4096
QUICK = Patience(attempts=3, pause=0.01, longest=0.05, silence=2, window=0.3, slowest=10_000)

PAGES = {
    "page_behind_comment": b"<!-- saved from url=(0014)about:internet -->\n<!-- x > y --><html><body>",
    "page_behind_declaration": b"\xef\xbb\xbf<?xml version='1.0'?>\n<!DOCTYPE html><html>",
    "page_open_comment": b"<!-- " + b"x" * 5000,
}


class Server(ThreadingHTTPServer):
    """Answers by the name of what is asked for, and counts the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []
        self.tag = '"one"'
        self.claims = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        """Say how large it would be, unless asked for what a server does not answer so."""
        self.send_response(405 if "no_head" in self.path else 200)
        self.send_header("Content-Length", str(self.server.claims or len(CONTENT)))
        self.end_headers()

    def do_GET(self) -> None:
        server, name = self.server, self.path.rsplit("/", 1)[-1]
        server.asked.append((name, self.headers.get("Range", "")))
        times = sum(asked == name for asked, _ in server.asked)
        if name.startswith("code") and (name.startswith("code_always") or times == 1):
            self.send_response(int(name[-3:]))
            self.send_header("Retry-After", "0")
            self.end_headers()
        elif name == "login":
            self._page(200)
        elif name == "to_login":
            self.send_response(302)
            self.send_header("Location", "/login")
            self.end_headers()
        elif name == "page_as_data":
            self._send(b"<!DOCTYPE html><html>", 0)
        elif name in PAGES:
            self._send(PAGES[name], 0)
        elif name.startswith("odd"):
            self._odd(name, times)
        elif name == "endless":
            self._endless()
        elif name == "packed":
            self._packed()
        elif name in ("to_ftp", "to_file"):
            self._elsewhere(name)
        elif name == "drip":
            self._drip()
        else:
            self._send(CONTENT, 300_000 if name == "broken" and times == 1 else len(CONTENT))

    def _page(self, code: int) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<html>Sign in")

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        for _ in range(20):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def _send(self, content: bytes, until: int) -> None:
        start = 0
        asked = self.headers.get("Range", "")
        if asked and self.headers.get("If-Range") == self.server.tag:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("ETag", self.server.tag)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start : until or len(content)])

    def _odd(self, name: str, times: int) -> None:
        """Break off once, and answer the request for the rest with what is not the rest."""
        size = len(CONTENT)
        if times == 1:
            self.send_response(200)
            self.send_header("ETag", '"one"')
            self.send_header("Content-Length", str(size))
            self.end_headers()
            self.wfile.write(CONTENT[:300_000])
            return
        if not self.headers.get("Range"):
            self._send(CONTENT, size)
            return
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        other = bytes(reversed(CONTENT))
        answers = {
            "odd_start": (CONTENT, f"bytes 0-{size - 1}/{size}", '"one"', size),
            "odd_tag": (other[start:], f"bytes {start}-{size - 1}/{size}", '"two"', size - start),
            "odd_none": (other[start:], "", '"one"', size - start),
            "odd_total": (other[start : start + 9], f"bytes {start}-{start + 8}/{size}", '"one"', 9),
            "odd_length": (other[start : start + 9], f"bytes {start}-{size - 1}/{size}", '"one"', 9),
        }
        content, told, tag, length = answers[name]
        self.send_response(206)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(length))
        if told:
            self.send_header("Content-Range", told)
        self.end_headers()
        self.wfile.write(content)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(bytes(range(256)) * 1024)

    def _packed(self) -> None:
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(gzip.compress(CONTENT))

    def _elsewhere(self, name: str) -> None:
        self.send_response(302)
        self.send_header("Location", {"to_ftp": "ftp://127.0.0.1/x", "to_file": "file:///etc/hostname"}[name])
        self.end_headers()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()


def test_a_file_arrives_with_its_checksum(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = download(f"{server.url}/good", tmp_path / "a", progress=lambda *held: seen.append(held))
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert found == sha256(tmp_path / "a")
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["code429", "code500", "code503"])
def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path, name: str) -> None:
    download(f"{server.url}/{name}", tmp_path / "a", patience=QUICK)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("name", "message", "requests"),
    [
        ("code_always404", r"answers 404 .*check the name in the registry", 1),
        ("code_always403", r"answers 403 .*log in there", 1),
        ("code_always500", r"after 3 attempts \(the server answers 500\)", 3),
        ("code_always429", r"after 3 attempts \(the server answers 429\)", 3),
        ("to_login", r"leads to a web page \(http.*/login\)", 1),
        ("page_as_data", "gives a web page instead of the file", 1),
        ("drip", r"after 3 attempts \(only \d+ bytes in", 3),
    ],
)
def test_what_does_not_arrive(server: Server, tmp_path: Path, name: str, message: str, requests: int) -> None:
    (tmp_path / "a").write_text("good")
    with pytest.raises(NetworkError, match=message):
        download(f"{server.url}/{name}", tmp_path / "a", patience=QUICK)
    assert (tmp_path / "a").read_text() == "good"
    assert sum(asked == name for asked, _ in server.asked) == requests


def test_a_connection_that_breaks_off_goes_on_where_it_was(server: Server, tmp_path: Path) -> None:
    download(f"{server.url}/broken", tmp_path / "a", patience=QUICK)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert server.asked == [("broken", ""), ("broken", "bytes=300000-")]


def test_a_killed_download_is_resumed_unless_the_file_has_changed(server: Server, tmp_path: Path) -> None:
    for tag, expected in (('"one"', "bytes=1000-"), ('"two"', "bytes=1000-")):
        (tmp_path / "a.part").write_bytes(CONTENT[:1000] if tag == '"one"' else b"x" * 1000)
        (tmp_path / "a.part.tag").write_text('"one"')
        server.tag = tag
        download(f"{server.url}/good", tmp_path / "a", patience=QUICK)
        assert (tmp_path / "a").read_bytes() == CONTENT
        assert server.asked[-1] == ("good", expected)
    (tmp_path / "a.part").write_bytes(b"x" * 1000)
    download(f"{server.url}/good", tmp_path / "a", patience=QUICK)
    assert server.asked[-1] == ("good", "")
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_wrong_checksum_replaces_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("good")
    with pytest.raises(IntegrityError, match=r"has the SHA-256 .*recorded was 000000000000"):
        download(f"{server.url}/good", tmp_path / "a", checksum="0" * 64)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "good"


def test_nobody_there_and_no_address(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"after 3 attempts .*refused"):
        download("http://127.0.0.1:9/x", tmp_path / "a", patience=QUICK)
    for address in ("file:///etc/passwd", "ftp://x/y"):
        with pytest.raises(NetworkError, match="is no address on the web"):
            download(address, tmp_path / "a")


def test_two_downloads_of_one_file(server: Server, tmp_path: Path) -> None:
    import fcntl

    with (tmp_path / "a.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="is being downloaded by another process"):
            download(f"{server.url}/good", tmp_path / "a")


NAME = "GSM5949409_filtered_feature_bc_matrix.h5"


def test_a_study_is_fetched_recorded_and_verified(server: Server, tmp_path: Path) -> None:
    said: list[str] = []
    (path,) = dl.datasets.fetch("GSE198485", mirror=server.url, folder=tmp_path, say=said.append)
    assert path == tmp_path / "GSE198485" / NAME
    assert sha256(path) in (tmp_path / "GSE198485" / "downloads.lock.json").read_text()
    assert said[0] == f"GSE198485: 1 file(s) in {tmp_path / 'GSE198485'}, 1.05 MB to fetch"
    assert said[1] == f"  {NAME}: 1.05 MB, {server.url}/GSE198485/{NAME}"
    dl.datasets.fetch("GSE198485", mirror=server.url, folder=tmp_path, say=said.append)
    assert said[-1] == f"  {NAME}: is here"
    assert len(server.asked) == 1
    path.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(IntegrityError, match="is not the file that was downloaded"):
        dl.datasets.fetch("GSE198485", mirror=server.url, folder=tmp_path)
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(IntegrityError, match="has 1,048,575 bytes, 1,048,576 were recorded"):
        dl.datasets.fetch("GSE198485", mirror=server.url, folder=tmp_path)
    path.unlink()
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / NAME).write_bytes(b"another")
    with pytest.raises(IntegrityError, match="not copied"):
        dl.datasets.fetch("GSE198485", mirror=tmp_path / "mirror", folder=tmp_path)
    assert not path.exists()


def test_a_dry_run_says_sizes_and_fetches_nothing(server: Server, tmp_path: Path) -> None:
    said: list[str] = []
    files = dl.datasets.fetch("GSE197289", mirror=server.url, folder=tmp_path, say=said.append, dry_run=True)
    assert [path.name for path in files] == [
        "GSE197289_snRNA-seq_mouse_raw_counts.RDS.gz", "GSE197289_snRNA-seq_mouse_barcode_meta.csv.gz",
    ]  # fmt: skip
    assert "2.1 MB to fetch" in said[0]
    assert list(tmp_path.iterdir()) == []
    assert server.asked == []
    dl.datasets.fetch("GSE197289", mirror=f"{server.url}/no_head", folder=tmp_path, say=said.append, dry_run=True)
    assert "383 MB to fetch" in said[3]  # as GEO shows them
    dl.datasets.fetch("GSE198485", mirror=f"{server.url}/no_head", folder=tmp_path, say=said.append, dry_run=True)
    assert said[-2].endswith("0 bytes to fetch, and 1 of unknown size")


def test_what_does_not_fit_on_the_disk_is_refused_before_anything_comes(server: Server, tmp_path: Path) -> None:
    server.claims = 10**17
    with pytest.raises(DataError, match=r"GSE197289: needs 200,000,000,000,000,000 bytes, and .* has room for"):
        dl.datasets.fetch("GSE197289", mirror=server.url, folder=tmp_path)
    assert server.asked == []
    assert list(tmp_path.iterdir()) == []


def test_two_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from dolor.studies.fetch import record, recorded

    files = [tmp_path / f"{number}.h5" for number in range(20)]
    for file in files:
        file.write_bytes(b"x")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda file: record(file, "somewhere", sha256(file)), files))
    assert recorded(tmp_path).keys() == {file.name for file in files}


def test_mirrors_that_are_folders_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mirror" / "GSE198485").mkdir(parents=True)
    (tmp_path / "mirror" / "GSE198485" / NAME).write_bytes(CONTENT)
    monkeypatch.setenv("DOLOR_OFFLINE", "1")
    with pytest.raises(NetworkError, match="DOLOR_OFFLINE is set"):
        dl.datasets.fetch("GSE198485", folder=tmp_path)
    monkeypatch.setenv("DOLOR_MIRROR", str(tmp_path / "mirror"))
    (path,) = dl.datasets.fetch("GSE198485", folder=tmp_path)
    assert path.read_bytes() == CONTENT
    with pytest.raises(DataError, match="holds neither"):
        dl.datasets.fetch("GSE154659", folder=tmp_path)
    monkeypatch.delenv("DOLOR_MIRROR")
    monkeypatch.delenv("DOLOR_OFFLINE")
    with pytest.raises(UsageError, match="names no files to fetch"):
        dl.datasets.fetch("GSE63576", folder=tmp_path)
    with pytest.raises(UsageError, match="no address is known for"):
        dl.datasets.fetch("kang2018", folder=tmp_path)


def test_own_studies_are_added_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = tmp_path / "entry.yaml"
    entry.write_text(
        "ours:\n  title: x\n  citation: {text: y}\n  organism: mouse\n  tissue: nerve\n  compartment: nerve\n"
        "  assay: 10x\n  suspension_type: cell\n  sexes: [male]\n"
        "  conditions: [{value: naive, model: naive, role: reference}]\n"
    )
    own = tmp_path / "own.yaml"
    with pytest.raises(UsageError, match="name it once for all in .DOLOR_REGISTRY"):
        dl.datasets.add(entry)
    monkeypatch.setenv("DOLOR_REGISTRY", str(own))
    assert dl.datasets.add(entry) == ["ours"]
    assert dl.datasets.show("ours").tissue == "nerve"
    monkeypatch.delenv("DOLOR_REGISTRY")
    with pytest.raises(UsageError, match="no study 'ours'"):
        dl.datasets.show("ours")
    before = own.read_text()
    with pytest.raises(DataError, match="'ours' is already in the registry"):
        dl.datasets.add(entry, own)
    assert own.read_text() == before
    entry.write_text(entry.read_text().replace("ours:", "mine:").replace("nerve\n", "nerv\n"))
    with pytest.raises(DataError, match="'nerv' is not known"):
        dl.datasets.add(entry, own)
    entry.write_text(entry.read_text().replace("nerv\n", "nerve\n"))
    assert dl.datasets.add(entry, own) == ["mine"]
    assert dl.datasets.show("mine", extra=[own]).tissue == "nerve"


@pytest.mark.parametrize("name", ["odd_start", "odd_tag", "odd_none", "odd_total", "odd_length"])
def test_a_rest_that_is_not_the_rest_is_never_joined(server: Server, tmp_path: Path, name: str) -> None:
    found = download(f"{server.url}/{name}", tmp_path / "a", patience=QUICK)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert found == sha256(tmp_path / "a")


@pytest.mark.parametrize("name", [*PAGES, "packed", "to_ftp", "to_file"])
def test_what_is_no_file_of_data_is_refused(server: Server, tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_text("good")
    with pytest.raises(NetworkError):
        download(f"{server.url}/{name}", tmp_path / "a", patience=QUICK)
    assert (tmp_path / "a").read_text() == "good"


def test_a_body_without_end_is_given_up(server: Server, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="gives more than"):
        download(f"{server.url}/endless", tmp_path / "a", expected=1_000_000, patience=QUICK)
    assert not (tmp_path / "a").exists()


def test_a_body_far_shorter_than_expected_is_no_file(server: Server, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="are expected"):
        download(f"{server.url}/good", tmp_path / "a", expected=3 * len(CONTENT), patience=QUICK)
    assert not (tmp_path / "a").exists()
