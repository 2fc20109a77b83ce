"""Reads spoiled runs in a process of its own, watches what that process does, and writes a report.

python -m tests.store.fuzz FOLDER COUNT SEED
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import traceback
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow

from rodflow_widgets import store
from rodflow_widgets.errors import ArgumentError
from tests.store import mutations
from tests.store.made_up import recording

FORBIDDEN = (
    "exec", "compile", "import", "marshal.loads", "pickle.find_class", "subprocess.Popen", "os.system", "os.exec",
    "os.posix_spawn", "os.fork", "ctypes.dlopen", "socket.connect", "os.remove", "os.rename", "shutil.rmtree",
)  # fmt: skip
TIMES, SLACK = 4, 64 << 20
TRACED = 2 * len(mutations.ALL)
"""Runs of which every allocation of Python and numpy is followed, which takes four times as long."""


class Watch:
    """What the process does while it reads, by the audit events of the interpreter."""

    def __init__(self):
        self.folder, self.seen = None, []
        sys.addaudithook(self._hear)

    def _hear(self, event, args):
        if self.folder is None:
            return
        if event in FORBIDDEN:
            self.seen.append(f"{event} {args!r:.200}")
        elif event == "open" and isinstance(args[0], str) and not args[0].startswith(f"{self.folder}/"):
            self.seen.append(f"open {args[0]}")


def made(folder, kind, seed):
    """A run of the kind: a journal whose process was killed, or Zarr; both with checkpoints, changes and vectors."""
    rec = recording(600, seed)
    journal = store.Journal(rec, folder, seconds=60)
    for row in (0, 100):
        journal.note(row, "set", {"learning_rate": row})
        journal._keeper.put(row, 1, {"row": row}, {"w": np.full(50, float(row))})
    for start in range(600, 1000, 100):
        rec["discrete"].append(grown(rec["discrete"], start))
        journal._files.flush()
    if kind == "zarr":
        journal.close()
    return rec, journal


def grown(table, start):
    """A hundred rows more."""
    return {name: table[name][:100] + start for name in table}


def judged(path, expected):
    """What each way to read a run gives: equal, said to be damaged, or one clear error; raises on anything else."""
    verdicts = []
    for name in ("load", "look", "checkpoints", "changes"):
        try:
            found = getattr(store, name)(path)
        except ArgumentError as error:
            verdicts.append(refused(path, error))
            continue
        if name == "load":
            verdicts.append(compared(found, expected["load"]))
        else:
            verdicts.append("equal")
        if name == "checkpoints":  # one whose JSON was removed is none
            there = [info for info in expected[name] if (path / "checkpoints" / f"{info.row}.json").exists()]
            if [(info.row, info.applied) for info in found] != [(info.row, info.applied) for info in there]:
                raise AssertionError(f"checkpoints gives {found}")
        elif name == "changes" and found != expected[name]:
            raise AssertionError(f"changes gives {found}")
    for info in expected["checkpoints"]:
        try:
            state, arrays = store.read_checkpoint(path, info.row)
        except ArgumentError as error:
            verdicts.append(refused(path, error))
        else:
            if state != {"row": info.row} or not np.array_equal(arrays["w"], np.full(50, float(info.row))):
                raise AssertionError(f"checkpoint {info.row} gives {state} {arrays}")
            verdicts.append("equal")
    return verdicts


def refused(path, error):
    text = str(error)
    if str(path) not in text or "\n" in text or len(text) > 1000 or not text.endswith("."):
        raise AssertionError(f"no clear sentence: {text!r:.500}") from error
    return "error"


def compared(found, expected):
    """Equal, or a beginning of what is expected that says so."""
    whole = found.events == expected.events and len(found) == len(expected)
    if found.events != expected.events[: len(found.events)]:
        raise AssertionError("other events")
    for table in found.tables:
        if not len(table):
            whole = whole and not len(expected.tables[list(found).index(table.name)])
            continue
        other = expected[table.name]
        for name in table:
            if table[name].tobytes() != other[name][: len(table)].tobytes():
                raise AssertionError(f"other numbers in {name}")
        for step, vector in table.parameters.items():
            if vector.dtype != other.parameters[step].dtype or not np.array_equal(vector, other.parameters[step]):
                raise AssertionError(f"another vector at {step}")
        whole = whole and len(table) == len(other) and len(table.parameters) == len(other.parameters)
    if whole:
        return "equal"
    if not any(word in found.status.sentence for word in ("damaged", "not all can be read")):
        raise AssertionError(f"rows are missing and nothing is said: {found.status}")
    return "damage said"


def held():
    """The most bytes that this process has held; getrusage would begin with what its parent held."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text(encoding="utf-8").split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def allocated(folder):
    """Bytes that the files take on the disk: holes take none."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main(folder, count, seed):
    rng, watch = np.random.default_rng(seed), Watch()
    bases, kept = {}, []
    for kind in ("journal", "zarr"):
        for other, s in ((False, 0), (True, 1)):
            name = f"{kind}{'-other' * other}"
            rec, journal = made(folder / name, kind, s)
            kept.append(journal)  # a journal that is not closed: its copies are as of a process that was killed
            bases[name] = rec
    report = {"outcomes": Counter(), "reads": Counter(), "wrong": [], "actions": [], "over": [], "peak": 0, "bound": 0}
    target = folder / "target"
    expected = {}
    for kind in ("journal", "zarr"):
        names = ("checkpoints", "changes")
        expected[kind] = {"load": bases[kind], **{name: getattr(store, name)(folder / kind) for name in names}}
        shutil.copytree(folder / kind, target)
        assert set(judged(target, expected[kind])) == {"equal"}, kind
        shutil.rmtree(target)
    for warm in mutations.ALL:  # so that nothing is imported for the first time by what follows
        shutil.copytree(folder / "zarr", target)
        warm(np.random.default_rng(0), target, folder / "zarr-other")
        judged(target, expected["zarr"])
        shutil.rmtree(target)
    arrow = pyarrow.default_memory_pool().max_memory()
    before = held()
    for i in range(count):
        kind = ("journal", "zarr")[i % 2]
        mutate = mutations.ALL[i // 2 % len(mutations.ALL)]
        shutil.copytree(folder / kind, target, symlinks=True)
        mutate(rng, target, folder / f"{kind}-other")
        bound = TIMES * allocated(target) + SLACK
        traced = i < TRACED
        if traced:
            tracemalloc.start()
        watch.seen, watch.folder = [], target
        try:
            verdicts = judged(target, expected[kind])
        except Exception:
            report["wrong"].append(f"{i} {mutate.__name__} {kind}: {traceback.format_exc()[-1500:]}")
            verdicts = []
        watch.folder = None
        peak = tracemalloc.get_traced_memory()[1] if traced else 0
        tracemalloc.stop()
        report["peak"] = max(report["peak"], peak)
        report["bound"] = max(report["bound"], bound)
        if peak > bound:
            report["over"].append(f"{i} {mutate.__name__}: {peak} > {bound}")
        report["actions"] += [f"{i} {mutate.__name__}: {what}" for what in watch.seen]
        report["reads"].update(verdicts)
        worst = next((word for word in ("error", "damage said", "equal") if word in verdicts), "wrong")
        report["outcomes"][f"{kind}: {worst}"] += 1
        shutil.rmtree(target)
    report["rss"] = held() - before
    report["arrow"] = pyarrow.default_memory_pool().max_memory() - arrow
    for journal in kept:
        journal.close()
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    os._exit(0)
