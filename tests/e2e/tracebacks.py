"""What the runtime writes of goroutines, parsed strictly: goroutine?debug=2 and debug=1. The same parser reads gorotrace's."""

import re

# Labels: in the brackets in Go 1.26, behind them since.
HEADER = re.compile(r"goroutine (\d+) \[([^\]]+?)(?: labels:\{(.*)\})?\](?: \{(.*)\})?:$")
ANCESTOR = re.compile(r"\[originating from goroutine (\d+)\]:$")
PLACE = re.compile(r"\t(.+):(\d+)(?: \+(0x[0-9a-f]+))?$")
NO_STACK = "\tgoroutine running on other thread; stack unavailable"
NOTE = "# gorotrace: "


class Goroutine:
    """words: the header's, "(scan)" taken out, for it says what the collector did at that instant."""

    def __init__(self, goid, words, labels):
        self.goid, self.words, self.labels = goid, words, labels
        self.frames, self.created_by, self.elided, self.no_stack = [], None, False, None
        self.ancestors = []  # of the creators: goid, frames, created by

    def key(self):
        return self.words, self.labels, self.frames, self.created_by, self.ancestors


def call_name(line):
    """The function of "main.f(0x1, {...})", "main.(*T).m[...](...)"."""
    assert line.endswith(")"), line
    depth = 0
    for i in range(len(line) - 1, -1, -1):
        depth += (line[i] == ")") - (line[i] == "(")
        if depth == 0:
            assert i > 0, line
            return line[:i]
    raise AssertionError(line)


def notes(text):
    return [line[len(NOTE):] for line in text.splitlines() if line.startswith(NOTE)]


def parse_debug2(text):
    found = {}
    lines = [line for line in text.split("\n") if not line.startswith(NOTE)]
    for block in "\n".join(lines).strip("\n").split("\n\n"):
        rows = block.split("\n")
        head = HEADER.match(rows[0])
        assert head, rows[0]
        g = Goroutine(int(head[1]), head[2].replace(" (scan)", "").split(", "), head[3] or head[4])
        assert g.goid not in found, f"goroutine {g.goid} twice"
        found[g.goid] = g
        rows = rows[1:]
        while rows:
            row = rows.pop(0)
            if row.startswith(NO_STACK):
                assert not g.frames
                g.no_stack = row[len(NO_STACK):]
                continue
            if (ancestor := ANCESTOR.match(row)) is not None:
                g.ancestors.append([int(ancestor[1]), [], None])
                continue
            if re.match(r"\.\.\.(additional|\d+) frames elided\.\.\.$", row):
                if g.ancestors:
                    g.ancestors[-1][1].append(row)
                else:
                    g.elided = True
                continue
            place = PLACE.match(rows.pop(0))
            assert place, f"no place after {row!r}"
            where = (place[1], int(place[2]), place[3])
            if row.startswith("created by "):
                assert not rows or ANCESTOR.match(rows[0]), f"more after created by: {rows}"
                created_by = (row[len("created by "):], *where)
                if g.ancestors:
                    g.ancestors[-1][2] = created_by
                else:
                    g.created_by = created_by
            else:
                (g.ancestors[-1][1] if g.ancestors else g.frames).append((call_name(row), *where))
    return found


class Group:
    def __init__(self, count, labels, pcs):
        self.count, self.labels, self.pcs, self.text, self.no_stack = count, labels, pcs, [], None

    def functions(self):
        return [line.split("\t")[2 if line.split("\t")[2] else 3].rsplit("+", 1)[0] for line in self.text]


def parse_debug1(text):
    """Groups in their order; `text` holds the frame lines as they are, tabs and all."""
    lines = [line for line in text.split("\n") if not line.startswith(NOTE) or line.startswith(NOTE + "no stack")]
    head = re.match(r"goroutine profile: total (\d+)$", lines[0])
    assert head, lines[0]
    groups = []
    for line in lines[1:]:
        start = re.match(r"(\d+) @((?: 0x[0-9a-f]+)*)$", line)
        if start:
            groups.append(Group(int(start[1]), None, start[2].split()))
        elif line.startswith("# labels: "):
            groups[-1].labels = line[len("# labels: "):]
        elif line.startswith(NOTE):
            groups[-1].no_stack = line[len(NOTE):]
        elif line:
            assert line.startswith("#\t"), line
            groups[-1].text.append(line)
    assert sum(g.count for g in groups) == int(head[1]), f"{head[0]}: groups add up to {sum(g.count for g in groups)}"
    return groups
