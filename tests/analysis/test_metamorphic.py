"""What must not matter doesn't: the same incident, written otherwise, gets the same verdict."""

import pytest

from tests.verdict.metamorphic import TWISTS, differences, judge, write

#: A leak after a deploy, and a rush that nobody leaks under.
LEAK, RUSH = 42, 49


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    found = {}
    for seed in (LEAK, RUSH):
        folder = tmp_path_factory.mktemp("plain") / str(seed)
        write(seed, folder)
        found[seed] = judge(folder)
    return found


@pytest.mark.parametrize(
    ("seed", "twist"),
    [*((LEAK, twist) for twist in TWISTS), (RUSH, "another zone"), (RUSH, "another unit")],
)
def test_a_verdict_does_not_hang_on_how_the_evidence_is_written(seed, twist, plain, tmp_path):
    assert differences(seed, twist, tmp_path, plain[seed]) == []


@pytest.mark.parametrize("twist", TWISTS)
def test_each_twist_writes_other_files(twist, tmp_path):
    def read(folder):
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    write(LEAK, tmp_path / "plain")
    write(LEAK, tmp_path / "twisted", twist)
    assert read(tmp_path / "plain") != read(tmp_path / "twisted")
