"""What the local hub promises, kept by the real clients: each runs in a process of its own."""

import hashlib
import http.client
import json
import os
import socket
import textwrap
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from unittest.mock import Mock

import pytest
from support.hub_fixtures import DATASET, MODEL, STARS, fill_hub, run_alone

from helpers.local_hub import Faults, HubError, LocalHub

SET = "learner/tiny-reviews"


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with LocalHub(folder) as hub:
        fill_hub(hub)
    return folder


@pytest.fixture
def hub(tmp_path):
    with LocalHub(tmp_path / "hub") as hub:
        yield hub


def run_client(hub, tmp_path, code, **variables):
    """Run code in a fresh process beside a hub and return what it assigned to `result`."""
    code = f"import json, os\n{textwrap.dedent(code)}\nprint('\\n' + json.dumps(result))"
    variables = {"TOKEN": hub.token, **hub.client_environment, **variables}
    process = run_alone(tmp_path, code, **variables)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


def ask(hub, method, path, body=None, token=None, **headers):
    """Send one request and return the status, the headers and the body of its answer."""
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if isinstance(body, dict | list):
        body = json.dumps(body).encode()
    request = urllib.request.Request(hub.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


LOAD = f"""
    import evaluate, torch
    from datasets import load_dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    reviews = load_dataset("{DATASET}", cache_dir="cache")
    tokenizer = AutoTokenizer.from_pretrained("{MODEL}")
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained("{MODEL}", num_labels=5)
    texts = reviews["test"][:2]["text"]
    tokens = tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt")
    metric = evaluate.load("accuracy")
    result = {{
        "rows": {{name: len(split) for name, split in reviews.items()}},
        "stars": reviews["train"].features["label"].names,
        "texts": texts,
        "tokens": list(tokens["input_ids"].shape),
        "cased": tokenizer.tokenize("Great") != tokenizer.tokenize("great"),
        "logits": model(**tokens).logits.tolist(),
        "accuracy": metric.compute(predictions=[0, 1], references=[0, 2]),
        "f1": list(evaluate.load("f1").compute(predictions=[0, 1], references=[0, 1])),
    }}
"""


def test_what_was_loaded_once_loads_again_without_the_hub(hub_folder, tmp_path):
    with LocalHub(hub_folder) as hub:
        first = run_client(hub, tmp_path, LOAD)
    assert first["rows"] == {"train": 3000, "test": 2000}
    assert first["stars"] == list(STARS)
    assert first["tokens"] == [2, 512]
    assert first["cased"]
    assert first["accuracy"] == {"accuracy": 0.5}
    assert ("GET", "/spaces/evaluate-metric/accuracy/resolve/main/accuracy.py", 200) in hub.requests

    second = run_client(hub, tmp_path, LOAD, HF_HUB_OFFLINE="1")
    assert second == first
    assert list((tmp_path / "cache").glob("**/*.arrow"))
    assert not (tmp_path / "hf" / "datasets").exists()
    assert not (tmp_path / "home").exists()


def test_a_pushed_dataset_comes_back_in_each_of_its_versions(hub, tmp_path):
    code = f"""
        from datasets import ClassLabel, Dataset, load_dataset
        from huggingface_hub import HfApi

        def make(texts):
            labels = [len(text) % 2 for text in texts]
            made = Dataset.from_dict({{"text": texts, "label": labels}})
            return made.cast_column("label", ClassLabel(names=["even", "odd"]))

        def load(**revision):
            loaded = load_dataset("{SET}", split="train", token=token, **revision)
            return loaded.to_dict(), str(loaded.features)

        token = os.environ["TOKEN"]
        one, two = make(["good", "bad"]), make(["good", "bad", "so-so"])
        first = one.push_to_hub("{SET}", private=True, token=token).oid
        back = [load()]
        second = two.push_to_hub("{SET}", token=token).oid
        api = HfApi(token=token)
        api.create_tag("{SET}", tag="v1", revision=first, repo_type="dataset")
        back += [load(), load(revision=first), load(revision="v1")]
        refs = api.list_repo_refs("{SET}", repo_type="dataset")
        info = api.dataset_info("{SET}")
        result = {{
            "pushed": [(made.to_dict(), str(made.features)) for made in (one, two, one, one)],
            "back": back,
            "shas": [first, second],
            "private, gated, disabled": [info.private, info.gated, info.disabled],
            "refs": [(ref.name, ref.target_commit) for ref in refs.branches + refs.tags],
            "titles": [c.title for c in api.list_repo_commits("{SET}", repo_type="dataset")],
        }}
    """
    result = run_client(hub, tmp_path, code)
    one, two, *_ = result["pushed"]
    assert result["back"] == [one, two, one, one]
    assert result["private, gated, disabled"] == [True, False, False]
    first, second = result["shas"]
    assert first != second
    assert result["refs"] == [["main", second], ["v1", first]]
    assert result["titles"] == ["Upload dataset", "Upload dataset", "initial commit"]
    assert hub.token not in repr(hub.requests)


def test_uploaded_files_come_back_to_the_byte(hub, tmp_path):
    content = os.urandom(11 * 2**20)  # Beyond what the Hub takes into git.
    (tmp_path / "weights.dat").write_bytes(content)
    code = """
        import pathlib
        from huggingface_hub import HfApi

        api = HfApi(token=os.environ["TOKEN"])
        name = api.create_repo("tiny", private=True).repo_id
        api.create_repo("tiny", exist_ok=True)
        api.upload_file(path_or_fileobj="weights.dat", path_in_repo="a/b.dat", repo_id=name)
        api.create_branch(name, branch="draft")
        api.upload_file(path_or_fileobj=b"hello", path_in_repo="note.txt", repo_id=name,
            revision="draft")
        file, folder = api.get_paths_info(name, ["a/b.dat", "a"])
        result = {
            "path": api.hf_hub_download(name, "a/b.dat"),
            "sha256": file.lfs.sha256,
            "folder": folder.path,
            "main": api.list_repo_files(name),
            "draft": api.list_repo_files(name, revision="draft"),
            "large": [f.path for f in api.list_repo_tree(name, recursive=True)
                if getattr(f, "lfs", None)],
        }
        api.delete_file("note.txt", name, revision="draft")
        result["deleted"] = api.list_repo_files(name, revision="draft")
        api.delete_repo(name)
        result["exists"] = api.repo_exists(name)
    """
    result = run_client(hub, tmp_path, code)
    assert Path(result["path"]).read_bytes() == content
    assert result["sha256"] == hashlib.sha256(content).hexdigest()
    assert result["folder"] == "a"
    assert result["large"] == ["a/b.dat"]
    assert result["main"] == result["deleted"] == [".gitattributes", "a/b.dat"]
    assert result["draft"] == [".gitattributes", "a/b.dat", "note.txt"]
    assert not result["exists"]


def test_a_connection_that_its_client_has_closed_keeps_no_other_open(tmp_path):
    hub = LocalHub(tmp_path)
    gone, open_one = Mock(), Mock()
    gone.shutdown.side_effect = OSError
    hub.connections = [gone, open_one]
    hub.start()
    hub.stop()
    open_one.shutdown.assert_called_once_with(socket.SHUT_RDWR)


def test_only_the_token_opens_what_is_private(hub, tmp_path):
    hub.add_repo("learner/private", "model", {"a.txt": b"a", "b.bin": b"b"}, private=True)
    hub.add_repo("learner/open", "model", {"a.txt": b"a"})
    hub.add_repo("other/open", "model", {"a.txt": b"a"})
    code = """
        from huggingface_hub import HfApi

        def attempt(call, *arguments, **keywords):
            try:
                return type(call(*arguments, **keywords)).__name__
            except Exception as error:
                assert "hf_wrong" not in str(error)
                return type(error).__name__

        none, wrong, right = [HfApi(token=t) for t in (False, "hf_wrong", os.environ["TOKEN"])]
        change = {"path_or_fileobj": b"b", "path_in_repo": "b.txt"}
        result = [
            attempt(none.hf_hub_download, "learner/open", "a.txt"),
            attempt(none.hf_hub_download, "learner/private", "a.txt"),
            attempt(wrong.hf_hub_download, "learner/private", "a.txt"),
            attempt(right.hf_hub_download, "learner/private", "a.txt"),
            attempt(right.hf_hub_download, "learner/private", "b.bin"),
            attempt(none.upload_file, repo_id="learner/open", **change),
            attempt(wrong.upload_file, repo_id="learner/open", **change),
            attempt(right.upload_file, repo_id="other/open", **change),
            attempt(right.upload_file, repo_id="learner/open", **change),
            attempt(wrong.whoami),
            right.whoami()["name"],
        ]
    """
    assert run_client(hub, tmp_path, code) == [
        "str",
        "RepositoryNotFoundError",
        "HfHubHTTPError",
        "str",
        "str",
        "HfHubHTTPError",
        "HfHubHTTPError",
        "HfHubHTTPError",
        "CommitInfo",
        "HfHubHTTPError",
        "learner",
    ]
    for token in (hub.token, "hf_wrong"):
        assert token not in repr(hub.requests)


def test_a_patient_client_gets_every_file_whole_from_a_faulty_hub(hub, tmp_path):
    files = {f"part-{i}.bin": os.urandom(40_000 + i) for i in range(4)}
    files |= {f"text-{i}.txt": os.urandom(4_000 + i) for i in range(3)}
    sha = hub.add_repo("learner/files", "dataset", files)
    hub.faults = Faults(unavailable_every=3, cut_first_download=True)
    code = """
        from huggingface_hub import snapshot_download

        for attempt in range(20):
            try:
                result = snapshot_download("learner/files", repo_type="dataset")
                break
            except OSError:
                continue
    """
    snapshot = Path(run_client(hub, tmp_path, code))
    assert snapshot.name == sha
    assert {path.name: path.read_bytes() for path in snapshot.iterdir()} == files
    assert not list(tmp_path.glob("hf/**/*.incomplete"))
    assert 503 in [status for *_, status in hub.requests]
    served = Counter(
        path
        for method, path, status in hub.requests
        if (method, status) == ("GET", 200) and ("/resolve/" in path or "/lfs/" in path)
    )
    assert len(served) == len(files)
    assert min(served.values()) >= 2  # Once cut, once whole.


def test_a_hub_opens_again_with_what_it_had(tmp_path):
    with LocalHub(tmp_path, token="hf_chosen") as hub:
        sha = hub.add_repo("learner/kept", "space", {"a/b.txt": b"one"}, tags=["v1"])
        hub.add_repo("learner/kept", "space", {"a/b.txt": b"two"})
    with LocalHub(tmp_path) as hub:
        for revision, expected in {"main": b"two", "v1": b"one", sha: b"one"}.items():
            path = f"/spaces/learner/kept/resolve/{revision}/a/b.txt"
            assert ask(hub, "GET", path)[2] == expected
        assert ask(hub, "GET", "/api/whoami-v2", token="hf_chosen")[0] == 401


def test_the_same_changes_have_the_same_sha_everywhere(tmp_path):
    shas = set()
    for name in ("one", "two"):
        with LocalHub(tmp_path / name) as hub:
            shas.add(hub.add_repo("learner/same", "model", {"a.txt": b"a"}))
    assert len(shas) == 1


def test_what_is_missing_is_named(hub):
    hub.add_repo("learner/open", "model", {"a.txt": b"a"})
    hub.add_repo("learner/private", "model", {"a.txt": b"a"}, private=True)

    def missing(path, token=None):
        status, headers, _ = ask(hub, "GET", path, token=token)
        return status, headers["X-Error-Code"]

    assert missing("/learner/open/resolve/main/b.txt") == (404, "EntryNotFound")
    assert missing("/learner/open/resolve/v9/a.txt") == (404, "RevisionNotFound")
    assert missing("/learner/open/resolve/%E6%97%A7/a.txt") == (404, "RevisionNotFound")
    assert missing("/api/models/learner/open/tree/main/b") == (404, "EntryNotFound")
    assert missing("/api/models/learner/none", hub.token) == (404, "RepoNotFound")
    assert missing("/api/models/open", hub.token) == (404, "RepoNotFound")
    # Without a token, what is private cannot be told from what does not exist.
    assert missing("/api/models/learner/private") == (401, "RepoNotFound")
    assert missing("/api/models/learner/none") == (401, "RepoNotFound")


def test_an_upload_is_kept_only_with_its_digest(hub):
    hub.add_repo("learner/set", "dataset", {"a.txt": b"a"})
    sha256 = hashlib.sha256(b"right").hexdigest()
    upload = {"oid": sha256, "size": 5}
    assert ask(hub, "PUT", f"/lfs/{sha256}", b"right")[0] == 403  # Nobody announced it.
    batch = "/datasets/learner/set.git/info/lfs/objects/batch"
    assert ask(hub, "POST", batch, {"objects": [upload]}, hub.token)[0] == 200
    assert ask(hub, "PUT", f"/lfs/{sha256}", b"wrong")[0] == 400
    assert not hub.content_path(sha256).exists()
    assert ask(hub, "POST", f"/lfs/{sha256}/verify", upload, hub.token)[0] == 400
    assert ask(hub, "PUT", f"/lfs/{sha256}", b"right")[0] == 200
    assert ask(hub, "POST", f"/lfs/{sha256}/verify", upload, hub.token)[0] == 200


def test_a_commit_on_an_old_parent_is_refused(hub):
    old = hub.add_repo("learner/set", "dataset", {"a.txt": b"a"})
    hub.add_repo("learner/set", "dataset", {"a.txt": b"b"})
    body = json.dumps({"key": "header", "value": {"summary": "late", "parentCommit": old}})
    path = "/api/datasets/learner/set/commit/main"
    assert ask(hub, "POST", path, body.encode(), hub.token)[0] == 412


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-1", 206, b"ab"),
        ("bytes=4-", 206, b"ef"),
        ("bytes=4-99", 206, b"ef"),
        ("bytes=6-", 416, None),
        ("lines=1-2", 200, b"abcdef"),
    ],
)
def test_a_range_of_a_file(hub, asked, status, expected):
    hub.add_repo("learner/set", "model", {"a.txt": b"abcdef"})
    answer = ask(hub, "GET", "/learner/set/resolve/main/a.txt", Range=asked)
    assert answer[0] == status
    assert expected in (None, answer[2])


def test_a_range_ends_where_it_was_asked_to(hub):
    hub.add_repo("learner/set", "model", {"a.txt": b"abcdef"})
    lines = ["GET /learner/set/resolve/main/a.txt HTTP/1.1", "Host: hub", "Range: bytes=0-1"]
    lines += ["Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", hub.port)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        # All that is sent, not the length that the answer names.
        assert connection.makefile("rb").read().endswith(b"\r\n\r\nab")


def test_every_nth_file_request_is_refused_and_served_when_asked_again(hub):
    hub.add_repo("learner/set", "model", {"a.txt": b"a"})
    hub.faults = Faults(unavailable_every=2, latency_seconds=0.02)
    start = time.monotonic()
    path = "/learner/set/resolve/main/a.txt"
    statuses = [ask(hub, "GET", path)[0] for _ in range(6)]
    assert statuses == [200, 503, 200, 503, 200, 503]
    assert time.monotonic() - start > 6 * 0.02


def test_a_stopped_hub_serves_no_connection_that_a_client_kept(tmp_path):
    with LocalHub(tmp_path) as hub:
        connection = http.client.HTTPConnection("127.0.0.1", hub.port)
        connection.request("POST", "/api/validate-yaml", b"{}")
        assert connection.getresponse().read()
    with pytest.raises(OSError):
        connection.request("POST", "/api/validate-yaml", b"{}")
        connection.getresponse()


def test_a_hub_that_is_started_and_stopped_by_hand_leaves_its_port_to_the_next(tmp_path):
    first = LocalHub(tmp_path, token="hf_chosen")
    first.start()
    first.add_repo("learner/set", "dataset", {"a.txt": b"a"})
    first.stop()
    with pytest.raises(OSError):
        ask(first, "GET", "/api/datasets/learner/set")
    second = LocalHub(tmp_path, port=first.port, token="hf_chosen")
    second.start()
    assert second.url == first.url
    assert ask(second, "GET", "/api/datasets/learner/set")[0] == 200
    second.stop()


def test_bad_names_and_kinds_are_refused(hub):
    for name, kind in [("a/../b", "model"), ("noowner", "model"), ("a/b", "bucket")]:
        with pytest.raises(HubError):
            hub.add_repo(name, kind, {})


@pytest.mark.parametrize("name", ["learner/" + "a" * 300, "learner/" + "a" * 89])
def test_a_name_longer_than_the_hub_allows_is_refused(hub, name):
    asked = {"name": name.removeprefix("learner/")}
    assert ask(hub, "POST", "/api/repos/create", asked, hub.token)[0] == 400
    assert hub.repos == {}


@pytest.mark.parametrize("path", ["../../x", "/etc/x", "a/../../x", "", "..\\x", "C:\\x", "\ud800"])
@pytest.mark.parametrize("key", ["file", "lfsFile"])
def test_a_commit_to_a_path_outside_the_repository_is_refused(hub, path, key):
    sha = hub.add_repo("learner/set", "dataset", {"a.bin": b"a"})
    sha256 = hashlib.sha256(b"a").hexdigest()
    change = {"path": path, "content": "YQ==", "oid": sha256, "size": 1}
    lines = [{"key": "header", "value": {"summary": "out"}}, {"key": key, "value": change}]
    body = "\n".join(map(json.dumps, lines)).encode()
    assert ask(hub, "POST", "/api/datasets/learner/set/commit/main", body, hub.token)[0] == 400
    assert hub.repos["dataset", "learner/set"].find("main")["sha"] == sha


def test_a_repository_is_not_made_with_a_path_outside_it(hub):
    with pytest.raises(HubError):
        hub.add_repo("learner/set", "dataset", {"../x": b"a"})
    assert hub.repos == {}


@pytest.mark.parametrize("query", ["", "?signature=", "?signature=0", "?signature=%C3%A4"])
def test_a_large_file_is_sent_only_to_those_who_were_shown_the_way(hub, query):
    hub.add_repo("learner/private", "model", {"a.bin": b"secret"}, private=True)
    sha256 = hashlib.sha256(b"secret").hexdigest()
    assert ask(hub, "GET", f"/lfs/{sha256}{query}")[0] == 403
    assert ask(hub, "GET", "/learner/private/resolve/main/a.bin")[0] == 401
    assert ask(hub, "GET", "/learner/private/resolve/main/a.bin", token=hub.token)[2] == b"secret"


DEEP = b"[" * 100_000
MALFORMED = {
    "a length that is a word": b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
    "a length of 1e9": b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 1e9\r\n\r\n",
    "a length below 0": b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a length of 10**14": b"POST /api/validate-yaml HTTP/1.1\r\nContent-Length: 1%s\r\n\r\n"
    % (b"0" * 14),
    "an address that is none": b"GET http://[::1 HTTP/1.1\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


def send(hub, request):
    """Send bytes on a connection of their own, and return all that is answered."""
    with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def is_up(hub):
    return ask(hub, "POST", "/api/validate-yaml", b"{}")[0] == 200


@pytest.mark.parametrize("request_bytes", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_answered_and_does_no_harm(hub, request_bytes, capfd):
    answer = send(hub, request_bytes)
    # What is no HTTP has no status line either.
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 404")) or b"Error code: 400" in answer
    assert is_up(hub)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/repos/create", DEEP),
        ("/api/repos/create", b"[]"),
        ("/api/repos/create", b"\xff"),
        ("/api/datasets/learner/set/commit/main", b'{"key": "header", "value": "a string"}'),
        ("/api/datasets/learner/set/commit/main", b'"a string"'),
        ("/api/datasets/learner/set/commit/main", b""),
        ("/api/datasets/learner/set/preupload/main", b'{"files": [{"path": 1, "size": "a"}]}'),
    ],
    ids=["deep", "a list", "no UTF-8", "a header of text", "text", "nothing", "wrong kinds"],
)
def test_a_malformed_body_is_answered_with_400(hub, path, body, capfd):
    hub.add_repo("learner/set", "dataset", {"a.txt": b"a"})
    assert ask(hub, "POST", path, body, hub.token)[0] == 400
    assert is_up(hub)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"kind": "model"}', "\xff"])
def test_a_damaged_record_is_kept_aside_and_the_others_open(tmp_path, damage):
    with LocalHub(tmp_path) as hub:
        hub.add_repo("learner/whole", "model", {"a.txt": b"a"})
        hub.add_repo("learner/broken", "model", {"a.txt": b"a"})
    record = tmp_path / "repos" / "model" / "learner" / "broken.json"
    record.write_text(damage, encoding="latin-1")
    with pytest.warns(UserWarning, match=r"broken\.damaged"), LocalHub(tmp_path) as hub:
        hub.add_repo("learner/broken", "model", {"b.txt": b"b"})
        assert ask(hub, "GET", "/api/models/learner/whole")[0] == 200
    assert record.with_suffix(".damaged").read_text(encoding="latin-1") == damage
    assert len(LocalHub(tmp_path).repos) == 2
