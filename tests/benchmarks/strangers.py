"""Judge strangers' files as the command does: ``python -m tests.benchmarks.strangers [A B]``.

Seeds from A up to B (default 0 to 5) of every shape are simulated, written in some
format, read and judged as ``forensics growth FILE`` does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from forensics.errors import ForensicsError
from forensics.run.growth import judge_files
from tests.strangers.exports import write
from tests.strangers.shapes import LEAKS, LOOK_ALIKES, draw


def judge(shape: str, seed: int, folder: Path) -> tuple[str, str]:
    """Return the verdict and what to know about the case."""
    case = draw(shape, seed)
    path = write(case, folder)
    head = path.read_bytes()[:110].decode(errors="replace").replace("\n", "|")
    hours = (case.t_s[-1] - case.t_s[0]) / 3600
    about = (
        f"{shape} {seed}: {hours:.1f} h, {case.t_s.size} rows, {case.traits} {path.suffix} {head}"
    )
    try:
        found = judge_files([path], limit_bytes=case.limit_bytes)
    except ForensicsError as error:
        return "error", f"{about}\n    {error}"
    finally:
        path.unlink()
    lives = [
        f"{s.signal.metric} {s.load_role} {[(x.model, x.leak) for x in s.assessment.lives]}"
        for s in found.signals
    ]
    return found.leak, f"{about}\n    {lives} p={found.probability}"


def main() -> None:
    """Judge and print the table; ``-v`` lists every case that was judged wrong."""
    words = [word for word in sys.argv[1:] if word != "-v"]
    first, stop = (int(word) for word in words[:2]) if len(words) > 1 else (0, 5)
    total: Counter[tuple[bool, str]] = Counter()
    wrong: list[str] = []
    started = time.process_time()
    verdicts = ("yes", "no", "unknown", "error")
    print(f"{'shape':16}", *(f"{v:>8}" for v in verdicts))
    with tempfile.TemporaryDirectory() as folder:
        for shape in [*LEAKS, *LOOK_ALIKES]:
            count: Counter[str] = Counter()
            for seed in range(first, stop):
                verdict, about = judge(shape, seed, Path(folder))
                count[verdict] += 1
                total[shape in LEAKS, verdict] += 1
                if (verdict == "yes") != (shape in LEAKS):
                    wrong.append(f"{verdict}: {about}")
            print(f"{shape:16}", *(f"{count[v]:8}" for v in verdicts), flush=True)
    if "-v" in sys.argv:
        print("\n".join(wrong))
    found, false = total[True, "yes"], total[False, "yes"]
    leaks = sum(times for (is_leak, _), times in total.items() if is_leak)
    cpu_ms = 1e3 * (time.process_time() - started) / total.total()
    precision, recall = found / max(found + false, 1), found / leaks
    print(
        f"precision {precision:.3f}  recall {recall:.3f}"
        f"  {total.total()} files, {cpu_ms:.0f} ms CPU each"
    )


if __name__ == "__main__":
    main()
