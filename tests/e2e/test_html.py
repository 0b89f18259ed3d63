"""report --html: what a browser makes of the page."""

import json
import re
import shutil
import subprocess
import time

import pytest

from harness import PROGRAMS, Process, Truth, build, gorotrace


def run(*arguments, code=0):
    done = subprocess.run([gorotrace(), *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"{arguments}: exit code {done.returncode}, not {code}:\n{done.stderr}"
    return done


def record(path, pids, *arguments, duration="3s"):
    targets = [word for pid in pids for word in ("-p", pid)]
    run("record", *targets, "-d", duration, "-o", path, "--budget", "none", *arguments)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    path = tmp_path_factory.mktemp("html") / "incident.gtr"
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        record(path, [target.pid], "--probes", "lifecycle,block,run,syscall,sync,chan", "--ring-size", "8m")
    run("report", "--html", path, "-o", path.with_suffix(".html"))
    return path


@pytest.fixture(scope="module")
def summary(capture):
    return json.loads(run("report", "--json", capture).stdout)


@pytest.fixture
def page(browser, capture):
    browser.resize(1280)
    browser.scheme("light")
    browser.requests.clear()
    browser.console.clear()
    browser.open(capture.with_suffix(".html"))
    yield browser
    assert browser.console == []
    assert browser.requests == [f"file://{capture.with_suffix('.html')}"], "a request left the page"


def duration_ns(text):
    """What the page's duration() wrote, to its three digits."""
    units = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}
    parts = re.findall(r"([\d.]+)(ns|µs|ms|s|m|h)", text)
    assert parts, text
    return sum(float(n) * units[unit] for n, unit in parts)


def about(text, ns):
    return abs(duration_ns(text) - ns) <= max(0.006 * ns, 1)


def cards(page):
    return page.run("Object.fromEntries([...document.querySelectorAll('.card')].map((c) => "
                    "[c.querySelector('dt').textContent, c.querySelector('dd').textContent]))")


def table(page, section):
    """The rows that are shown, by column."""
    return page.run(f"""[...document.querySelectorAll('#{section} tbody tr[data-row]')].map((row) =>
        Object.fromEntries([...row.cells].map((cell) => [cell.dataset.title, cell.textContent])))""")


def test_the_page_renders_and_is_small(page, capture):
    assert capture.with_suffix(".html").stat().st_size < 2_000_000
    assert page.texts("h2") == ["Overview", "Over time", "Flame graphs", "Where goroutines wait", "Where goroutines are made",
                                "What goroutines wait for", "How long", "Cost, losses and trust", "How to read this"]
    assert page.run("document.querySelectorAll('#time canvas').length") >= 8, "two of each chart"
    assert page.drawn("#time .plot canvas") >= 4, "charts are drawn"
    assert page.run("document.querySelectorAll('#flames .frame').length") > 20
    assert "dygraphs is MIT-licen" in page.text("#licence")


def test_its_figures_are_those_of_the_json_report(page, summary):
    count = lambda n: f"{n:,}"
    shown = cards(page)
    assert shown["live goroutines"] == count(summary["goroutines"]["live"])
    assert shown["created"] == count(summary["goroutines"]["created"])
    assert shown["exited"] == count(summary["goroutines"]["exited"])
    assert shown["events"] == count(summary["events"]["in_window"])
    assert about(shown["time waiting"], summary["goroutine_seconds"]["waiting"] * 1e9), shown
    page.run("[...document.querySelectorAll('#blocking .more')].forEach((b) => b.hidden || b.click())")
    rows = table(page, "blocking")
    assert len(rows) == len(summary["blocking"]) > 5
    for row, told in zip(rows, sorted(summary["blocking"], key=lambda r: -(r["in_window_ns"] or 0))):
        assert row["count"] == count(told["count"]), (row, told)
        assert about(row["in window"], told["in_window_ns"]), (row, told)
    created = table(page, "creation")
    for row, told in zip(created, sorted(summary["creation"], key=lambda r: -r["live"])):
        assert row["live"] == count(told["live"]), (row, told)
    blocked = sum(r["in_window_ns"] or 0 for r in summary["blocking"])
    assert about(page.text("#flames .flame-detail").split(" · ")[1], blocked)
    counts = sum(r["count"] or 0 for r in summary["blocking"])
    assert page.text("#histograms caption") == f"Waits: {count(counts)}"
    latencies = page.texts("#histograms caption")[1]
    assert latencies == f"Latencies: {count(summary['latency']['count'])}"


def test_what_it_shows_over_time_adds_up(page, summary):
    """Rates times their intervals are the counts of the whole; states stack up to the live goroutines."""
    series = page.run("JSON.parse(document.getElementById('capture').textContent).targets[0].series")
    steps = [(to - start) / 1e9 for start, to in zip(series["from_ns"], series["to_ns"])]
    assert 100 < len(steps) <= 300, len(steps)
    assert series["to_ns"][-1] == summary["window_ns"]
    assert series["live"][-1] == summary["goroutines"]["live"]
    seen = sum(steps) / (summary["window_ns"] / 1e9)
    assert 0.98 < seen <= 1, seen
    created = sum(rate * step for rate, step in zip(series["created_per_s"], steps) if rate is not None)
    assert abs(created - summary["goroutines"]["created"]) <= 2 + 0.03 * summary["goroutines"]["created"]
    for state in ("waiting", "running", "syscall"):
        held = sum(mean * step for mean, step in zip(series["states"][state], steps))
        told = summary["goroutine_seconds"][state]
        assert abs(held - told) <= 0.05 + 0.03 * told, (state, held, told)


def test_a_table_sorts_by_keyboard(page):
    def p99():
        return [duration_ns(row["p99"]) for row in table(page, "blocking") if row["p99"] != "-"]
    names = page.texts("#blocking thead button")
    page.focus(f"#blocking th:nth-child({names.index('p99') + 1}) button")
    page.key("Enter")
    assert p99() == sorted(p99(), reverse=True) and len(p99()) > 3, p99()
    assert page.run("document.querySelector('#blocking [aria-sort]').textContent") == "p99"
    page.key("Enter")
    assert p99() == sorted(p99()), p99()
    assert page.run("document.querySelector('#blocking [aria-sort]').ariaSort") == "ascending"


def test_a_table_filters_and_unfolds_by_keyboard(page):
    before = len(table(page, "blocking"))
    page.focus("#blocking input[type=search]")
    page.type("shop select")
    rows = table(page, "blocking")
    assert 0 < len(rows) < before and all(row["reason"] == "select" for row in rows), rows
    assert re.fullmatch(r"\d+ of \d+ rows", page.text("#blocking .shown"))
    page.focus("#blocking .unfold")
    page.key("Enter")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert "main." in page.text("#blocking tr.details ol.stack")
    page.key("Enter")
    assert page.run("document.querySelector('#blocking tr.details')") is None
    page.focus("#blocking input[type=search]")
    page.type("no such thing")
    assert "No row matches." in page.text("#blocking tbody")


def test_a_flame_graph_zooms_and_searches_by_keyboard(page):
    focused = "document.activeElement.frame.name"
    page.focus("#flames .frame[tabindex='0']")
    assert page.run(focused) == "all"
    page.key("ArrowDown")
    page.key("ArrowDown")
    child = page.run(focused)
    width = "document.activeElement.getBoundingClientRect().width / document.activeElement.parentElement.getBoundingClientRect().width"
    page.key("Enter")
    assert page.run(focused) == child and page.run(width) > 0.999
    page.key("Escape")
    assert page.run(focused) == "all"
    page.focus("#flames input[type=search]")
    page.type("worker")
    assert "lies below a match" in page.text("#flames .shown")
    assert page.run("document.querySelectorAll('#flames .frame.match').length") > 0
    page.focus("#flames [role=tab]")
    for label, frame in (("Who made whom wait", ".waker"), ("Created", ".own"), ("Live", ".own")):
        page.key("ArrowRight")
        assert page.run("document.activeElement.textContent") == label
        assert page.run(f"document.querySelectorAll('#flames .frame{frame}').length") > 0, label


def test_charts_zoom_by_keyboard(page):
    page.focus("#time .chart")
    page.key("ArrowRight", "")
    assert re.search(r"live[\d,.]+.*UTC", page.text("#time .values")), page.text("#time .values")
    page.key("+", "+")
    assert re.fullmatch(r"[\d.]+ s to [\d.]+ s of the window", page.text("#time .shown"))
    page.key("Escape")
    assert page.text("#time .shown") == "the whole window"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_can_be_read_at_every_width_dark_and_light(page, width, scheme, tmp_path):
    page.resize(width)
    page.scheme(scheme)
    page.run("document.querySelector('#blocking .unfold').click()")
    page.run("new Promise((done) => setTimeout(done, 300))")
    assert page.run("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    assert page.poor_contrast() == [], "too little contrast (WCAG: 4.5)"
    light = page.run("getComputedStyle(document.body).backgroundColor")
    assert (int(re.search(r"\d+", light)[0]) > 128) == (scheme == "light"), light
    assert len(page.screenshot(tmp_path / f"{width}-{scheme}.png")) > 50_000


def test_a_part_of_the_window(browser, capture, tmp_path):
    run("report", "--html", capture, "--from", "1s", "--to", "2s", "-o", tmp_path / "part.html")
    told = json.loads(run("report", "--json", capture, "--from", "1s", "--to", "2s").stdout)
    browser.console.clear()
    browser.open(tmp_path / "part.html")
    assert "only 1.00s to 2.00s of the window" in browser.text("#file")
    assert cards(browser)["created"] == f"{told['goroutines']['created']:,}"
    series = browser.run("JSON.parse(document.getElementById('capture').textContent).targets[0].series")
    assert (series["from_ns"][0], series["to_ns"][-1]) == (0, 1_000_000_000)
    assert browser.console == []


def test_several_targets_one_of_which_has_a_hostile_name(browser, tmp_path):
    """The path of a program is text that whoever starts it chooses."""
    hostile = tmp_path / "<img src=x onerror=document.title='owned'><script>document.title='owned'<"
    hostile.mkdir()
    demo = build(PROGRAMS / "demo")
    shutil.copy(demo, hostile / "script>")
    path = tmp_path / "two.gtr"
    with Process([demo]) as one, Process([str(hostile / "script>")]) as other:
        time.sleep(0.3)
        record(path, [one.pid, other.pid], duration="1s")
        pids = [one.pid, other.pid]
    run("report", "--html", path, "-o", tmp_path / "two.html")
    browser.requests.clear()
    browser.console.clear()
    browser.open(tmp_path / "two.html")
    options = browser.texts("#target option")
    assert [int(o.split()[0]) for o in options] == pids
    browser.focus("#target select")
    browser.key("ArrowDown")
    assert browser.text("#program") == str(hostile / "script>")
    assert f"PID {pids[1]}" in browser.text(".facts")
    assert "owned" not in browser.run("document.title").split(" - ")[0].replace(str(hostile), "")
    assert browser.run("document.querySelectorAll('img').length") == 0
    assert browser.console == []
    assert len(browser.requests) == 1, browser.requests


def test_a_capture_in_which_nothing_happened(browser, truth, tmp_path):
    target = truth("-scenario", "all", "-n", "3")  # waits to be told to begin
    record(tmp_path / "idle.gtr", [target.pid], duration="300ms")
    run("report", "--html", tmp_path / "idle.gtr", "-o", tmp_path / "idle.html")
    browser.console.clear()
    browser.open(tmp_path / "idle.html")
    assert cards(browser)["created"] == "0"
    assert "None" not in browser.text("main") and "NaN" not in browser.text("main") and "undefined" not in browser.text("main")
    assert browser.console == []


def test_a_stack_of_twenty_thousand_calls(browser, tmp_path):
    with Truth(build(PROGRAMS / "deep")) as process:
        record(tmp_path / "deep.gtr", [process.pid], duration="500ms")
    run("report", "--html", tmp_path / "deep.gtr", "-o", tmp_path / "deep.html")
    browser.console.clear()
    browser.open(tmp_path / "deep.html")
    assert browser.console == []
    browser.focus("#flames input[type=search]")
    browser.type("main.small")
    assert browser.run("document.querySelectorAll('#flames .frame.match').length") > 10


def test_without_probes_states_come_from_sampling(browser, tmp_path):
    with Process([build(PROGRAMS / "demo")]) as target:
        time.sleep(0.3)
        run("stat", "-p", target.pid, "-d", "3s", "--probes", "none", "--record", tmp_path / "sampled.gtr")
    run("report", "--html", tmp_path / "sampled.gtr", "-o", tmp_path / "sampled.html")
    browser.console.clear()
    browser.open(tmp_path / "sampled.html")
    assert "Events" not in browser.texts("#time figcaption"), "there were none"
    series = browser.run("JSON.parse(document.getElementById('capture').textContent).targets[0].series")
    told = json.loads(run("report", "--json", tmp_path / "sampled.gtr").stdout)["goroutine_seconds"]["waiting"]
    held = sum(n * (to - start) / 1e9 for n, start, to in zip(series["states"]["waiting"], series["from_ns"], series["to_ns"]))
    assert abs(held - told) < 0.1 * told, (held, told)
    assert browser.console == []


def test_a_page_needs_a_place_to_go(capture):
    assert "--html needs -o" in run("report", "--html", capture, code=2).stderr
    assert "--html and --json" in run("report", "--html", "--json", capture, "-o", "x", code=2).stderr
    assert "over the capture itself" in run("report", "--html", capture, "-o", capture, code=2).stderr
    assert run("report", "--html", capture, "-o", "-").stdout.startswith("<!doctype html>")


def test_a_report_goes_to_a_file(capture, tmp_path):
    run("report", "--json", capture, "-o", tmp_path / "r.json")
    assert (tmp_path / "r.json").read_text() == run("report", "--json", capture).stdout
    run("report", capture, "-o", tmp_path / "r.txt")
    assert (tmp_path / "r.txt").read_text() == run("report", capture).stdout
