"""Two processes that keep the same reading leave one that both can go on with."""

from __future__ import annotations

from forensics.evidence._store import load_reading, save_reading
from forensics.readers import read_file


def test_a_reading_that_somebody_uses_is_not_taken_away(tmp_path):
    path = tmp_path / "rss.csv"
    path.write_text("timestamp,pod,rss_mb\n2026-05-04T08:00:00Z,a,1\n2026-05-04T08:01:00Z,a,2\n")
    reading = read_file(path)
    save_reading(tmp_path / "store", "key", reading)
    in_use = load_reading(tmp_path / "store", "key")
    inode = (tmp_path / "store" / "key").stat().st_ino
    save_reading(tmp_path / "store", "key", reading)
    assert (tmp_path / "store" / "key").stat().st_ino == inode
    assert in_use.tables["metrics"].collect().height == 2
    assert [p.name for p in (tmp_path / "store").iterdir()] == ["key"]


def test_a_torn_reading_is_replaced(tmp_path):
    path = tmp_path / "rss.csv"
    path.write_text("timestamp,pod,rss_mb\n2026-05-04T08:00:00Z,a,1\n2026-05-04T08:01:00Z,a,2\n")
    torn = tmp_path / "store" / "key"
    torn.mkdir(parents=True)
    (torn / "reading.json").write_text("{")
    save_reading(tmp_path / "store", "key", read_file(path))
    assert load_reading(tmp_path / "store", "key") is not None
