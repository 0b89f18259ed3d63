"""Go runtimes that no release has: what a newer version may look like."""

import json
import pathlib
import re

WORD = r"\g<0>\tgorotraceMoved uint64\n"
CHANGES = {  # name -> [(file of package runtime, what is replaced, by what)]
    # A word more in every struct that is read most, so that what lies behind it moves.
    "moved": [("runtime2.go", r"^type sudog struct \{\n", WORD), ("runtime2.go", r"^\tgoid         uint64\n", WORD),
              ("runtime2.go", r"^\tg0      \*g .*\n", WORD), ("runtime2.go", r"^type p struct \{\n", WORD),
              ("chan.go", r"^\tdataqsiz uint .*\n", WORD)],
    # And in the scheduler's, which has no type descriptor.
    "moved-sched": [("runtime2.go", r"^\tgoid         uint64\n", WORD),
                    ("runtime2.go", r"^type schedt struct \{\n(.*\n)*?\tlock mutex\n", WORD)],
    # What only goroutines show: where a g keeps what made it.
    "moved-site": [("runtime2.go", r"^\tparentGoid +uint64.*\n", WORD)],
    # A field under another name.
    "renamed": [("runtime2.go", r"\btrackingSeq\b", "trackedSeq"), ("proc.go", r"\btrackingSeq\b", "trackedSeq")],
}


def go(name, goroot, folder):
    """A go command in that folder, which builds with the changed files (go build -overlay)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "goroot"  # -overlay replaces nothing beneath the module cache, where toolchains may lie
    if not root.is_symlink():
        root.symlink_to(goroot)
    runtime, changed = root / "src" / "runtime", {}
    for file, pattern, replacement in CHANGES[name]:
        text = changed.get(file) or (runtime / file).read_text()
        changed[file], count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        assert count, f"{runtime / file} has no {pattern}"
    for file, text in changed.items():
        (folder / file).write_text(text)
    overlay = folder / "overlay.json"
    overlay.write_text(json.dumps({"Replace": {str(runtime / file): str(folder / file) for file in changed}}))
    command = folder / "go"
    command.write_text(f"""#!/bin/sh
[ "$1" != build ] || {{ shift; set -- build -buildvcs=false -overlay {overlay} "$@"; }}
GOTOOLCHAIN=local GOROOT={root} exec {root}/bin/go "$@"
""")
    command.chmod(0o755)
    return command
