"""Evidence and reports on a real S3-compatible server on loopback."""

from __future__ import annotations

import os

import pytest

from forensics.errors import EvidenceError, UnsupportedError, UsageError
from forensics.run import remote
from forensics.run.remote import local_evidence, local_report

moto_server = pytest.importorskip("moto.server", reason="needs moto's server")
s3fs = pytest.importorskip("s3fs", reason="needs s3fs")


@pytest.fixture(scope="module")
def store():
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    files = s3fs.S3FileSystem()
    files.mkdir("bucket")
    yield files
    server.stop()
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def test_evidence_is_fetched_under_its_own_name_and_removed_after(store) -> None:
    store.pipe({"bucket/case1/logs/a.log": b"one", "bucket/case1/b.md": b"two"})
    with local_evidence("s3://bucket/case1/") as folder:
        assert folder.name == "case1"
        assert (folder / "logs/a.log").read_bytes() == b"one"
        assert (folder / "b.md").read_bytes() == b"two"
    assert not folder.exists()


@pytest.mark.usefixtures("store")
def test_an_empty_prefix_is_an_error() -> None:
    with pytest.raises(EvidenceError, match="no files"), local_evidence("s3://bucket/nothing"):
        pass


def test_a_report_is_uploaded_whole_and_replaces_the_last(store) -> None:
    with local_report("s3://bucket/r/today") as folder:
        folder.mkdir()
        for name in ("findings.json", "postmortem.md", "old.txt"):
            (folder / name).write_text(f"first {name}")
    with local_report("s3://bucket/r/today") as folder:
        assert (folder / "postmortem.md").read_text() == "first postmortem.md"
        (folder / "charts").mkdir()
        (folder / "charts/a.svg").write_text("drawn")
    names = {name.removeprefix("bucket/r/today/") for name in store.find("bucket/r/today")}
    assert names == {"findings.json", "postmortem.md", "charts/a.svg"}


def test_a_failed_run_uploads_nothing(store) -> None:
    with pytest.raises(RuntimeError), local_report("s3://bucket/failed") as folder:
        folder.mkdir()
        (folder / "findings.json").write_text("{}")
        raise RuntimeError
    assert not store.exists("bucket/failed")


def test_a_prefix_with_other_files_is_refused_and_left_alone(store) -> None:
    store.pipe({"bucket/precious/x": b"mine"})
    with pytest.raises(UsageError, match="no report"), local_report("s3://bucket/precious"):
        pass
    assert store.cat("bucket/precious/x") == b"mine"


def test_a_missing_library_is_named() -> None:
    pytest.importorskip("fsspec")
    if remote.is_remote("gs://x") and __import__("importlib").util.find_spec("gcsfs"):
        pytest.skip("gcsfs is installed")
    with pytest.raises(UnsupportedError, match="pip install gcsfs"), local_evidence("gs://b/x"):
        pass


def test_a_local_path_is_left_as_it_is(tmp_path) -> None:
    with local_evidence(str(tmp_path)) as evidence, local_report(str(tmp_path / "r")) as report:
        assert (evidence, report) == (tmp_path, tmp_path / "r")
