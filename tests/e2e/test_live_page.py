"""The live page of gorotrace monitor, in a browser, beside Go programs that know how many goroutines they have."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

import harness
from test_monitor import Monitor, TOKEN, ask

MINE = f"live-page-{os.getpid()}"  # a folder: nobody else's programs are in it
ASSETS = ("page.css", "charts.js", "page.js", "icon.svg")


class Swell(harness.Truth):
    def __init__(self, binary, **options):
        super().__init__(binary, **options)
        self.goroutines = self.ready["goroutines"]

    def tell(self, *words):
        self.send(" ".join(map(str, words)))
        self.goroutines = self.answer(words[0])["goroutines"]
        return self.goroutines


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Copies of one program by name: rules tell them from what else runs on this machine."""
    folder = tmp_path_factory.mktemp("live") / MINE
    folder.mkdir()
    binary = harness.build(harness.PROGRAMS / "swell")

    def copy(name):
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(binary, path)
        return str(path)

    return copy


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "monitor.toml"
    path.write_text(f'[[rule]]\naction = "exclude"\nexecutable = "*/{MINE}/unwanted"\n'
                    f'[[rule]]\naction = "include"\nexecutable = "*/{MINE}/*"\n')
    return str(path)


@pytest.fixture(scope="module")
def monitor(config):
    with Monitor("--config", config) as started:
        yield started
        started.end()


@pytest.fixture(scope="module")
def quiet(programs):
    """Does nothing: 40 goroutines wait for a channel, the main one for its stdin."""
    with Swell(programs("quiet")) as process:
        process.tell("park", 40)
        yield process


@pytest.fixture
def page(browser, monitor):
    browser.resize(1280)
    browser.scheme("light")
    browser.requests.clear()
    browser.console.clear()
    browser.base = f"http://127.0.0.1:{monitor.port}"
    yield browser
    assert browser.console == []
    paths = [url.removeprefix(browser.base) for url in browser.requests if not url.startswith("blob:")]
    known = r"/|/page/[\w.]+|/targets|/targets/\d+-\d+/(stat|debug/pprof/.*|capture.*)"
    strange = [p for p in paths if not re.fullmatch(known, p)]
    assert not strange, "it asks for documented JSON alone, of its own server"
    browser.open("about:blank")


def rows(page, section="processes"):
    return page.run(f"""[...document.querySelectorAll('#{section} tbody tr[data-row]')].map((row) =>
        Object.fromEntries([...row.cells].map((cell) => [cell.dataset.title, cell.innerText.trim()])))""")


def row(section, text, column):
    """JavaScript: the text of a cell in the row that has `text`; null: there is none."""
    return f"""(() => {{ const row = [...document.querySelectorAll('#{section} tbody tr[data-row]')]
        .find((r) => r.textContent.includes({json.dumps(text)}));
        return row ? [...row.cells].find((c) => c.dataset.title === '{column}').innerText.trim() : null; }})()"""


def open_node(page, filtered=MINE):
    page.open(page.base + "/")
    page.until("document.querySelectorAll('#processes tr[data-row]').length > 0")
    if filtered:
        page.focus("#processes input[type=search]")
        page.type(filtered)


def open_process(page, monitor, process):
    target = monitor.target(process.pid)
    page.open(f"{page.base}/#/targets/{target['id']}")
    page.until("document.querySelectorAll('#blocking tr[data-row]').length > 0", 30)
    return target


CARDS = "Object.fromEntries([...document.querySelectorAll('.card')].map((c) => [c.querySelector('dt').textContent, " \
        "c.querySelector('dd').textContent]))"


def test_what_is_served(monitor):
    for path in ("/", *(f"/page/{name}" for name in ASSETS), "/page/licence.txt"):
        answer = monitor.ask(path)
        assert answer.status == 200 and answer.header("X-Content-Type-Options") == "nosniff", path
        policy = answer.header("Content-Security-Policy")
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "*" not in policy, policy
    assert "dygraphs is MIT-licen" in monitor.ask("/page/licence.txt").text
    for path in ("/page/", "/page/nothing", "/page/../targets", "/page/page.js/"):
        assert monitor.ask(path).status == 404, path
    assert monitor.ask("/", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert monitor.ask("/", "POST").status == 405


def test_with_a_token_it_is_for_who_sends_that(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    with Monitor("--token-file", str(tmp_path / "token")) as monitor:
        for path in ("/", "/page/page.js"):
            assert ask(monitor.port, path).status == 401
            assert monitor.ask(path).status == 200
        monitor.end()


def test_the_processes_of_the_node(page, monitor, quiet, programs):
    with Swell(programs("unwanted")) as unwanted, Swell(programs("grower")) as grower, \
            Swell(programs("private"), env={**os.environ, "GOROTRACE": "off"}) as private:
        for process, state in ((unwanted, "excluded"), (private, "opted_out"), (quiet, "watched"), (grower, "watched")):
            monitor.target(process.pid, state)
        open_node(page)
        for process in (quiet, grower):
            page.until(f"{row('processes', f'PID {process.pid}', 'goroutines')} === '{process.goroutines}'")
        shown = {r["process"].split()[0]: r for r in rows(page)}
        assert set(shown) == {"quiet", "grower", "unwanted", "private"}
        assert shown["quiet"]["state"] == "watched" and shown["quiet"]["Go"] == f"go{harness.NEWEST}"
        assert shown["unwanted"]["state"].startswith("excluded") and "rule" in shown["unwanted"]["state"]
        assert shown["private"]["state"].startswith("opted out") and "GOROTRACE" in shown["private"]["state"]
        assert shown["private"]["goroutines"] == "-", "nobody read it"
        page.until(f"{row('processes', f'PID {grower.pid}', 'growth')} === '0'")
        grown = grower.tell("park", 7)
        page.until(f"{row('processes', f'PID {grower.pid}', 'goroutines')} === '{grown}'")
        assert page.run(row("processes", f"PID {grower.pid}", "growth")) == "+7"
        page.until(f"/^[\\d.]+ %$/.test({row('processes', f'PID {quiet.pid}', 'cost')})")
        page.until(f"['40', '41'].includes({row('processes', f'PID {quiet.pid}', 'blocked')})", 40)


def test_the_table_is_sorted_and_filtered_by_keyboard_while_figures_change(page, monitor, programs):
    with Swell(programs("sorted/one")) as one, Swell(programs("sorted/other")) as other:
        one.tell("park", 40)
        other.tell("park", 200)
        for process in (one, other):
            monitor.target(process.pid)
        open_node(page, "")
        for title in ("goroutines", "blocked", "growth", "cost", "process"):
            titles = page.texts("#processes thead button")
            page.focus(f"#processes th:nth-child({titles.index(title) + 1}) button")
            if page.run("document.activeElement.parentElement.ariaSort") is None:
                page.key("Enter")
            assert page.run("document.querySelector('#processes [aria-sort]').textContent") == title
        page.focus("#processes th:first-child button")
        page.key("Enter")
        page.focus("#processes input[type=search]")
        page.type(f"{MINE}/sorted")
        mine = "[...document.querySelectorAll('#processes tr[data-row] a')].map((a) => a.textContent).join()"
        page.until(f"{mine} === 'other,one'")
        more = one.tell("park", 300)
        page.until(f"{mine} === 'one,other'")  # sorted anew, as it was asked for
        page.until(f"{row('processes', f'PID {one.pid}', 'goroutines')} === '{more}'")
        assert page.run("document.activeElement.type === 'search' && document.activeElement.value") == f"{MINE}/sorted"
        page.focus("#processes a[title$=other]")
        other.tell("park", 600)
        page.until(f"{mine} === 'other,one'")
        assert page.run("document.activeElement.textContent") == "other", "its row moved, the focus with it"
        page.key("Enter")
        page.until("document.activeElement.id === 'title'")
        assert page.text("#title") == f"other, PID {other.pid}"


def test_one_process(page, monitor, quiet):
    target = open_process(page, monitor, quiet)
    assert page.run("document.title") == f"quiet, PID {quiet.pid} - gorotrace"
    page.until(f"({CARDS})['live goroutines'] === '{quiet.goroutines}'")
    assert target["exe"] in page.text(".facts")
    # The parked ones are one row of each table; the main goroutine waits for its stdin.
    page.until(f"{row('blocking', 'main.park', 'blocked')} === '40'", 40)
    assert page.run(row("blocking", "main.park", "reason")) == "chan receive"
    assert page.run(row("waiters", "main.park", "waiters")) == "40"
    assert page.run(row("creation", "main.park", "live")) == "40"
    assert int(page.run(CARDS)["blocked now"]) in (40, 41)
    frames = page.run("""[...document.querySelectorAll('#flames .frame')].map((f) =>
        [f.frame.name, f.frame.kind, f.frame.value])""")
    whole = next(value for name, _, value in frames if name == "all")
    assert [kind for name, kind, value in frames if name == "main.park" and value > 0.9 * whole] == ["own"], frames
    assert {kind for name, kind, _ in frames if name.startswith("runtime.")} == {"runtime"}
    page.until("document.querySelectorAll('#time canvas').length >= 8")
    page.until("document.querySelector('#time .charts').hidden === false")
    assert page.drawn("#time .plot canvas") >= 4
    assert "Kept by this page while it is open" in page.text("#time .note")
    told = json.loads(monitor.ask(f"/targets/{target['id']}/stat").body)
    assert {r["reason"] for r in rows(page, "waiters")} == {r["reason"] for r in told["blocking"] if r["blocked_now"]}
    # A chart's cursor says the figure that the program itself says.
    page.focus("#time .chart")
    page.key("ArrowRight", "")
    page.until("document.querySelector('#time .values b').textContent !== ''")
    assert page.text("#time .values b") == str(quiet.goroutines)
    # Links within the page leave the address, which names the process.
    page.focus("#sections a[href='#creation']")
    page.key("Enter")
    assert page.run("document.activeElement.id") == "creation" and target["id"] in page.run("location.hash")
    page.focus("#way a")
    page.key("Enter")
    page.until("document.querySelector('#processes') && document.activeElement.id === 'title'")


def test_a_row_stays_open_and_the_graph_zoomed_while_figures_change(page, monitor, quiet):
    open_process(page, monitor, quiet)
    page.until(row("blocking", "main.park", "blocked"))
    page.run("[...document.querySelectorAll('#blocking .unfold')].find((b) => b.textContent.includes('main.park')).focus()")
    page.key("Enter")
    assert "main.park" in page.text("#blocking tr.details ol.stack")
    before = page.run(row("blocking", "main.park", "in window"))
    page.until(f"{row('blocking', 'main.park', 'in window')} !== '{before}'")
    assert page.run("document.activeElement.getAttribute('aria-expanded')") == "true"
    assert "main.park" in page.text("#blocking tr.details ol.stack")
    page.run("[...document.querySelectorAll('#flames .frame')].find((f) => f.frame.name === 'main.park').focus()")
    page.key("Enter")
    value = page.run("document.activeElement.frame.value")
    page.until(f"document.activeElement.frame && document.activeElement.frame.value > {value}")
    assert page.run("document.activeElement.frame.name") == "main.park"
    assert page.run("document.querySelector('#flames .reset').disabled") is False


HIDE = "Object.defineProperty(document, 'hidden', {{value: {}, configurable: true}}); " \
       "document.dispatchEvent(new Event('visibilitychange'))"


def test_nobody_is_asked_while_it_is_hidden_or_paused(page, monitor, quiet):
    open_node(page)

    def asks(seconds, first=""):
        """How often the agent is asked in that time, behind what happens first."""
        page.requests.clear()
        page.run(f"new Promise((done) => {{ {first}; setTimeout(done, {1000 * seconds}); }})")
        return len(page.requests)

    click = "document.getElementById('pause').click()"
    asks(0.5, HIDE.format("true"))  # what was asked before is answered
    assert asks(2.5) == 0
    assert asks(1, HIDE.format("false")) == 1, "at once"
    page.focus("#pause")
    page.key("Enter")
    assert page.run("document.activeElement.ariaPressed") == "true"
    asks(0.5)
    assert asks(2.5) == 0 and page.text("#when").startswith("Paused")
    assert asks(1, click) == 1 and page.text("#when").startswith("Read")


def test_an_agent_that_goes_away_and_comes_back(browser, config, quiet):
    with Monitor("--config", config) as first:
        browser.base, port = f"http://127.0.0.1:{first.port}", first.port
        open_process(browser, first, quiet)
        assert browser.text("#alert") == ""
        first.end()
    assert browser.until("document.querySelector('#alert').textContent").startswith("The agent does not answer, since 20")
    assert browser.run("document.querySelector('#alert').getAttribute('role')") == "alert"
    assert browser.run(row("blocking", "main.park", "blocked")) == "40", "what was known stays"
    with Monitor("--config", config, listen=f"127.0.0.1:{port}") as second:
        browser.until("document.querySelector('#alert').textContent === ''", 30)
        assert browser.text("#said") == "The agent answers again."
        second.end()
    browser.open("about:blank")
    browser.console.clear()


def test_a_process_that_ends(page, monitor, programs):
    with Swell(programs("short")) as process:
        process.tell("park", 3)
        open_process(page, monitor, process)
        process.popen.kill()
        process.wait()
        page.until(f"document.querySelector('#overview .alert').textContent.startsWith('PID {process.pid} has ended')")
    assert page.run(row("blocking", "main.park", "blocked")) == "3"
    assert take(page, "Goroutine profile") == "Not to be had: no such target"
    # The browser's own words on what it got no 200 for.
    page.console[:] = [line for line in page.console if not re.search(r"status of (404|410|503)", line)]


def test_a_process_that_is_not_watched(page, monitor, programs):
    with Swell(programs("unwanted")) as process:
        target = monitor.target(process.pid, "excluded")
        page.open(f"{page.base}/#/targets/{target['id']}")
        said = page.until("document.querySelector('#overview .alert').textContent")
        assert said.startswith("It is excluded: ") and target["reason"] in said
        assert page.run("document.querySelector('#downloads')") is None
    page.console[:] = [line for line in page.console if "status of 403" not in line]


def take(page, label, seconds=40):
    """What is said of a download in the end."""
    link = f"[...document.querySelectorAll('#downloads a')].find((a) => a.textContent === {json.dumps(label)})"
    page.run(f"{link}.focus()")
    page.key("Enter")
    said = f"{link}.closest('li').querySelector('[role=status]').textContent"
    return page.until(f"/^(Saved|Not to be had|Given up)/.test({said}) && {said}", seconds)


def saved(page, said, folder):
    name = re.match(r"Saved as (\S+)\.(?: |$)", said)[1]
    end = time.monotonic() + 10
    while not (folder / name).exists():
        assert time.monotonic() < end, f"{name} is not there: {os.listdir(folder)}"
        page.run("new Promise((done) => setTimeout(done, 50))")
    return folder / name


def test_downloads(page, monitor, quiet, tmp_path):
    target = open_process(page, monitor, quiet)
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    dump = saved(page, take(page, "Goroutines as text"), tmp_path).read_text()
    assert dump.startswith("goroutine ") and len(re.findall(r"^main\.park\(", dump, re.M)) == 40
    profile = saved(page, take(page, "Goroutine profile"), tmp_path)
    shown = subprocess.run(["go", "tool", "pprof", "-top", profile], capture_output=True, text=True)
    assert shown.returncode == 0 and "runtime.gopark" in shown.stdout, shown.stderr
    assert page.run("[...document.querySelectorAll('#downloads a')].map((a) => a.getAttribute('href'))") == [
        f"/targets/{target['id']}/{path}" for path in (
            "debug/pprof/goroutine?debug=2", "debug/pprof/goroutine", "debug/pprof/trace?seconds=5", "capture?seconds=10")]


def test_a_capture_is_taken_or_given_up(page, monitor, quiet, tmp_path):
    open_process(page, monitor, quiet)
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run("[...document.querySelectorAll('#downloads a')].find((a) => a.textContent.startsWith('Capture')).click()")
    page.until("document.querySelector('#downloads').innerText.includes('This takes 10 s')")
    end = time.monotonic() + 20
    while "gorotrace_capture_running 1" not in monitor.ask("/metrics").text:
        assert time.monotonic() < end, monitor.stderr
    # One at a time: the other one says why not.
    assert take(page, "Execution trace, 5 s").startswith("Not to be had: ")
    page.focus("#downloads button[aria-label='Give up: Capture, 10 s']")
    page.key("Enter")
    page.until("document.querySelector('#downloads').innerText.includes('Given up.')")
    while "gorotrace_capture_running 0" not in monitor.ask("/metrics").text:
        assert time.monotonic() < end, "its probes are still there"
    trace = saved(page, take(page, "Execution trace, 5 s"), tmp_path)
    assert trace.read_bytes().startswith(b"go 1.")
    page.console[:] = [line for line in page.console if "status of 503" not in line]


def test_hostile_names(page, monitor, programs):
    """The path of a program is text that whoever starts it chooses."""
    name = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    with Swell(programs(f"{name.replace('/', '-')}/x\x1b[31m\u202e")) as process:
        monitor.target(process.pid)
        open_node(page)
        page.until(row("processes", f"PID {process.pid}", "process"))
        page.until(f"[...document.querySelectorAll('#processes a')].some((a) => a.title.includes({json.dumps(name[:30])}))")
        open_process(page, monitor, process)
        assert name[:30] in page.text(".facts")
        assert page.run("document.querySelectorAll('main img, main script').length") == 0
        title = page.run("document.title")
        assert title.endswith(f"PID {process.pid} - gorotrace") and "\x1b" not in title
        page.open(f"{page.base}/#/targets/<img src=x onerror=document.title='owned'>")
        page.until("document.querySelector('#processes') !== null")
        assert "owned" not in page.run("document.title")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_it_can_be_read_at_every_width_dark_and_light(page, monitor, quiet, width, scheme, tmp_path):
    page.resize(width)
    page.scheme(scheme)
    open_node(page)
    for view, seen in (("node", "#processes tr[data-row]"), ("process", "#blocking .unfold")):
        if view == "process":
            open_process(page, monitor, quiet)
            page.run("document.querySelector('#blocking .unfold').click()")
            page.until("document.querySelector('#time .charts').hidden === false")
        assert page.run(f"document.querySelectorAll('{seen}').length") > 0
        assert page.run("document.documentElement.scrollWidth") <= width, f"{view} scrolls sideways"
        assert page.poor_contrast() == [], f"{view}: too little contrast (WCAG: 4.5)"
        colour = page.run("getComputedStyle(document.body).backgroundColor")
        assert (int(re.search(r"\d+", colour)[0]) > 128) == (scheme == "light"), colour
        assert len(page.screenshot(tmp_path / f"{view}-{width}-{scheme}.png")) > 20_000
    # What a screen reader goes by: each section has a name, each control one, too.
    assert page.run("""[...document.querySelectorAll('main section')].filter((s) => !s.hidden)
        .every((s) => document.getElementById(s.getAttribute('aria-labelledby')).textContent !== '')""")
    assert page.run("""[...document.querySelectorAll('button, input, a')].filter((c) => c.checkVisibility())
        .filter((c) => !(c.textContent.trim() || c.getAttribute('aria-label')))""") == []
