"""A small local Hugging Face Hub, on loopback, for the real clients to talk to.

It speaks the part of the Hub's HTTP API that `huggingface_hub`, `datasets`, `transformers` and
`evaluate` use to read and write repositories. It has one user with one token, and no Xet storage,
pull requests or web pages.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote

from helpers.files import git_blob_id, stays_inside, write_whole

USER = "learner"
KINDS = ("model", "dataset", "space")
# As long as the Hub allows.
LONGEST_NAME = 96
# A body is held in memory.
LARGEST_BODY = 2**30

# As on the Hub, binary formats and large files are stored outside the git history, in Git LFS.
LARGE_BYTES = 10 * 2**20
LARGE_SUFFIXES = (".arrow", ".bin", ".gz", ".npz", ".onnx", ".parquet", ".pt", ".safetensors")

# A file of a commit, as listings show it: `oid` (its git id), `size` and, if it is in LFS, `lfs`.
Entry = dict[str, Any]


class HubError(Exception):
    """A refused request: the HTTP status, a text for people, a code that tells the client why."""

    def __init__(self, status: int, text: str, code: str | None = None, **headers: Any) -> None:
        """Describe the refusal; `headers` are sent with it."""
        super().__init__(text)
        self.status = status
        self.headers = {"X_Error_Code": code, "X_Error_Message": text, **headers}


@dataclass
class Faults:
    """The faults that the hub has on demand.

    Attributes:
        unavailable_every: every n-th file request is answered with 503, and served when repeated.
        cut_first_download: whether the first download of each file breaks off half-way.
        latency_seconds: the delay of each answer.
    """

    unavailable_every: int = 0
    cut_first_download: bool = False
    latency_seconds: float = 0.0
    _requests: int = field(default=0, init=False)
    _refused: set[tuple[str, str]] = field(default_factory=set, init=False)
    _cut: set[str] = field(default_factory=set, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def refuse(self, method: str, path: str) -> bool:
        """Count a file request, and say whether to answer it with 503."""
        with self._lock:
            self._requests += 1
            # Otherwise a client that makes n requests in each attempt would fail for ever.
            if (method, path) in self._refused:
                self._refused.remove((method, path))
                return False
            if not self.unavailable_every or self._requests % self.unavailable_every:
                return False
            self._refused.add((method, path))
            return True

    def cut(self, path: str) -> bool:
        """Say whether this download of a file breaks off half-way."""
        with self._lock:
            first = path not in self._cut
            self._cut.add(path)
            return self.cut_first_download and first


@dataclass
class Repo:
    """A repository: its commits by sha, and the commits of its branches (`heads`) and tags."""

    kind: str
    name: str
    private: bool
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    refs: dict[str, dict[str, str]] = field(default_factory=lambda: {"heads": {}, "tags": {}})

    @property
    def page(self) -> str:
        """The repository's path on the hub."""
        return self.name if self.kind == "model" else f"{self.kind}s/{self.name}"

    def find(self, revision: str) -> dict[str, Any]:
        """Return the commit of a branch, a tag or a sha; raise a HubError if there is none."""
        sha = self.refs["heads"].get(revision) or self.refs["tags"].get(revision) or revision
        if sha not in self.commits:
            raise HubError(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[sha]

    def history(self, revision: str) -> Iterator[dict[str, Any]]:
        """Yield the commit of a revision, then those before it."""
        commit = self.find(revision)
        yield commit
        while commit["parent"]:
            commit = self.commits[commit["parent"]]
            yield commit


class LocalHub:
    """A hub that serves a folder on 127.0.0.1 from `start` to `stop`, or during its `with` block.

    Attributes:
        url: its address, for `HF_ENDPOINT`.
        token: its only token, which private repositories and all changes require; its user is
            USER, who may change only the repositories of that owner.
        faults: the faults that it has on demand.
        requests: method, path and status of each answered request.
        repos: the repositories by kind and name.
    """

    def __init__(self, folder: str | Path, port: int = 0, token: str | None = None) -> None:
        """Prepare a hub.

        Args:
            folder: where the repositories are stored; the next hub finds them there again.
            port: the port to listen on; 0 is any that is free.
            token: the token to accept; None generates one.
        """
        self.token = token or f"hf_{secrets.token_hex(16)}"
        self.faults = Faults()
        self.requests: list[tuple[str, str, int]] = []
        self.repos: dict[tuple[str, str], Repo] = {}
        self.lock = threading.RLock()
        self.announced_uploads: set[str] = set()
        self.connections: set[socket.socket] = set()
        self.folder = Path(folder)
        for record in self.folder.glob("repos/**/*.json"):
            try:
                repo = Repo(**json.loads(record.read_text(encoding="utf-8")))
            except (TypeError, ValueError):
                # Aside, where a new repository of this name does not replace it.
                aside = record.replace(record.with_suffix(".damaged"))
                warnings.warn(f"The record of a repository is damaged: see {aside}", stacklevel=2)
            else:
                self.repos[repo.kind, repo.name] = repo
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.hub = self
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "LocalHub":
        """Start serving; see `start`."""
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop serving; see `stop`."""
        self.stop()

    def start(self) -> None:
        """Start serving, once; the port has been open since the hub was made."""
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Stop serving for good, also on the connections that clients keep open."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # The client has closed it.

    @property
    def client_environment(self) -> dict[str, str]:
        """The variables to set in a process before it imports a client library."""
        # A client with hf_xet uploads through Xet without asking whether the hub supports it.
        return {"HF_ENDPOINT": self.url, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}

    def add_repo(
        self,
        repo_id: str,
        kind: str,
        files: Mapping[str, bytes],
        private: bool = False,
        tags: Sequence[str] = (),
    ) -> str:
        """Create a repository with these files; an existing one gets a commit of just them.

        Args:
            repo_id: `owner/name`.
            kind: `model`, `dataset` or `space`.
            files: contents by path.
            private: only the owner of the token sees it.
            tags: git tags for the new commit.

        Returns:
            The commit's sha.

        Raises:
            HubError: for a name, a kind or a path that the Hub would refuse.
        """
        with self.lock:
            part = r"\w(?:[\w.-]*\w)?"
            named = re.fullmatch(f"{part}/{part}", repo_id, re.ASCII)
            if kind not in KINDS or not named or len(repo_id) > LONGEST_NAME:
                raise HubError(400, f"The Hub does not accept such a repository: {kind} {repo_id}")
            for path in files:
                check_path(path)
            repo = self.repos.setdefault((kind, repo_id), Repo(kind, repo_id, private))
            repo.private = private
            entries = {}
            for path, content in files.items():
                sha256 = hashlib.sha256(content).hexdigest()
                large = is_large(path, len(content))
                entries[path] = large_entry(sha256, len(content)) if large else small_entry(content)
                self.keep(content, etag_of(entries[path]))
            sha = self.commit(repo, "main", entries, "initial commit")
            repo.refs["tags"] |= dict.fromkeys(tags, sha)
            self.save(repo)
        return sha

    def commit(self, repo: Repo, branch: str, files: dict[str, Entry], title: str) -> str:
        """Move a branch to a new commit of these files; return its sha."""
        parent = repo.refs["heads"].get(branch)
        # Without the date, so that the same changes have the same sha on every machine.
        identity = json.dumps([repo.kind, repo.name, parent, title, files], sort_keys=True)
        sha = hashlib.sha1(identity.encode()).hexdigest()
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        about = {"sha": sha, "parent": parent, "title": title, "date": date}
        repo.commits[sha] = {**about, "files": files}
        repo.refs["heads"][branch] = sha
        self.save(repo)
        return sha

    def save(self, repo: Repo) -> None:
        """Write the record of a repository, or remove it if the repository is gone."""
        record = self.folder / "repos" / repo.kind / f"{repo.name}.json"
        if (repo.kind, repo.name) in self.repos:
            write_whole(record, json.dumps(asdict(repo)))
        else:
            record.unlink(missing_ok=True)

    def content_path(self, etag: str) -> Path:
        """Return the file of the content with this ETag: a git id, or a sha256 in LFS."""
        return self.folder / "contents" / Path(etag).name

    def signature(self, sha256: str) -> str:
        """Return what opens a content of LFS, for those who were sent to it."""
        return hmac.digest(self.token.encode(), sha256.encode(), "sha256").hex()

    def keep(self, content: bytes, etag: str) -> None:
        """Store a content under its ETag."""
        if not self.content_path(etag).is_file():
            write_whole(self.content_path(etag), content)


def check_path(path: str) -> None:
    """Raise a HubError for a path that no file of a repository can have."""
    path.encode()  # A ValueError, if no listing could name it.
    if not stays_inside(path):
        raise HubError(400, f"The Hub does not accept such a path: {path!r}")


def is_large(path: str, size: int) -> bool:
    """Say whether the Hub would store a file in LFS; never an empty one."""
    return size > LARGE_BYTES or (size > 0 and path.endswith(LARGE_SUFFIXES))


def small_entry(content: bytes) -> Entry:
    """Return the entry of a file that is in git."""
    return {"oid": git_blob_id(content), "size": len(content)}


def large_entry(sha256: str, size: int) -> Entry:
    """Return the entry of a file that is in LFS, with a pointer to it in git."""
    version = "https://git-lfs.github.com/spec/v1"
    pointer = small_entry(f"version {version}\noid sha256:{sha256}\nsize {size}\n".encode())
    lfs = {"oid": sha256, "size": size, "pointerSize": pointer["size"]}
    return {"oid": pointer["oid"], "size": size, "lfs": lfs}


def etag_of(entry: Entry) -> str:
    """Return the name under which a client caches the content of an entry."""
    return entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]


def list_files(files: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the listing entries of files and of the folders that they are in, by path."""
    entries: dict[str, Entry] = {}
    for path, entry in sorted(files.items()):
        for folder in list(PurePosixPath(path).parents)[-2::-1]:
            tree = hashlib.sha1(f"{entries.get(str(folder))}{path}{entry}".encode()).hexdigest()
            entries[str(folder)] = {"type": "directory", "oid": tree, "size": 0}
        entries[path] = {"type": "file", **entry}
    return {path: {"path": path, **entry} for path, entry in entries.items()}


Endpoint = Callable[..., None]
ROUTES: list[tuple[str, re.Pattern[str], bool, Endpoint]] = []
PLACEHOLDERS = {
    "{api}": r"/api/(?P<kind>model|dataset|space)s/(?P<name>[^/]+(?:/[^/]+)?)",
    "{page}": r"/(?:(?P<kind>dataset|space)s/)?(?P<name>[^/]+(?:/[^/]+)?)",
    "{revision}": r"(?P<revision>[^/]+)",
    "{path}": r"(?P<path>.+)",
    "{sha256}": r"(?P<sha256>[0-9a-f]{64})",
}


def route(method: str, pattern: str, for_owner: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Register the endpoint for the paths of a pattern, perhaps for the owner only."""
    for placeholder, expression in PLACEHOLDERS.items():
        pattern = pattern.replace(placeholder, expression)

    def register(endpoint: Endpoint) -> Endpoint:
        ROUTES.append((method, re.compile(pattern), for_owner, endpoint))
        return endpoint

    return register


class _Server(ThreadingHTTPServer):
    hub: LocalHub
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients leave in the middle of an answer, which is no error.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise a body waits until the client has acknowledged its headers.
    disable_nagle_algorithm = True
    # Until the request's own is read: what is no HTTP is answered and logged too.
    command = path = ""

    def setup(self) -> None:
        super().setup()
        self.hub = self.server.hub
        self.hub.connections.add(self.connection)

    def finish(self) -> None:
        self.hub.connections.discard(self.connection)
        super().finish()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        # Without the headers, which hold tokens.
        self.hub.requests.append((self.command or "", self.path.partition("?")[0], int(code)))

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def answer(self) -> None:
        time.sleep(self.hub.faults.latency_seconds)
        method = "GET" if self.command == "HEAD" else self.command
        try:
            self.body = self._read_body()
            self.location, _, query = self.path.partition("?")
            self.query = {key: values[0] for key, values in parse_qs(query).items()}
            for allowed, pattern, for_owner, endpoint in ROUTES:
                if allowed == method and (match := pattern.fullmatch(self.location)):
                    parts = {key: unquote(part or "") for key, part in match.groupdict().items()}
                    if "name" in parts:
                        kind, name = parts.pop("kind") or "model", parts.pop("name")
                        parts["repo"] = self._find_repo(kind, name)
                    if for_owner:
                        self._check_owner(parts["repo"].name if "repo" in parts else None)
                    return endpoint(self, **parts)
            raise HubError(404, "Sorry, we can't find the page you are looking for.")
        except HubError as error:
            self._send({"error": str(error)}, error.status, **error.headers)
        except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            self._send({"error": f"Malformed request: {error!r}"}, 400)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,12}", length) or int(length) > LARGEST_BODY:
            # An unread body would be taken for the next request on this connection.
            self.close_connection = True
            raise HubError(400, f"Content-Length is no number up to {LARGEST_BODY}: {length}")
        return self.rfile.read(int(length))

    def _send(self, value: Any, status: int = 200, **headers: Any) -> None:
        content = json.dumps(value).encode()
        self._send_headers(status, Content_Length=len(content), **headers)
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_headers(self, status: int, **headers: Any) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                # One line of ASCII, whatever a client asked for.
                text = re.sub(r"[^ -~]", "?", str(value))
                self.send_header(name.replace("_", "-"), text)
        self.end_headers()

    # Permissions.

    def _has_token(self) -> bool:
        credentials = self.headers.get("Authorization")
        if credentials not in (None, f"Bearer {self.hub.token}"):
            raise HubError(401, "Invalid credentials in Authorization header")
        return credentials is not None

    def _find_repo(self, kind: str, name: str) -> Repo:
        known = self._has_token()
        repo = self.hub.repos.get((kind, name))
        if repo is None or (repo.private and not known):
            # One answer for both, so that nobody without the token learns what is private.
            raise HubError(404 if known else 401, "Repository not found", "RepoNotFound")
        return repo

    def _check_owner(self, name: str | None) -> None:
        if not self._has_token():
            raise HubError(401, "Invalid username or password.")
        if name and not name.startswith(f"{USER}/"):
            raise HubError(403, f"You don't have the rights to change {name}")

    # The user and the list of repositories.

    @route("GET", "/api/whoami-v2", for_owner=True)
    def whoami(self) -> None:
        access = {"type": "access_token", "accessToken": {"displayName": "local", "role": "write"}}
        user = {"type": "user", "name": USER, "fullname": USER, "orgs": []}
        self._send({**user, "auth": access})

    @route("POST", "/api/validate-yaml")
    def validate_card(self) -> None:
        self._send({"errors": [], "warnings": []})

    @route("POST", "/api/repos/create")
    def create_repo(self) -> None:
        kind, name, private = self._requested_repo()
        with self.hub.lock:
            exists = (kind, name) in self.hub.repos
            if not exists:
                rules = "".join(f"*{end} filter=lfs diff=lfs -text\n" for end in LARGE_SUFFIXES)
                self.hub.add_repo(name, kind, {".gitattributes": rules.encode()}, private)
            answer = {"name": name, "url": f"{self.hub.url}/{self.hub.repos[kind, name].page}"}
        if exists:
            answer["error"] = f"You already created this {kind} repo"
        self._send(answer, 409 if exists else 200)

    @route("DELETE", "/api/repos/delete")
    def delete_repo(self) -> None:
        kind, name, _ = self._requested_repo()
        repo = self._find_repo(kind, name)
        with self.hub.lock:
            del self.hub.repos[kind, name]
            self.hub.save(repo)
        self._send({})

    def _requested_repo(self) -> tuple[str, str, bool]:
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or USER}/{asked['name']}"
        self._check_owner(name)
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        return asked.get("type") or "model", name, private

    # The contents of a repository.

    @route("GET", "{api}(?:/revision/{revision})?")
    def repo_info(self, repo: Repo, revision: str) -> None:
        commit = repo.find(revision or "main")
        siblings = []
        with_blobs = self.query.get("blobs", "").lower() in ("1", "true")
        for path, entry in sorted(commit["files"].items()):
            file = {"rfilename": path}
            if with_blobs:
                file |= {"size": entry["size"], "blobId": entry["oid"]}
            if with_blobs and "lfs" in entry:
                file["lfs"] = {"sha256": entry["lfs"]["oid"], **entry["lfs"]}
            siblings.append(file)
        dates = {"lastModified": commit["date"], "createdAt": [*repo.history("main")][-1]["date"]}
        access = {"private": repo.private, "gated": False}
        counts = {"disabled": False, "downloads": 0, "likes": 0, "tags": []}
        about = {"id": repo.name, "author": repo.name.split("/")[0], "sha": commit["sha"]}
        self._send({**about, **dates, **access, **counts, "siblings": siblings})

    @route("GET", "{api}/tree/{revision}(?:/{path})?")
    def tree(self, repo: Repo, revision: str, path: str) -> None:
        start = f"{path}/" if path else ""
        deep = self.query.get("recursive", "").lower() in ("1", "true")
        entries = [
            entry
            for inside, entry in list_files(repo.find(revision)["files"]).items()
            if inside.startswith(start) and (deep or "/" not in inside[len(start) :])
        ]
        if path and not entries:
            raise HubError(404, f"{path} does not exist on {revision}", "EntryNotFound")
        self._send(entries)

    @route("POST", "{api}/paths-info/{revision}")
    def paths_info(self, repo: Repo, revision: str) -> None:
        entries = list_files(repo.find(revision)["files"])
        paths = parse_qs(self.body.decode()).get("paths", [])
        self._send([entries[path] for path in paths if path in entries])

    @route("GET", "{api}/refs")
    def refs(self, repo: Repo) -> None:
        def listed(folder: str) -> list[dict[str, str]]:
            refs = repo.refs[folder].items()
            return [{"name": n, "ref": f"refs/{folder}/{n}", "targetCommit": s} for n, s in refs]

        self._send({"branches": listed("heads"), "tags": listed("tags"), "converts": []})

    @route("GET", "{api}/commits/{revision}")
    def commits(self, repo: Repo, revision: str) -> None:
        about = {"message": "", "authors": [{"user": repo.name.split("/")[0]}]}
        self._send([{**about, **c, "id": c["sha"]} for c in repo.history(revision)])

    # Files.

    @route("GET", "{page}/resolve/{revision}/{path}")
    def resolve(self, repo: Repo, revision: str, path: str) -> None:
        self._refuse_on_demand()
        commit = repo.find(revision)
        entry = commit["files"].get(path)
        if entry is None:
            # Given the commit's sha, the client remembers that it does not have this file.
            sha = {"X_Repo_Commit": commit["sha"]}
            raise HubError(404, "Entry not found", "EntryNotFound", **sha)
        if "lfs" not in entry:
            return self._send_content(entry["oid"], commit["sha"])
        sha256 = entry["lfs"]["oid"]
        query = f"commit={commit['sha']}&signature={self.hub.signature(sha256)}"
        self._send(
            {},
            302,
            # Another host name, as that of the Hub's storage: the client sends no token there.
            Location=f"http://localhost:{self.hub.port}/lfs/{sha256}?{query}",
            X_Repo_Commit=commit["sha"],
            X_Linked_Etag=f'"{sha256}"',
            X_Linked_Size=entry["size"],
            ETag=f'"{sha256}"',
        )

    @route("GET", "/lfs/{sha256}")
    def download_from_lfs(self, sha256: str) -> None:
        self._refuse_on_demand()
        if self.query.get("signature") != self.hub.signature(sha256):
            raise HubError(403, "This address does not come from this hub")
        self._send_content(sha256, self.query.get("commit"))

    def _refuse_on_demand(self) -> None:
        if self.hub.faults.refuse(self.command, self.location):
            raise HubError(503, "Service unavailable")

    def _send_content(self, etag: str, commit: str | None) -> None:
        path = self.hub.content_path(etag)
        if not path.is_file():
            raise HubError(404, "There is no such content")
        size = path.stat().st_size
        first, end, part = 0, size, None
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, end = int(asked[1]), min(int(asked[2] or size) + 1, size)
            if first >= end:
                raise HubError(416, "Not inside the file", Content_Range=f"bytes */{size}")
            part = f"bytes {first}-{end - 1}/{size}"
        self._send_headers(
            206 if part else 200,
            X_Repo_Commit=commit,
            ETag=f'"{etag}"',
            Accept_Ranges="bytes",
            Content_Range=part,
            Content_Length=end - first,
        )
        if self.command == "HEAD":
            return
        if self.hub.faults.cut(self.location):
            end = (first + end) // 2
            self.close_connection = True
        with path.open("rb") as file:
            file.seek(first)
            while first < end:
                first += self.wfile.write(file.read(min(end - first, 2**16)))

    # Changes.

    @route("POST", "{api}/branch/{revision}", for_owner=True)
    def create_branch(self, repo: Repo, revision: str) -> None:
        start = json.loads(self.body).get("startingPoint") or "main"
        self._add_ref(repo, "heads", revision, start)

    @route("POST", "{api}/tag/{revision}", for_owner=True)
    def create_tag(self, repo: Repo, revision: str) -> None:
        self._add_ref(repo, "tags", json.loads(self.body)["tag"], revision)

    def _add_ref(self, repo: Repo, folder: str, name: str, revision: str) -> None:
        with self.hub.lock:
            if name in repo.refs[folder]:
                raise HubError(409, f"Reference already exists: {name}")
            repo.refs[folder][name] = repo.find(revision)["sha"]
            self.hub.save(repo)
        self._send({})

    @route("POST", "{api}/preupload/{revision}", for_owner=True)
    def announce_files(self, repo: Repo, revision: str) -> None:
        files = repo.find(revision)["files"]
        answers = []
        for asked in json.loads(self.body)["files"]:
            mode = "lfs" if is_large(asked["path"], asked["size"]) else "regular"
            answer = {"path": asked["path"], "uploadMode": mode, "shouldIgnore": False}
            if asked["path"] in files:
                # So the client leaves unchanged files out of its commit.
                answer["oid"] = etag_of(files[asked["path"]])
            answers.append(answer)
        self._send({"files": answers})

    @route("POST", r"{page}\.git/info/lfs/objects/batch", for_owner=True)
    def announce_uploads(self, repo: Repo) -> None:
        answers = []
        for asked in json.loads(self.body)["objects"]:
            answer = {"oid": asked["oid"], "size": asked["size"]}
            if not self.hub.content_path(asked["oid"]).is_file():
                self.hub.announced_uploads.add(asked["oid"])
                href = f"{self.hub.url}/lfs/{asked['oid']}"
                answer["actions"] = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
            answers.append(answer)
        self._send({"transfer": "basic", "objects": answers})

    @route("PUT", "/lfs/{sha256}")
    def upload_to_lfs(self, sha256: str) -> None:
        # The client sends no token here: only what the owner announced is accepted.
        if sha256 not in self.hub.announced_uploads:
            raise HubError(403, "This upload was not announced")
        if hashlib.sha256(self.body).hexdigest() != sha256:
            raise HubError(400, f"The content's sha256 is not {sha256}")
        self.hub.keep(self.body, sha256)
        self._send({})

    @route("POST", "/lfs/{sha256}/verify", for_owner=True)
    def verify_upload(self, sha256: str) -> None:
        self._find_upload(sha256, json.loads(self.body)["size"])
        self._send({})

    def _find_upload(self, sha256: str, size: int | None) -> Entry:
        path = self.hub.content_path(sha256)
        # The name alone: a path to it would go into the listings.
        if path.name != sha256 or not path.is_file() or size not in (None, path.stat().st_size):
            raise HubError(400, f"There is no upload of this sha256 and size: {sha256}")
        return large_entry(sha256, path.stat().st_size)

    @route("POST", "{api}/commit/{revision}", for_owner=True)
    def commit(self, repo: Repo, revision: str) -> None:
        if self.query.get("create_pr"):
            raise HubError(501, "This hub has no pull requests")
        header, *changes = [json.loads(line) for line in self.body.splitlines() if line.strip()]
        with self.hub.lock:
            head = repo.find(repo.refs["heads"].get(revision, ""))
            if header["value"].get("parentCommit") not in (None, head["sha"]):
                raise HubError(412, "A commit has happened since. Please refresh and try again.")
            files = dict(head["files"])
            for change in changes:
                self._apply(change["key"], change["value"], files)
            sha = self.hub.commit(repo, revision, files, header["value"]["summary"])
        url = f"{self.hub.url}/{repo.page}/commit/{sha}"
        self._send({"success": True, "commitOid": sha, "commitUrl": url})

    def _apply(self, key: str, value: Mapping[str, Any], files: dict[str, Entry]) -> None:
        path = value["path"]
        if key in ("file", "lfsFile"):
            check_path(path)
        if key == "file":
            content = base64.b64decode(value["content"])
            files[path] = small_entry(content)
            self.hub.keep(content, files[path]["oid"])
        elif key == "lfsFile":
            files[path] = self._find_upload(value["oid"], value.get("size"))
        elif key in ("deletedFile", "deletedFolder"):
            gone = [name for name in files if f"{name}/".startswith(f"{path.rstrip('/')}/")]
            if not gone:
                raise HubError(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
            for name in gone:
                del files[name]
        else:
            raise HubError(400, f"This hub does not know the change {key}")
