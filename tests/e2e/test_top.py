"""gorotrace top on a terminal, by keys and by what stands on the screen, against the program's own counts."""

import http.server
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import harness
import test_monitor
import tmux

@pytest.fixture(scope="module")
def swell_binary():
    return harness.build(harness.PROGRAMS / "swell")


@pytest.fixture
def swell(swell_binary):
    with harness.Truth(swell_binary) as program:
        yield program


def parked(terminal, count, function="main.park"):
    """Waits until the table has a row that says so."""
    return terminal.await_match(rf"^ *{count} .*chan receive +{re.escape(function)} +main.go:\d+")


def test_one_process_down_to_its_stacks(swell):
    alone = swell.count()
    swell.ask("park 25", "park")
    with tmux.Terminal() as terminal:
        terminal.top("-p", swell.pid, "-i", "300ms")
        parked(terminal, 25)
        terminal.await_text(f"{alone + 25} goroutines")
        now = swell.ask("park 15", "park")["goroutines"]
        parked(terminal, 40)
        terminal.await_text(f"{now} goroutines (+15)")
        terminal.keys("Enter")  # the one in which most is waited
        stack = terminal.await_text("40 goroutines now")
        assert "main.park" in stack and "runtime.chanrecv" in stack and "/swell/main.go:" in stack, stack
        terminal.keys("Escape", "2")
        terminal.await_match(r"^ *40 .* main.main +main.go:\d+")
        terminal.keys("3")
        terminal.await_match(r"^ *40 .* waiting +chan receive")
        terminal.keys("Enter")  # leads to the waits with that reason
        parked(terminal, 40)
        swell.ask("end", "end")  # its count may have the last one in it, which is on its way out
        terminal.await_text(f"{alone} goroutines")
        terminal.keys("q")
        terminal.await_screen(lambda s: "gorotrace top  " not in s, "the shell")


def test_the_processes_of_this_node(swell, swell_binary):
    swell.ask("park 321", "park")
    with harness.Truth(swell_binary) as other, tmux.Terminal(120, 30) as terminal:
        terminal.top("-i", "300ms")
        terminal.await_match(rf"^ *{swell.pid} +{swell.count()} .* watched")
        swell.ask("park 100", "park")
        terminal.await_match(rf"^ *{swell.pid} +{swell.count()} +\+100 .* watched")
        terminal.text("/SWELL")
        terminal.await_match(rf"^ *{other.pid} +{other.count()} ")
        terminal.keys("Enter")
        rows = [line for line in terminal.await_text("/SWELL  ").splitlines() if re.match(r" *\d+ +[\d-]+ ", line)]
        assert all("swell" in row for row in rows) and len(rows) >= 2, rows
        pids = [int(row.split()[0]) for row in rows]
        assert pids.index(swell.pid) < pids.index(other.pid), "most goroutines come first"
        terminal.text("<")  # PID, the greatest first
        terminal.await_text("PID▼")
        terminal.text("r")
        terminal.await_text("PID▲")
        screen = terminal.screen()
        assert [int(p) for p in re.findall(r"^ *(\d+) +[\d-]+ ", screen, re.M)] == sorted(pids), screen
        terminal.text("/")
        terminal.keys(*["BSpace"] * 5)
        terminal.text(str(other.pid))
        terminal.keys("Enter", "Enter")
        terminal.await_match(rf"pid {other.pid} ")
        terminal.keys("Left", "/", "Escape", "End", "Home")
        terminal.text("/")
        terminal.text(str(swell.pid))
        terminal.keys("Enter", "Enter")
        parked(terminal, 421)
        terminal.keys("Q")
        terminal.await_screen(lambda s: "gorotrace top  " not in s, "the shell")


def test_an_agent_that_comes_and_goes(swell, tmp_path):
    swell.ask("park 17", "park")
    token = tmp_path / "token"
    token.write_text(test_monitor.TOKEN)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tmux.Terminal(100, 24) as terminal:
        terminal.top("--connect", f"localhost:{port}", "-i", "300ms")
        terminal.await_match(
            rf"localhost:{port}: Connection refused by (::1, )?127\.0\.0\.1: start gorotrace monitor there \(asked again\)")
        with test_monitor.Monitor(listen=f"127.0.0.1:{port}"):
            terminal.await_match(rf"^ *{swell.pid} +{swell.count()} .* watched")
            terminal.text(f"/{swell.pid}")
            terminal.keys("Enter", "Enter")
            parked(terminal, 17)
        terminal.await_text("(asked again)")
        parked(terminal, 17)  # what was known stays
        with test_monitor.Monitor(listen=f"127.0.0.1:{port}"):
            terminal.await_screen(lambda s: "asked again" not in s, "no error")
            swell.ask("park 4", "park")
            parked(terminal, 21)
            terminal.keys("C-c")
        terminal.await_screen(lambda s: "gorotrace top  " not in s, "the shell")
        with test_monitor.Monitor("--token-file", token, listen=f"127.0.0.1:{port}"):
            terminal.top("--connect", f"localhost:{port}")
            terminal.await_text("wants a token: --token-file")
            terminal.keys("q")
            terminal.top("--connect", f"http://localhost:{port}/", "--token-file", token)
            terminal.await_match(rf"^ *{swell.pid} ")
            terminal.keys("q")


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers what no agent would."""
    protocol_version = "HTTP/1.1"
    answers = []

    def do_GET(self):
        self.wfile.write(self.answers[0])
        self.close_connection = True

    def log_message(self, *_):
        pass


def test_answers_that_are_none_are_told(swell):
    def body(text):
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with tmux.Terminal(100, 24) as terminal:
            Hostile.answers = [b"HTTP/1.1 500 \x1b[2J\r\nContent-Length: 8\r\n\r\nno\x1b[31m\n"]
            terminal.top("--connect", f"127.0.0.1:{server.server_port}", "-i", "200ms")
            terminal.await_text("HTTP 500: no")
            for answer, told in ((b"SSH-2.0-x\r\n\r\n", "speaks no HTTP"), (body(b"[]"), "no JSON object"),
                                 (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "too long"),
                                 (body(b'{"type":"targets","targets":[{"id":"1-1","host_pid":1,"exe":"/a\\u001b]0;x\\u0007b"}]}'),
                                  "a\N{REPLACEMENT CHARACTER}]0;x\N{REPLACEMENT CHARACTER}b")):
                Hostile.answers = [answer]
                terminal.await_text(told)
            terminal.keys("q")
            terminal.await_screen(lambda s: "gorotrace top  " not in s, "the shell")
    finally:
        server.shutdown()
        server.server_close()


def modes(terminal, folder):
    """Of the terminal, as the shell gives it to a command."""
    told = folder / "modes"
    told.unlink(missing_ok=True)
    terminal.text(f"stty -g >{told}.new; mv {told}.new {told}")
    terminal.keys("Enter")
    terminal.await_screen(lambda _: told.exists(), "the modes")
    return told.read_text()


# A shell of its own, which takes the terminal as its child leaves it: an interactive one puts it in order.
THEN_MODES = ["sh", "-c", 'trap : INT QUIT HUP TERM; "$@"; stty -g >"$0"']


def test_every_way_out_leaves_the_terminal_as_it_was(swell, tmp_path):
    def signalled(number):
        return lambda terminal: os.kill(terminal.child(), number)
    ways = {"q": lambda t: t.keys("q"), "Ctrl-C": lambda t: t.keys("C-c"), "SIGTERM": signalled(signal.SIGTERM),
            "a crash": signalled(signal.SIGSEGV), "an abort": signalled(signal.SIGABRT),
            "SIGHUP": signalled(signal.SIGHUP), "SIGQUIT": lambda t: t.keys("C-\\")}
    before, after = tmp_path / "before", tmp_path / "after"
    with tmux.Terminal() as terminal:
        terminal.run("ulimit", "-c", "0")
        for name, leave in ways.items():
            terminal.run("clear")
            terminal.await_screen(lambda s: s.strip() == "$", "an empty screen")
            terminal.run(*THEN_MODES, before, "echo", f"what stood here: {name}")
            terminal.await_match(f"^what stood here: {name}")
            terminal.top("-p", swell.pid, prefix=[*THEN_MODES, after])
            assert terminal.pane("alternate_on") == "1" and terminal.pane("cursor_flag") == "0"
            terminal.text("/sw" if name == "Ctrl-C" else "1")
            leave(terminal)
            terminal.await_match(r"(?s)^what stood here: .*\$\s*\Z")
            assert terminal.pane("alternate_on") == "0", name
            assert terminal.pane("cursor_flag") == "1", name
            assert after.read_text() == before.read_text(), name
            after.unlink()


def test_stopped_and_continued(swell, tmp_path):
    swell.ask("park 12", "park")
    with tmux.Terminal() as terminal:
        before = modes(terminal, tmp_path)
        terminal.top("-p", swell.pid, "-i", "300ms")
        parked(terminal, 12)
        terminal.keys("C-z")
        terminal.await_text("Stopped")
        assert terminal.pane("alternate_on") == "0" and terminal.pane("cursor_flag") == "1"
        terminal.run("clear")
        assert modes(terminal, tmp_path) == before
        swell.ask("park 3", "park")
        terminal.resize(90, 20)
        terminal.run("fg")
        parked(terminal, 15)
        assert terminal.pane("alternate_on") == "1"
        terminal.keys("h")
        terminal.await_text("pause and go on")
        os.kill(terminal.child(), signal.SIGSTOP)
        terminal.await_text("Stopped")
        terminal.run("fg")
        terminal.await_text("pause and go on")
        terminal.keys("q", "q")
        terminal.await_screen(lambda s: s.rstrip().endswith("$"), "the shell")
        terminal.run("clear")
        assert modes(terminal, tmp_path) == before


def test_screens_of_all_sizes(swell):
    swell.ask("park 33", "park")
    with tmux.Terminal(80, 24) as terminal:
        terminal.top("-p", swell.pid, "-i", "300ms")
        parked(terminal, 33)
        for columns, lines in ((40, 8), (20, 4), (10, 2), (200, 50), (80, 24)):
            terminal.resize(columns, lines)
            terminal.await_match(r"(?s)\Agorotrace" if columns > 10 else r"(?s)\Agorotra")
            screen = terminal.await_screen(lambda s: columns < 40 or "33" in s, "the row")
            assert all(len(line) <= columns for line in screen.splitlines()), screen
        parked(terminal, 33)
        terminal.keys("q")


def test_without_colour_and_without_utf8(swell):
    swell.ask("park 5", "park")
    coloured = r"\x1b\[[0-9;]*3[0-7]"
    with tmux.Terminal() as terminal:
        terminal.top("-p", swell.pid, "-i", "300ms")
        parked(terminal, 5)
        assert re.search(coloured, terminal.screen(escapes=True)) and "▼" in terminal.screen()
        terminal.keys("q")
        for name, environment, arguments in (("NO_COLOR", {"NO_COLOR": "1"}, []), ("LC_ALL", {"LC_ALL": "C"}, []),
                                             ("--color", {}, ["--color", "never"])):
            terminal.await_screen(lambda s: s.rstrip().endswith("$"), "the shell")
            terminal.top("-p", swell.pid, "-i", "300ms", *arguments, **environment)
            parked(terminal, 5)
            screen = terminal.screen(escapes=True)
            assert bool(re.search(coloured, screen)) == (name == "LC_ALL"), (name, screen)
            assert screen.isascii() == (name == "LC_ALL"), (name, screen)
            assert re.search("[A-Z]v" if screen.isascii() else "▼", screen), (name, screen)
            terminal.keys("q")


def test_a_pause(swell):
    with tmux.Terminal() as terminal:
        terminal.top("-p", swell.pid, "-i", "200ms")
        terminal.await_text("main.main")
        terminal.text(" ")
        terminal.await_text("PAUSED")
        before = terminal.screen()
        swell.ask("park 77", "park")
        time.sleep(1)
        assert terminal.screen() == before
        terminal.text("p")
        parked(terminal, 77)
        terminal.keys("q")


def test_a_process_that_ends(swell):
    with tmux.Terminal() as terminal:
        terminal.top("-p", swell.pid, "-i", "200ms")
        terminal.await_text("main.main")
        swell.close()
        terminal.await_text("ended: the target exited")
        terminal.keys("q")
        terminal.await_screen(lambda s: s.rstrip().endswith("$"), "the shell")


def test_names_of_a_target_are_made_printable(swell_binary, tmp_path):
    strange = tmp_path / "a\x1b[31m\x07日本b"
    shutil.copy(swell_binary, strange)
    with harness.Truth(strange) as program, tmux.Terminal(200, 24) as terminal:
        terminal.top("-p", program.pid)
        terminal.await_text("a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}日本b")
        terminal.keys("q")


def refused(*arguments, stdin=subprocess.DEVNULL, **environment):
    done = subprocess.run([harness.gorotrace(), "top", *map(str, arguments)], stdin=stdin, capture_output=True, text=True,
                          env={**os.environ, **environment}, timeout=harness.PATIENCE)
    assert not done.stdout
    return done.returncode, done.stderr


QUESTIONS = itertools.count()


def on_terminal(terminal, *arguments, **environment):
    terminal.run("clear")
    terminal.run("env", *(f"{k}={v}" for k, v in environment.items()), harness.gorotrace(), "top", *arguments)
    asked = next(QUESTIONS)  # what an earlier one left on the screen is no answer to this one
    terminal.text(f"echo code{asked}=$?")
    terminal.keys("Enter")
    found = terminal.await_match(rf"(?s)(gorotrace: .*)\$ echo.*code{asked}=(\d)")
    return int(found[2]), " ".join(found[1].split())


def test_what_cannot_be_shown_is_refused_with_the_reason(swell):
    code, text = refused("-p", swell.pid)
    assert code == 2 and "needs a terminal" in text and "gorotrace stat" in text
    with tmux.Terminal(100, 24) as terminal:
        for arguments, environment, want, told in (
                (["-p", swell.pid], {"TERM": "dumb"}, 2, "move its cursor"),
                (["-p", swell.pid], {"TERM": "no-such-terminal"}, 2, "no description of the terminal"),
                (["--connect", "https://localhost"], {}, 2, "plain HTTP"),
                (["--connect", "a b"], {}, 2, "HOST:PORT"),
                (["-p", "1", "--connect", "localhost"], {}, 2, "does not go with --connect"),
                (["--token-file", "/nowhere"], {}, 2, "--token-file is for --connect"),
                (["-i", "1ms"], {}, 2, "200ms to 1h"),
                (["--sample-cpu", "none"], {}, 2, "nothing without sampling"),
                (["-p", os.getpid()], {}, 3, "Go")):
            code, text = on_terminal(terminal, *arguments, **environment)
            assert code == want and told in text, (arguments, code, text)
            assert terminal.pane("alternate_on") == "0"
