"""Documents: prose stays within the width that code has."""

import re
import subprocess

from conftest import ROOT

WIDTH = 110


def prose(text):
    """Its lines with their numbers, without code, tables and definitions of links."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not re.match(r"    |\s*\||\[[^]]+\]:", line):
            yield number, line


def test_no_line_of_prose_is_too_long():
    files = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    assert "README.md" in files
    found = [f"{name}:{number}" for name in files for number, line in prose((ROOT / name).read_text()) if len(line) > WIDTH]
    assert not found


def test_what_is_no_prose_may_be_long():
    long = "x" * 200
    assert [n for n, line in prose(f"a\n    {long}\n| {long}\n```\n{long}\n```\n[r]: {long}\n{long}\n") if len(line) > WIDTH] == [8]
