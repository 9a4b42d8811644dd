"""A small stand-in for the Hugging Face Hub, on loopback, that the real clients talk to.

It speaks the part of the Hub's HTTP API that `huggingface_hub`, `datasets`, `transformers` and
`evaluate` use to read and write repositories. It has one user, one token and no Xet storage,
pull requests or web pages.
"""

import base64
import hashlib
import io
import json
import os
import re
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

KINDS = ("model", "dataset", "space")
CHUNK = 2**16

# As on the Hub, binary formats and long files are stored apart from the git history (Git LFS).
LARGE_BYTES = 10 * 2**20
LARGE_SUFFIXES = frozenset(
    ".arrow .bin .gz .h5 .npy .npz .onnx .parquet .pkl .pt .pth .safetensors .tar .zip".split()
)


class HubError(Exception):
    """An answer that refuses a request.

    Args:
        status: the HTTP status.
        message: what the client shows.
        code: the Hub's name for the error, by which the client picks its exception.
    """

    def __init__(self, status: int, message: str, code: str | None = None):
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass
class Faults:
    """What the hub does wrong, on demand.

    Attributes:
        unavailable_every: every n-th file request answers 503; asked again, it is served. 0: none.
        cut_first_download: the first download of every file ends half-way.
        latency_seconds: how long every answer waits.
    """

    unavailable_every: int = 0
    cut_first_download: bool = False
    latency_seconds: float = 0.0


@dataclass(frozen=True)
class File:
    """One file of a commit: its content's digest and size, its git id, whether it is in LFS."""

    sha256: str
    size: int
    git_id: str
    large: bool

    @property
    def etag(self) -> str:
        """The name under which clients cache the content."""
        return self.sha256 if self.large else self.git_id

    def describe(self, path: str) -> dict[str, Any]:
        """Return the entry of this file in a listing, where it lies at `path`."""
        entry = {"type": "file", "path": path, "oid": self.git_id, "size": self.size}
        if self.large:
            pointer_size = len(_lfs_pointer(self.sha256, self.size))
            entry["lfs"] = {"oid": self.sha256, "size": self.size, "pointerSize": pointer_size}
        return entry


@dataclass(frozen=True)
class Commit:
    """One state of a repository."""

    sha: str
    parent: str | None
    title: str
    description: str
    date: str
    files: dict[str, File]

    def describe_folder(self, folder: str) -> dict[str, Any] | None:
        """Return the entry of a folder in a listing, None where no file lies in it."""
        inside = [f"{p} {f.git_id}" for p, f in sorted(self.files.items()) if _is_in(p, folder)]
        if not inside:
            return None
        tree_id = hashlib.sha1("\n".join(inside).encode()).hexdigest()
        return {"type": "directory", "path": folder, "oid": tree_id, "size": 0}

    def list_folder(self, folder: str, recursive: bool) -> list[dict[str, Any]]:
        """Return the entries of the files and folders inside a folder; `""` is the root."""
        entries = {}
        for path, file in self.files.items():
            if not _is_in(path, folder):
                continue
            depth = len(PurePosixPath(folder).parts) + 1
            parts = PurePosixPath(path).parts
            for level in range(depth, len(parts) if recursive else min(depth + 1, len(parts))):
                name = "/".join(parts[:level])
                entries[name] = entries.get(name) or self.describe_folder(name)
            if recursive or len(parts) == depth:
                entries[path] = file.describe(path)
        return [entries[path] for path in sorted(entries)]


@dataclass
class Repo:
    """A repository with its history."""

    kind: str
    name: str
    private: bool = False
    gated: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The path of the repository's page."""
        return self.name if self.kind == "model" else f"{self.kind}s/{self.name}"

    def find(self, revision: str) -> Commit:
        """Return the commit of a branch, a tag or a sha.

        Raises:
            HubError: when there is none.
        """
        sha = self.branches.get(revision) or self.tags.get(revision) or revision
        if sha not in self.commits:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[sha]

    def history(self, commit: Commit) -> Iterable[Commit]:
        """Yield a commit and those before it."""
        yield commit
        while commit.parent:
            commit = self.commits[commit.parent]
            yield commit


class LocalHub:
    """A hub that serves one folder on 127.0.0.1; a context manager.

    Attributes:
        url: what `HF_ENDPOINT` is set to.
        token: the one token; private repositories and every change need it.
        user: the token's user, who may change the repositories of that name.
        faults: what the hub does wrong.
        requests: method, path and status of every request answered.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        port: int = 0,
        token: str | None = None,
        user: str = "learner",
    ):
        """Open a hub.

        Args:
            folder: where the repositories lie; made if missing, and found again by the next hub.
            port: the port to listen on; 0 is any free one.
            token: the token to accept; None makes a new one.
            user: the user's name.
        """
        self.token = token or f"hf_{secrets.token_hex(16)}"
        self.user = user
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []
        self.lock = threading.RLock()
        self.expected_uploads: set[str] = set()
        self.connections: set[socket.socket] = set()
        self._file_requests = 0
        self._refused: set[tuple[str, str]] = set()
        self._cut: set[str] = set()
        self._folder = Path(folder)
        for part in ("objects", "repos"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        self.repos = {(repo.kind, repo.name): repo for repo in self._load_repos()}
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), {"hub": self}))
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "LocalHub":
        """Start to serve, in a thread."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop to serve, on connections that clients keep open as well."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster

    @property
    def client_environment(self) -> dict[str, str]:
        """What a client's environment needs before it imports a Hugging Face library."""
        # A client that has hf_xet uploads through Xet without asking whether the hub has it.
        return {"HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1"}

    def add_repo(
        self,
        name: str,
        kind: str,
        files: Mapping[str, bytes],
        private: bool = False,
        gated: bool = False,
        tags: Iterable[str] = (),
    ) -> Commit:
        """Make a repository of these files; one that exists gets a commit that holds just them.

        Args:
            name: `owner/name`.
            kind: `model`, `dataset` or `space`.
            files: the content of every path.
            private: whether only the token sees it.
            gated: whether only the token reads its files.
            tags: git tags for the new commit.

        Returns:
            The commit.

        Raises:
            HubError: when the name or the kind is not one that the Hub has.
        """
        with self.lock:
            repo = self.repos.get((kind, name)) or self.create_repo(name, kind)
            repo.private, repo.gated = private, gated
            contents = {path: self.store_file(path, content) for path, content in files.items()}
            commit = self.commit(repo, "main", contents, "Upload files")
            repo.tags.update(dict.fromkeys(tags, commit.sha))
            self.save(repo)
        return commit

    def create_repo(self, name: str, kind: str) -> Repo:
        """Make an empty repository.

        Raises:
            HubError: when the name or the kind is not one that the Hub has.
        """
        part = r"[A-Za-z0-9_](?:[\w.-]*[A-Za-z0-9_])?"
        if kind not in KINDS or not re.fullmatch(f"{part}/{part}", name, re.ASCII) or "--" in name:
            raise HubError(400, f"Invalid repository: {kind} {name}")
        self.repos[kind, name] = Repo(kind, name)
        return self.repos[kind, name]

    def delete_repo(self, repo: Repo) -> None:
        """Forget a repository; the contents stay."""
        with self.lock:
            del self.repos[repo.kind, repo.name]
            self._record(repo).unlink(missing_ok=True)

    def commit(
        self, repo: Repo, branch: str, files: dict[str, File], title: str, description: str = ""
    ) -> Commit:
        """Add a commit that holds `files` to a branch and move the branch to it."""
        parent = repo.branches.get(branch)
        content = {path: file.git_id for path, file in sorted(files.items())}
        # The date is left out: the same changes have the same sha on every machine.
        identity = json.dumps([repo.kind, repo.name, parent, title, description, content])
        sha = hashlib.sha1(identity.encode()).hexdigest()
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        repo.commits[sha] = Commit(sha, parent, title, description, date, files)
        repo.branches[branch] = sha
        self.save(repo)
        return repo.commits[sha]

    def save(self, repo: Repo) -> None:
        """Write a repository's record, whole or not at all."""
        record = self._record(repo)
        record.with_suffix(".new").write_text(json.dumps(asdict(repo)), encoding="utf-8")
        record.with_suffix(".new").replace(record)

    def store(self, content: BinaryIO, expected: str | None = None) -> str:
        """Keep a content under its digest.

        Args:
            content: what to read it from.
            expected: the sha256 that it must have.

        Returns:
            The sha256.

        Raises:
            HubError: when it has another one; nothing is kept then.
        """
        with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
            digest = hashlib.sha256()
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                file.write(chunk)
        if expected not in (None, digest.hexdigest()):
            os.unlink(file.name)
            raise HubError(400, f"The content's sha256 is {digest.hexdigest()}, not {expected}")
        os.replace(file.name, self.object_path(digest.hexdigest()))
        return digest.hexdigest()

    def store_file(self, path: str, content: bytes) -> File:
        """Keep the content of the file at `path` and return the file."""
        sha256 = self.store(io.BytesIO(content))
        if is_large(path, len(content)):
            return self.large_file(sha256)
        return File(sha256, len(content), _git_id(content), large=False)

    def large_file(self, sha256: str) -> File:
        """Return the file in LFS of a content that is kept.

        Raises:
            HubError: when it is not kept.
        """
        if not self.object_path(sha256).is_file():
            raise HubError(400, f"LFS pointer pointed to a file that does not exist: {sha256}")
        size = self.object_path(sha256).stat().st_size
        return File(sha256, size, _git_id(_lfs_pointer(sha256, size)), large=True)

    def object_path(self, sha256: str) -> Path:
        """Return where the content of a digest lies."""
        return self._folder / "objects" / sha256

    def is_unavailable(self, method: str, path: str) -> bool:
        """Count a file request and say whether it meets a 503."""
        with self.lock:
            self._file_requests += 1
            # A client whose every attempt takes n requests would otherwise fail for ever.
            if (method, path) in self._refused:
                self._refused.remove((method, path))
                return False
            every = self.faults.unavailable_every
            unavailable = bool(every) and self._file_requests % every == 0
            if unavailable:
                self._refused.add((method, path))
            return unavailable

    def is_cut(self, path: str) -> bool:
        """Say whether this download of a file ends half-way."""
        with self.lock:
            first = path not in self._cut
            self._cut.add(path)
            return self.faults.cut_first_download and first

    def _record(self, repo: Repo) -> Path:
        return self._folder / "repos" / f"{repo.kind}--{repo.name.replace('/', '--')}.json"

    def _load_repos(self) -> Iterable[Repo]:
        for record in sorted((self._folder / "repos").glob("*.json")):
            repo = Repo(**json.loads(record.read_text(encoding="utf-8")))
            for sha, commit in repo.commits.items():
                files = {path: File(**file) for path, file in commit["files"].items()}
                repo.commits[sha] = Commit(**{**commit, "files": files})
            yield repo


def is_large(path: str, size: int) -> bool:
    """Say whether a file is stored in LFS."""
    return size > LARGE_BYTES or (size > 0 and PurePosixPath(path).suffix in LARGE_SUFFIXES)


def _git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _lfs_pointer(sha256: str, size: int) -> bytes:
    version = "https://git-lfs.github.com/spec/v1"
    return f"version {version}\noid sha256:{sha256}\nsize {size}\n".encode()


def _is_in(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/") if folder else True


ROUTES: list[tuple[str, re.Pattern[str], Callable[..., None]]] = []
PARTS = {
    "API": r"/api/(?P<kind>model|dataset|space)s/(?P<name>[^/]+/[^/]+)",
    "REPO": r"/(?:(?P<kind>dataset|space)s/)?(?P<name>[^/]+/[^/]+)",
    "REVISION": r"(?P<revision>[^/]+)",
    "PATH": r"(?P<path>.+)",
    "SHA256": r"(?P<sha256>[0-9a-f]{64})",
}


def route(method: str, pattern: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a method the endpoint for paths of a pattern, in which the names in PARTS stand."""
    for word, expression in PARTS.items():
        pattern = pattern.replace(word, expression)

    def register(endpoint: Callable[..., None]) -> Callable[..., None]:
        ROUTES.append((method, re.compile(pattern), endpoint))
        return endpoint

    return register


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away: many close a connection half-way."""


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    hub: LocalHub
    protocol_version = "HTTP/1.1"
    # A small answer after its headers would otherwise wait for the client's acknowledgement.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.hub.connections.add(self.connection)

    def finish(self) -> None:
        self.hub.connections.discard(self.connection)
        super().finish()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Note the request; never its headers, which hold tokens."""
        self.hub.requests.append((self.command, urlsplit(self.path).path, int(code)))

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""

    def answer(self) -> None:
        """Find the endpoint of a request and call it."""
        time.sleep(self.hub.faults.latency_seconds)
        address = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(address.query).items()}
        try:
            # A body that is not read would be taken for the connection's next request.
            self.body = self._read_body()
            method = "GET" if self.command == "HEAD" else self.command
            for allowed, pattern, endpoint in ROUTES:
                if allowed == method and (match := pattern.fullmatch(address.path)):
                    parts = {key: unquote(value or "") for key, value in match.groupdict().items()}
                    return endpoint(self, **parts)
            raise HubError(404, "Sorry, we can't find the page you are looking for.")
        except HubError as error:
            names = {"X-Error-Code": error.code, "X-Error-Message": error.message}
            self._send({"error": error.message}, error.status, names)
        except (KeyError, TypeError, ValueError) as error:
            self._send({"error": f"Malformed request: {error!r}"}, 400)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def _read_body(self) -> BinaryIO:
        body = tempfile.SpooledTemporaryFile(max_size=2**20)
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body.write(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
        else:
            remaining = int(self.headers.get("Content-Length", 0))
            while remaining and (chunk := self.rfile.read(min(CHUNK, remaining))):
                body.write(chunk)
                remaining -= len(chunk)
        body.seek(0)
        return body

    def _send(
        self, value: Any, status: int = 200, headers: Mapping[str, Any] | None = None
    ) -> None:
        content = json.dumps(value).encode()
        standard = {"Content-Type": "application/json", "Content-Length": len(content)}
        self._send_headers(status, standard | dict(headers or {}))
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_headers(self, status: int, headers: Mapping[str, Any]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, str(value))
        self.end_headers()

    # Who may do what.

    def _has_token(self) -> bool:
        credentials = self.headers.get("Authorization")
        if credentials not in (None, f"Bearer {self.hub.token}"):
            raise HubError(401, "Invalid credentials in Authorization header")
        return credentials is not None

    def _require_token(self) -> None:
        if not self._has_token():
            raise HubError(401, "Invalid username or password.")

    def _read_repo(self, kind: str, name: str) -> Repo:
        kind = kind or "model"
        known = self._has_token()
        repo = self.hub.repos.get((kind, name))
        if repo is None or (repo.private and not known):
            # The same answer for both: who has no token does not learn what is private.
            raise HubError(404 if known else 401, "Repository not found", "RepoNotFound")
        return repo

    def _write_repo(self, kind: str, name: str) -> Repo:
        repo = self._read_repo(kind, name)
        self._require_token()
        self._check_owner(name)
        return repo

    def _check_owner(self, name: str) -> None:
        owner = name.split("/")[0]
        if owner != self.hub.user:
            raise HubError(403, f"You don't have the rights to write to the namespace {owner}")

    # The user and the list of repositories.

    @route("GET", "/api/whoami-v2")
    def whoami(self) -> None:
        self._require_token()
        access = {"type": "access_token", "accessToken": {"displayName": "local", "role": "write"}}
        user = {"name": self.hub.user, "fullname": self.hub.user, "email": None, "orgs": []}
        self._send({"type": "user", "auth": access, **user})

    @route("POST", "/api/validate-yaml")
    def validate_yaml(self) -> None:
        self._send({"errors": [], "warnings": []})

    @route("POST", "/api/repos/create")
    def create_repo(self) -> None:
        self._require_token()
        asked = json.load(self.body)
        kind, name = asked.get("type", "model"), self._full_name(asked)
        self._check_owner(name)
        with self.hub.lock:
            repo = self.hub.repos.get((kind, name))
            status = 409 if repo else 200
            if repo is None:
                repo = self.hub.create_repo(name, kind)
                repo.private = asked.get("visibility") == "private" or bool(asked.get("private"))
                rule = "*{} filter=lfs diff=lfs merge=lfs -text\n"
                rules = "".join(rule.format(suffix) for suffix in sorted(LARGE_SUFFIXES))
                files = {".gitattributes": self.hub.store_file(".gitattributes", rules.encode())}
                self.hub.commit(repo, "main", files, "initial commit")
        answer = {"url": f"{self.hub.url}/{repo.address}", "name": name}
        if status == 409:
            answer["error"] = f"You already created this {kind} repo"
        self._send(answer, status)

    @route("DELETE", "/api/repos/delete")
    def delete_repo(self) -> None:
        asked = json.load(self.body)
        repo = self._write_repo(asked.get("type", "model"), self._full_name(asked))
        self.hub.delete_repo(repo)
        self._send({})

    def _full_name(self, asked: Mapping[str, Any]) -> str:
        return f"{asked.get('organization') or self.hub.user}/{asked['name']}"

    # What a repository holds.

    @route("GET", "API(?:/revision/REVISION)?")
    def repo_info(self, kind: str, name: str, revision: str) -> None:
        repo = self._read_repo(kind, name)
        commit = repo.find(revision or "main")
        siblings = [{"rfilename": path} for path in sorted(commit.files)]
        if self.query.get("blobs"):
            for sibling in siblings:
                entry = commit.files[sibling["rfilename"]].describe("")
                sibling.update(size=entry["size"], blobId=entry["oid"])
                if "lfs" in entry:
                    sibling["lfs"] = {"sha256": entry["lfs"]["oid"], **entry["lfs"]}
        first = list(repo.history(commit))[-1]
        self._send(
            {"id": name, "author": name.split("/")[0], "sha": commit.sha, "siblings": siblings}
            | {"private": repo.private, "gated": "auto" if repo.gated else False, "disabled": False}
            | {"createdAt": first.date, "lastModified": commit.date, "tags": []}
            | {"downloads": 0, "likes": 0}
        )

    @route("GET", "API/tree/REVISION(?:/PATH)?")
    def tree(self, kind: str, name: str, revision: str, path: str) -> None:
        commit = self._read_repo(kind, name).find(revision)
        recursive = self.query.get("recursive", "").lower() in ("1", "true")
        entries = commit.list_folder(path, recursive)
        if path and not entries:
            message = f"{path} does not exist on {revision}"
            raise HubError(404, message, "EntryNotFound")
        self._send(entries)

    @route("POST", "API/paths-info/REVISION")
    def paths_info(self, kind: str, name: str, revision: str) -> None:
        files = (commit := self._read_repo(kind, name).find(revision)).files
        paths = parse_qs(self.body.read().decode()).get("paths", [])
        found = (
            files[path].describe(path) if path in files else commit.describe_folder(path)
            for path in paths
        )
        self._send([entry for entry in found if entry])

    @route("GET", "API/refs")
    def refs(self, kind: str, name: str) -> None:
        repo = self._read_repo(kind, name)

        def describe(folder: str, references: dict[str, str]) -> list[dict[str, str]]:
            return [
                {"name": name, "ref": f"refs/{folder}/{name}", "targetCommit": sha}
                for name, sha in references.items()
            ]

        branches, tags = describe("heads", repo.branches), describe("tags", repo.tags)
        self._send({"branches": branches, "tags": tags, "converts": [], "pullRequests": []})

    @route("GET", "API/commits/REVISION")
    def commits(self, kind: str, name: str, revision: str) -> None:
        repo = self._read_repo(kind, name)
        authors = [{"user": name.split("/")[0]}]
        self._send(
            [
                {"id": commit.sha, "title": commit.title, "message": commit.description}
                | {"date": commit.date, "authors": authors}
                for commit in repo.history(repo.find(revision))
            ]
        )

    # Files.

    @route("GET", "REPO/resolve/REVISION/PATH")
    def resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        self._refuse_if_unavailable()
        repo = self._read_repo(kind, name)
        if repo.gated and not self._has_token():
            raise HubError(401, f"Access to {name} is restricted.", "GatedRepo")
        commit = repo.find(revision)
        headers = {"X-Repo-Commit": commit.sha, "Accept-Ranges": "bytes"}
        if path not in commit.files:
            names = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}
            # The client remembers that this commit lacks the file.
            return self._send({"error": "Entry not found"}, 404, headers | names)
        file = commit.files[path]
        headers["ETag"] = f'"{file.etag}"'
        if not file.large:
            return self._send_content(file.sha256, headers)
        # By another host name, the client sends no token there, as with the Hub's storage.
        location = f"http://localhost:{self.hub.port}/lfs/{file.sha256}?commit={commit.sha}"
        linked = {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": file.size}
        self._send({}, 302, headers | linked | {"Location": location})

    @route("GET", "/lfs/SHA256")
    def download_large_file(self, sha256: str) -> None:
        self._refuse_if_unavailable()
        if not self.hub.object_path(sha256).is_file():
            raise HubError(404, "No such content")
        headers = {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"}
        self._send_content(sha256, headers | {"X-Repo-Commit": self.query.get("commit")})

    def _refuse_if_unavailable(self) -> None:
        if self.hub.is_unavailable(self.command, urlsplit(self.path).path):
            raise HubError(503, "Service unavailable")

    def _send_content(self, sha256: str, headers: dict[str, Any]) -> None:
        path = self.hub.object_path(sha256)
        size = path.stat().st_size
        first, last, status = self._find_range(size)
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        remaining = last - first + 1
        headers |= {"Content-Type": "application/octet-stream", "Content-Length": remaining}
        self._send_headers(status, headers)
        if self.command == "HEAD":
            return
        if self.hub.is_cut(urlsplit(self.path).path):
            remaining //= 2
            self.close_connection = True
        with path.open("rb") as file:
            file.seek(first)
            while remaining and (chunk := file.read(min(CHUNK, remaining))):
                self.wfile.write(chunk)
                remaining -= len(chunk)

    def _find_range(self, size: int) -> tuple[int, int, int]:
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not match or match.groups() == ("", ""):
            return 0, size - 1, 200
        start, end = match.groups()
        first = int(start) if start else max(0, size - int(end))
        last = min(int(end), size - 1) if start and end else size - 1
        if first > last:
            raise HubError(416, f"The file has {size} bytes")
        return first, last, 206

    # Changes.

    @route("POST", "API/branch/REVISION")
    def create_branch(self, kind: str, name: str, revision: str) -> None:
        repo = self._write_repo(kind, name)
        start = json.load(self.body).get("startingPoint") or "main"
        self._add_reference(repo, repo.branches, revision, start)

    @route("POST", "API/tag/REVISION")
    def create_tag(self, kind: str, name: str, revision: str) -> None:
        repo = self._write_repo(kind, name)
        self._add_reference(repo, repo.tags, json.load(self.body)["tag"], revision)

    def _add_reference(self, repo: Repo, known: dict[str, str], new: str, revision: str) -> None:
        with self.hub.lock:
            if new in known:
                raise HubError(409, f"Reference {new} already exists")
            known[new] = repo.find(revision).sha
            self.hub.save(repo)
        self._send({})

    @route("DELETE", "API/(?P<which>branch|tag)/REVISION")
    def delete_reference(self, kind: str, name: str, which: str, revision: str) -> None:
        repo = self._write_repo(kind, name)
        with self.hub.lock:
            known = repo.tags if which == "tag" else repo.branches
            if revision not in known:
                raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
            if known is repo.branches and revision == "main":
                raise HubError(403, "The branch main cannot be deleted")
            del known[revision]
            self.hub.save(repo)
        self._send({})

    @route("POST", "API/preupload/REVISION")
    def preupload(self, kind: str, name: str, revision: str) -> None:
        present = self._write_repo(kind, name).find(revision).files
        answers = []
        for asked in json.load(self.body)["files"]:
            path = asked["path"]
            mode = "lfs" if is_large(path, asked["size"]) else "regular"
            known = present[path].etag if path in present else None
            answers.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": known})
        self._send({"files": answers})

    @route("POST", r"REPO\.git/info/lfs/objects/batch")
    def batch(self, kind: str, name: str) -> None:
        self._write_repo(kind, name)
        answers = []
        for asked in json.load(self.body)["objects"]:
            answer = {"oid": asked["oid"], "size": asked["size"]}
            if not self.hub.object_path(asked["oid"]).is_file():
                self.hub.expected_uploads.add(asked["oid"])
                href = f"{self.hub.url}/lfs/{asked['oid']}"
                answer["actions"] = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
            answers.append(answer)
        self._send({"transfer": "basic", "objects": answers})

    @route("PUT", "/lfs/SHA256")
    def upload_large_file(self, sha256: str) -> None:
        # The client sends no token here: what an owner announced may come, and nothing else.
        if sha256 not in self.hub.expected_uploads:
            raise HubError(403, "This upload was not announced")
        self.hub.store(self.body, expected=sha256)
        self.hub.expected_uploads.discard(sha256)
        self._send({})

    @route("POST", "/lfs/SHA256/verify")
    def verify_large_file(self, sha256: str) -> None:
        self._require_token()
        if self.hub.large_file(sha256).size != json.load(self.body)["size"]:
            raise HubError(400, "The uploaded file has another size")
        self._send({})

    @route("POST", "API/commit/REVISION")
    def commit(self, kind: str, name: str, revision: str) -> None:
        repo = self._write_repo(kind, name)
        if self.query.get("create_pr"):
            raise HubError(501, "This hub has no pull requests")
        header, *operations = [json.loads(line) for line in self.body if line.strip()]
        header = header["value"]
        with self.hub.lock:
            head = repo.find(repo.branches.get(revision, ""))
            if header.get("parentCommit") not in (None, head.sha):
                raise HubError(412, "A commit has happened since. Please refresh and try again.")
            files = dict(head.files)
            for operation in operations:
                self._apply(operation["key"], operation["value"], files)
            title, description = header["summary"], header.get("description", "")
            commit = self.hub.commit(repo, revision, files, title, description)
        address = f"{self.hub.url}/{repo.address}/commit/{commit.sha}"
        self._send({"success": True, "commitOid": commit.sha, "commitUrl": address})

    def _apply(self, key: str, value: Mapping[str, Any], files: dict[str, File]) -> None:
        path = value["path"]
        if key == "file":
            content = base64.b64decode(value["content"])
            sha256 = self.hub.store(io.BytesIO(content))
            files[path] = File(sha256, len(content), _git_id(content), large=False)
        elif key == "lfsFile":
            files[path] = self.hub.large_file(value["oid"])
        elif key == "deletedFolder":
            for inside in [other for other in files if _is_in(other, path.rstrip("/"))]:
                del files[inside]
        elif key == "deletedFile" and path in files:
            del files[path]
        elif key == "deletedFile":
            message = f"A file with this name doesn't exist: {path}"
            raise HubError(404, message, "EntryNotFound")
        else:
            raise HubError(400, f"Unknown operation: {key}")
