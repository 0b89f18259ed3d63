"""gorotrace monitor over HTTP, against a program's own net/http/pprof in the same moment."""

import base64
import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

import jsonschema
import pytest

import harness
import tracebacks

VERSIONS = [harness.VERSIONS[0], "1.25.12", "1.26.11", harness.NEWEST]
TARGETS = jsonschema.Draft202012Validator(json.loads((harness.SCHEMA.parent / "targets.schema.json").read_text()))
TOKEN = "0123456789abcdef0123456789abcdef"


class Answer:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.getheaders(), response.read()

    @property
    def text(self):
        return self.body.decode()

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def ask(port, path, method="GET", body=None, headers=(), host="127.0.0.1", tls=None, timeout=40):
    connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=tls) if tls else \
        http.client.HTTPConnection(host, port, timeout=timeout)
    with contextlib.closing(connection):
        connection.request(method, path, body, dict(headers))
        return Answer(connection.getresponse())


class Monitor(harness.Process):
    """Serves once it is constructed."""

    def __init__(self, *arguments, listen="127.0.0.1:0", **options):
        super().__init__([harness.gorotrace(), "monitor", "--listen", listen, *arguments], stdin=subprocess.DEVNULL,
                         **options)
        self.port = int(self.logged("listening")["address"].rsplit(":", 1)[1])
        self.key = {"headers": {"Authorization": f"Bearer {TOKEN}"}} if "--token-file" in arguments else {}

    def log(self):
        """Each line as a dictionary."""
        found = []
        for line in self.stderr.splitlines():
            if line.startswith("{"):
                found.append(json.loads(line))
                assert {"time", "level", "msg"} <= set(found[-1]), line
                continue
            fields = dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^ "]+)', line))
            assert {"time", "level", "msg"} <= set(fields), line
            found.append({k: re.sub(r"\\(.)", r"\1", v[1:-1]) if v[0] == '"' else v for k, v in fields.items()})
        return found

    def logged(self, message, seconds=harness.PATIENCE, count=1):
        end = time.monotonic() + seconds
        while True:
            found = [line for line in self.log() if line["msg"].startswith(message)]
            if len(found) >= count:
                return found[-1]
            assert self.popen.poll() is None and time.monotonic() < end, f"no {message!r}:\n{self.stderr}"
            time.sleep(0.02)

    def ask(self, path, *arguments, **options):
        return ask(self.port, path, *arguments, **{**self.key, **options})

    def answered(self, path, seconds=harness.PATIENCE, **options):
        """Asked again while a busy machine has not read the counters in time (503)."""
        end = time.monotonic() + seconds
        while True:
            answer = self.ask(path, **options)
            if answer.status != 503 or time.monotonic() > end:
                return answer
            time.sleep(0.2)

    def targets(self):
        answer = self.ask("/targets")
        assert answer.status == 200 and answer.header("Content-Type") == "application/json"
        message = json.loads(answer.body)
        errors = [f"{'/'.join(map(str, e.path))}: {e.message}" for e in TARGETS.iter_errors(message)]
        assert not errors, errors[:10]
        return message["targets"]

    def target(self, pid, state="watched", seconds=harness.PATIENCE):
        """What it says of that process once it is in that state."""
        end = time.monotonic() + seconds
        while True:
            found = [t for t in self.targets() if t["host_pid"] == pid]
            if found and found[0]["state"] == state:
                return found[0]
            assert time.monotonic() < end, f"{pid}: {found}\n{self.stderr}"
            time.sleep(0.05)

    def path(self, pid):
        return f"/targets/{self.target(pid)['id']}"

    def end(self, how=signal.SIGTERM, code=0):
        self.popen.send_signal(how)
        got = self.wait()
        assert got == code, f"{got}\n{self.stderr}"


@pytest.fixture(scope="module")
def monitor():
    with Monitor() as started:
        yield started
        started.end()


@pytest.fixture
def served():
    """The program with its own endpoint."""
    started = []

    def start(version=harness.NEWEST, arguments=(), binary=None, **options):
        binary = binary or harness.build(harness.PROGRAMS / "served", version)
        # Its go.mod asks for the habits of an old Go, which took every method.
        options.setdefault("env", {**os.environ, "GODEBUG": "httpmuxgo121=0"})
        started.append(harness.Truth(binary, *arguments, **options))
        return started[-1]

    yield start
    for process in started:
        process.close()


# ---------------------------------------------------------------- pages of the node

def test_pages_of_the_node(monitor, served):
    process = served()
    target = monitor.target(process.pid)
    assert target["go_version"] == f"go{harness.NEWEST}" and target["main_module"] == "example.com/served"
    assert target["exe"] == str(harness.build(harness.PROGRAMS / "served"))
    assert monitor.ask("/-/healthy").text == "healthy\n"
    assert monitor.answered("/-/ready").text == "ready\n"
    found = [entry for entry in json.loads(monitor.ask("/sd").body)
             if entry["labels"]["__profile_path_prefix__"].endswith(target["id"])]
    assert len(found) == 1 and found[0]["targets"] == [f"127.0.0.1:{monitor.port}"]
    labels = found[0]["labels"]
    assert labels["instance"].endswith(f"{os.path.basename(target['exe'])}:{process.pid}")
    for label, path in labels.items():
        if label.startswith("__meta_gorotrace_profile_") or label == "__metrics_path__":
            assert monitor.answered(path).status == 200, (label, path)
    for path in ("/metrics", labels["__metrics_path__"]):
        text = monitor.answered(path)
        assert text.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
        assert not text.text.endswith("# EOF\n") and "# TYPE " in text.text
        om = monitor.answered(path, headers={"Accept": "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.5"})
        assert om.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert om.text.endswith("# EOF\n")
    assert re.search(r'^gorotrace_http_responses_total\{code="200"\} \d+$', monitor.ask("/metrics").text, re.M)
    assert "go_goroutines " in monitor.answered(labels["__metrics_path__"]).text


def test_only_what_there_is(monitor, served):
    path = monitor.path(served().pid)
    for missing in ("/page/nothing", "/nothing", "/targets/", "/targets/1-1/metrics", "/targets/1-1/debug/pprof/goroutine",
                    "/debug/pprof/", "/targets/..%2f..%2fetc/passwd", f"{path}/nothing"):
        answer = monitor.ask(missing)
        assert answer.status == 404 and answer.header("X-Content-Type-Options") == "nosniff", missing
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for page in ("/metrics", f"{path}/metrics", f"{path}/debug/pprof/goroutine", "/-/healthy"):
            answer = monitor.ask(page, method)
            assert answer.status == 405 and answer.header("Allow") == "GET, HEAD", (method, page)
    for profile in ("heap", "allocs", "block", "mutex", "profile"):
        answer = monitor.ask(f"{path}/debug/pprof/{profile}?seconds=1")
        assert answer.status == 501 and answer.header("X-Go-Pprof") == "1", profile
        assert answer.header("Content-Type") == "text/plain; charset=utf-8"
        assert answer.header("Content-Disposition") is None
        assert profile.replace("profile", "CPU profiles") in answer.text and answer.text.count("\n") == 1
    assert monitor.ask("/metrics", headers={"Host": "evil.example"}).status == 403
    assert monitor.ask("/metrics", headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    for foreign in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Referer": "http://evil.example/"}):
        assert monitor.ask("/metrics", headers=foreign).status == 403, foreign
    assert monitor.ask("/metrics", headers={"Origin": f"http://127.0.0.1:{monitor.port}"}).status == 200


def raw(port, *parts, half_close=False, patience=10):
    """What comes back for these bytes until the other side closes, which is within `patience` seconds."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as client:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough
            for part in parts:
                client.sendall(part)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        got = b""
        while part := client.recv(65536):
            got += part
        return got


def test_head_is_get_without_the_body(monitor, served):
    path = monitor.path(served().pid)
    changes = ("Date", "Content-Length", "Connection", "Gorotrace-", "X-Gorotrace-")
    static = ("/", "/page/page.js", "/-/healthy", "/nothing", f"{path}/debug/pprof/cmdline", f"{path}/debug/pprof/heap")
    for page in ("/", "/page/page.js", "/page/nothing", "/nothing", "/-/healthy", "/-/ready", "/metrics", "/targets", "/sd",
                 "/targets/1-1/stat", f"{path}/metrics", f"{path}/stat", f"{path}/debug/pprof", f"{path}/debug/pprof/",
                 f"{path}/debug/pprof/goroutine", f"{path}/debug/pprof/goroutine?debug=2", f"{path}/debug/pprof/goroutinecreate",
                 f"{path}/debug/pprof/symbol?0x1", f"{path}/debug/pprof/cmdline", f"{path}/debug/pprof/threadcreate",
                 f"{path}/debug/pprof/heap", f"{path}/debug/pprof/nothing", f"{path}/debug/pprof/trace?seconds=x",
                 f"{path}/capture?seconds=0.2", f"{path}/debug/pprof/trace?seconds=0.2",
                 f"{path}/debug/pprof/goroutinecreate?seconds=1"):
        get, head = monitor.answered(page), monitor.answered(page, method="HEAD")
        assert (head.status, head.body) == (get.status, b""), page
        assert get.body, page
        assert sorted(h for h in head.headers if not h[0].startswith(changes)) == \
            sorted(h for h in get.headers if not h[0].startswith(changes)), page
        if page.endswith(("seconds=0.2", "seconds=1")):
            assert head.header("Content-Length") is None, page  # nothing is attached to tell it
        elif page in static:
            assert head.header("Content-Length") == get.header("Content-Length"), page


def test_what_is_no_request_here_is_told_at_once(monitor, served):
    """RFC 9112, and our own limits: one answer, and the connection is closed."""
    get, host, end = b"GET /-/healthy HTTP/1.1\r\n", b"Host: localhost\r\n", b"\r\n"
    path = monitor.path(served().pid).encode()
    post = b"POST " + path + b"/debug/pprof/symbol HTTP/1.1\r\n" + host
    for status, request in (
            (b"400", get + end), (b"400", get + host + host + end), (b"400", get + b"Host: a, b\r\n" + end),
            (b"400", get + host + b"Content-Length: 1000000000\r\n" + end),
            (b"400", get + host + b"Transfer-Encoding: chunked\r\n" + end),
            (b"400", get + host + b"Host : x\r\n" + end), (b"400", get + host + b" folded\r\n" + end),
            (b"400", get + host + b"Transfer-Encoding:\r\n chunked\r\n" + end),
            (b"400", get + host + b"Content-Length: 1\r\n 8\r\n" + end), (b"400", get + b"Host:\r\n localhost\r\n" + end),
            (b"400", get + host + b"A: b\0c\r\n" + end), (b"400", get + b"Host: localhost\n" + end),
            (b"400", get + host + b"\n"), (b"400", b"GET / HTTP/1.1\n" + host + end),
            *((b"400", line + host + b"Content-Length: " + length + b"\r\n" + end + b"abcd")
              for line in (get, post.split(b"\n")[0] + b"\n")
              for length in (b"-1", b"+4", b"0x4", b"4, 4", b"9" * 30)),
            (b"400", get + host + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n" + end),
            (b"400", b"GET /a b HTTP/1.1\r\n" + host + end), (b"400", b"GET /%00 HTTP/1.1\r\n" + host + end),
            (b"400", b"GET\x20/\r\n\r\n"), (b"505", b"GET / HTTP/2.0\r\n" + host + end),
            (b"413", post + b"Content-Length: 65537\r\n" + end), (b"411", post + b"Transfer-Encoding: chunked\r\n" + end),
            (b"414", b"GET /" + b"x" * 100_000), (b"414", b"GET /?" + b"a=b&" * 3000 + b" HTTP/1.1\r\n" + host + end),
            (b"431", get + host + b"A: " + b"x" * 100_000), (b"431", get + host + b"A: b\r\n" * 5000 + end),
            (b"403", b"GET http://evil.example/metrics HTTP/1.1\r\n" + host + end),
            (b"405", b"OPTIONS * HTTP/1.1\r\n" + host + end), (b"405", b"BREW /metrics HTTP/1.1\r\n" + host + end)):
        begin = time.monotonic()
        got = raw(monitor.port, request)
        assert got.startswith(b"HTTP/1.1 " + status) and got.count(b"HTTP/1.1") == 1, (request[:80], got)
        assert b"\r\nConnection: close\r\n" in got and time.monotonic() - begin < 8, (request[:80], got)
        assert (b"\r\nAllow: GET, HEAD\r\n" in got) == (status == b"405"), got
    whole = raw(monitor.port, f"GET http://localhost:{monitor.port}/sd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert whole.startswith(b"HTTP/1.1 200") and f'"localhost:{monitor.port}"'.encode() in whole
    # On a connection that was in use, behind good ones: what is bad ends it.
    good = get + host + end
    got = raw(monitor.port, good + good, get + end + good)
    assert got.count(b"HTTP/1.1 200") == 2 and got.count(b"HTTP/1.1 400") == 1 and got.count(b"HTTP/1.1 ") == 3
    # Byte by byte.
    got = raw(monitor.port, *[bytes([c]) for c in get + host + b"Connection: close\r\n" + end])
    assert got.startswith(b"HTTP/1.1 200") and got.endswith(b"healthy\n")


def test_a_client_may_close_its_side(monitor, served):
    """printf 'GET ...' | nc: it is answered, and its connection closed; half a request is no request."""
    path = monitor.path(served().pid)
    for page in ("/-/healthy", "/metrics", "/targets", f"{path}/debug/pprof/goroutine?seconds=1"):
        asked = f"GET {page} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        answers = []
        while not answers or b" 503 " in answers[-1][:20] and len(answers) < 10:  # a busy machine
            answers.append(raw(monitor.port, asked, half_close=True))
        assert answers[-1].startswith(b"HTTP/1.1 200"), (page, answers)
    assert raw(monitor.port, b"GET /metrics HTTP/1.1\r\nHost: local", half_close=True, patience=5) == b""


# ---------------------------------------------------------------- /debug/pprof, as the program's own

def own_headers(answer):
    """But for the moment, how long it is, and what gorotrace says of itself."""
    return sorted((k, v) for k, v in answer.headers
                  if k not in ("Date", "Content-Length", "Transfer-Encoding", "Connection", "Gorotrace-Note"))


def test_answers_as_net_http_pprof_does(monitor, served):
    """Statuses, headers and the texts of errors, byte for byte."""
    process = served()
    path = monitor.path(process.pid) + "/debug/pprof/"
    port = process.ready["port"]
    for query in ("", "goroutine", "goroutine?debug=0", "goroutine?debug=x", "goroutine?debug=1", "goroutine?debug=2",
                  "goroutine?seconds=1", "goroutine?seconds=x", "goroutine?seconds=0", "goroutine?seconds=-1&debug=1",
                  "goroutine?seconds=1&debug=1", "goroutine?seconds=1.5", "threadcreate?seconds=1", "threadcreate", "threadcreate?debug=1",
                  "threadcreate?debug=2", "cmdline", "symbol", "symbol?0x1", "nothing", "nothing?seconds=x",
                  "%3Cscript%3E"):
        for method in ("GET", "HEAD"):
            theirs, ours = ask(port, f"/debug/pprof/{query}", method), monitor.ask(path + query, method)
            assert (ours.status, own_headers(ours)) == (theirs.status, own_headers(theirs)), (method, query)
            if theirs.status >= 400 or query in ("cmdline", "symbol", "symbol?0x1"):
                assert ours.body == theirs.body, query
    theirs, ours = ask(port, "/debug/pprof/goroutine", "PUT"), monitor.ask(path + "goroutine", "PUT")
    assert (ours.status, ours.header("Allow"), ours.body) == (theirs.status, theirs.header("Allow"), theirs.body)
    bare = monitor.ask(path.rstrip("/"))
    assert bare.status == ask(port, "/debug/pprof").status and bare.header("Location") == path


def test_index(monitor, served):
    process = served()
    path = monitor.path(process.pid) + "/debug/pprof/"
    theirs, ours, later = (ask(process.ready["port"], "/debug/pprof/").text, monitor.ask(path).text,
                           ask(process.ready["port"], "/debug/pprof/").text)
    rows = r"<tr><td>\d+</td><td><a href='(\w+)\?debug=1'>\1</a></td></tr>"
    profiles = re.findall(rows, ours)
    assert profiles == sorted(profiles) and {"goroutine", "threadcreate", "cmdline", "symbol"} <= set(profiles)
    assert set(profiles) <= set(re.findall(rows, theirs)) | {"goroutinecreate"}
    for line in theirs.splitlines():
        named = re.search(r"href='(\w+)\?|profile-name>(\w+): ", line)
        if not named or (named[1] or named[2]) in profiles:
            assert re.sub(r"<td>\d+</td>", "", line) in re.sub(r"<td>\d+</td>", "", ours), line
    theirs, ours, later = ({name: int(count) for count, name in re.findall(r"<tr><td>(\d+)</td><td><a href='(\w+)", page)}
                           for page in (theirs, ours, later))
    # The program has a goroutine more or less by who asks; of threads it only ever has more.
    assert theirs["threadcreate"] <= ours["threadcreate"] <= later["threadcreate"], (theirs, ours, later)
    assert abs(ours["goroutine"] - theirs["goroutine"]) <= 2, (theirs, ours)
    assert ours["goroutinecreate"] == ours["goroutine"]
    for profile in profiles:
        assert monitor.ask(path + profile).status == 200


def of_main(groups):
    """Those of the program itself at rest: without the server's, which differ by who asks."""
    return [(g.count, g.labels, g.pcs, g.text) for g in groups
            if any("main." in f for f in g.functions()) and "main.main" not in g.functions()]


@pytest.mark.parametrize("version", VERSIONS)
def test_goroutines(monitor, served, version):
    """debug=1 to the byte, debug=2 but for arguments, debug=0 by stack, labels and count."""
    process = served(version)
    path = monitor.path(process.pid) + "/debug/pprof/goroutine"
    own = "/debug/pprof/goroutine"
    port = process.ready["port"]
    theirs, ours = ask(port, f"{own}?debug=1").text, monitor.ask(f"{path}?debug=1").text
    assert ours.startswith("goroutine profile: total ") and "gorotrace" not in ours
    compared = of_main(tracebacks.parse_debug1(theirs))
    assert of_main(tracebacks.parse_debug1(ours)) == compared and sum(c for c, *_ in compared) >= 66
    assert any(labels for _, labels, *_ in compared)

    theirs, ours = ask(port, f"{own}?debug=2").text, monitor.ask(f"{path}?debug=2").text
    assert ours.startswith("goroutine ") and "gorotrace" not in ours
    theirs, ours = tracebacks.parse_debug2(theirs), tracebacks.parse_debug2(ours)
    at_rest = {goid for goid, g in theirs.items() if any(f[0].startswith("main.") for f in g.frames) and goid != 1}
    assert len(at_rest) >= 66
    for goid in at_rest:
        assert ours[goid].key() == theirs[goid].key(), goid

    theirs, ours = raw_profile(ask(port, own).body), raw_profile(monitor.ask(path).body)
    assert ours["types"] == theirs["types"] == "goroutine/count" and ours["period"] == theirs["period"]
    assert {k: v for k, v in ours["samples"].items() if in_main(k)} == \
        {k: v for k, v in theirs["samples"].items() if in_main(k)}


def raw_profile(body):
    """A profile as `go tool pprof -raw` shows it: samples by functions, leaf first, and labels."""
    assert gzip.decompress(body)
    file = harness.CACHE / f"profile.{os.getpid()}.pb.gz"
    file.write_bytes(body)
    done = subprocess.run(["go", "tool", "pprof", "-raw", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    file.unlink()
    head, samples, locations, _ = re.split(r"^(?:Samples|Locations|Mappings):?\n", done.stdout, flags=re.M)
    names, ids = {}, []
    for line in locations.splitlines():
        start = re.match(r" *(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(\S*)", line)
        if start:
            ids.append(int(start[1]))
            names[ids[-1]] = [start[2]]
        else:
            names[ids[-1]].append(line.split()[0])
    assert ids == list(range(1, len(ids) + 1))  # what Parca demands
    types, *rows = samples.splitlines()
    found = {}
    for row in rows:
        # Without a location: a goroutine that waits to run for the first time, by a wrapper (runtime/pprof leaves out goexit).
        sample = re.match(r" +(-?\d+): ((?:\d+ )*)$", row)
        if sample:
            last = (tuple(n for i in sample[2].split() for n in names[int(i)]), "")
            found[last] = found.get(last, 0) + int(sample[1])
        else:  # labels
            count = found.pop(last)
            last = (last[0], last[1] + row.strip())
            found[last] = count
    return {"types": types, "period": re.search(r"Period: .*", head)[0], "head": head, "samples": found}


def in_main(sample):
    return any(name.startswith("main.") for name in sample[0]) and "main.main" not in sample[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_threads(monitor, served, version):
    """To the byte, at a moment when no thread came."""
    process = served(version)
    path, own = monitor.path(process.pid) + "/debug/pprof/threadcreate", "/debug/pprof/threadcreate"
    for _ in range(20):
        before = ask(process.ready["port"], f"{own}?debug=1").text
        ours, profile = monitor.ask(f"{path}?debug=1").text, raw_profile(monitor.ask(path).body)
        if ask(process.ready["port"], f"{own}?debug=1").text == before:
            break
    else:
        raise AssertionError("threads come all the time")
    assert ours == before
    assert profile["types"] == "threadcreate/count"
    assert sum(profile["samples"].values()) == int(re.match(r"threadcreate profile: total (\d+)", before)[1])


def test_command_line_and_symbols(monitor, served):
    process = served(arguments=["-x", "a b", "", "ü"])
    path, port = monitor.path(process.pid) + "/debug/pprof/", process.ready["port"]
    assert monitor.ask(path + "cmdline").body == ask(port, "/debug/pprof/cmdline").body
    assert monitor.ask(path + "cmdline").body.split(b"\0")[1:] == [b"-x", b"a b", b"", "ü".encode()]
    groups = tracebacks.parse_debug1(ask(port, "/debug/pprof/goroutine?debug=1").text)
    pcs = sorted({pc for g in groups for pc in g.pcs})
    assert len(pcs) > 10
    query = "+".join([*pcs, "0x1", "7", "x", "", "0b1_0", "0xffffffffffffffffff"])
    theirs = ask(port, f"/debug/pprof/symbol?{query}").text
    assert monitor.ask(path + f"symbol?{query}").text == theirs and theirs.count("\n") == len(pcs) + 1
    assert monitor.ask(path + "symbol", "POST", query).text == theirs
    assert monitor.ask(path + "symbol", "POST", "+" * 100_000).status == 413


def test_difference_of_goroutines(monitor, served):
    """A program at rest differs from itself by nothing; it is a profile all the same."""
    path = monitor.path(served().pid) + "/debug/pprof/goroutine?seconds=1"
    begin = time.monotonic()
    answer = monitor.ask(path)
    assert time.monotonic() - begin >= 1
    assert answer.header("Content-Disposition") == 'attachment; filename="goroutine-delta"'
    profile = raw_profile(answer.body)
    assert profile["samples"] == {} and re.search(r"Duration: [12]\.?\d*", profile["head"]), profile


def test_go_tool_pprof(monitor, served):
    url = f"http://127.0.0.1:{monitor.port}{monitor.path(served().pid)}/debug/pprof/"
    environment = {**os.environ, "PPROF_TMPDIR": str(harness.CACHE)}
    for profile, shown in (("goroutine", "main.receive"), ("threadcreate", "runtime.")):
        done = subprocess.run(["go", "tool", "pprof", "-top", url + profile], capture_output=True, text=True, env=environment)
        assert done.returncode == 0 and shown in done.stdout, done.stderr
    done = subprocess.run(["go", "tool", "pprof", "-top", url + "heap"], capture_output=True, text=True, env=environment)
    assert done.returncode != 0 and "gorotrace does not serve heap" in done.stderr, done.stderr


# ---------------------------------------------------------------- hostile names

def test_hostile_names(monitor, served, tmp_path):
    name = "<img src=x onerror=alert(1)>\"'\x1b[31m\r\nX-Evil: 1\u202e&"
    copy = tmp_path / name
    shutil.copy(harness.build(harness.PROGRAMS / "served"), copy)
    process = served(binary=copy, arguments=["</script><script>\x1b[2J"])
    target = monitor.target(process.pid)
    path = monitor.path(process.pid)
    assert "\x1b" not in target["exe"] and "\n" not in target["exe"]
    entry, = [e for e in json.loads(monitor.ask("/sd").body) if e["labels"]["__metrics_path__"] == f"{path}/metrics"]
    assert all("\x1b" not in v and "\n" not in v for v in entry["labels"].values())
    for page in ("/metrics", "/targets", "/sd", f"{path}/metrics", f"{path}/debug/pprof/", f"{path}/debug/pprof/cmdline",
                 f"{path}/debug/pprof/goroutine?debug=1", f"{path}/debug/pprof/goroutine?debug=2"):
        answer = monitor.answered(page)
        assert answer.status == 200 and answer.header("X-Evil") is None, page
        assert answer.header("X-Content-Type-Options") == "nosniff"
        kind = answer.header("Content-Type")
        # A browser shows as markup what says that it is.
        assert "<img" not in answer.text if kind.startswith("text/html") else \
            kind.startswith(("text/plain", "application/json")), (page, kind)
        if not page.endswith("cmdline"):  # whose bytes are those of the process
            assert "\x1b" not in answer.text, page
    done = subprocess.run([harness.gorotrace(), "monitor", "--check-config", str(tmp_path / "\x1b[31m")],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "\x1b" not in done.stderr


# ---------------------------------------------------------------- who may ask

@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """A token, and certificates: of a server, of a client, of a client of nobody's."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "token").write_text(TOKEN + "\n")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    def authority(name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")

    def signed(name, by, usage):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "ext").write_text(f"subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage={usage}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                "-days", "2", "-extfile", "ext", "-out", f"{name}.pem")

    authority("ca")
    authority("other")
    signed("server", "ca", "serverAuth")
    signed("client", "ca", "clientAuth")
    signed("stranger", "other", "clientAuth")
    return folder


PROTECTED = ("/metrics", "/targets", "/sd", "/targets/1-1/metrics", "/targets/1-1/debug/pprof/goroutine", "/nothing")


def test_the_token(secrets):
    for listen, more in (("127.0.0.1:0", []), ("0.0.0.0:0", ["--insecure-listen"])):
        with Monitor("--token-file", str(secrets / "token"), *more, listen=listen) as monitor:
            for path in PROTECTED:
                for header in (None, "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN.upper()}",
                               f"Basic {base64.b64encode(TOKEN.encode()).decode()}", TOKEN):
                    answer = ask(monitor.port, path, headers={"Authorization": header} if header else {})
                    assert (answer.status, answer.text) == (401, "Unauthorized\n"), (path, header)
                    assert answer.header("WWW-Authenticate") == "Bearer"
                assert monitor.ask(path).status in (200, 404), path
            for path in ("/-/healthy", "/-/ready"):
                answer = ask(monitor.port, path)
                assert answer.status in (200, 503) and answer.text in ("healthy\n", "ready\n", "starting\n")
            monitor.end()


def test_a_log_in_json(tmp_path):
    config = tmp_path / "gorotrace.toml"
    config.write_text("")
    with Monitor("--config", config, "--log-format", "json") as monitor:
        config.write_text("nothing = 1\n")
        monitor.popen.send_signal(signal.SIGHUP)
        assert "nothing: no such key" in monitor.logged("not reloaded")["msg"]
        monitor.end()
        assert [line["level"] for line in monitor.log()] == ["info", "error", "info"]
    done = subprocess.run([harness.gorotrace(), "monitor", "--log-format", "xml"], capture_output=True, text=True)
    assert done.returncode == 2 and "logfmt, json" in done.stderr


def test_tls_and_client_certificates(secrets):
    files = ["--tls-cert", str(secrets / "server.pem"), "--tls-key", str(secrets / "server.key")]
    trusting = ssl.create_default_context(cafile=secrets / "ca.pem")
    with Monitor(*files, "--token-file", str(secrets / "token"), listen="0.0.0.0:0") as monitor:
        assert monitor.ask("/targets", tls=trusting).status == 200
        assert ask(monitor.port, "/targets", tls=trusting).status == 401
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            ask(monitor.port, "/targets")  # in the clear
        old = ssl.create_default_context(cafile=secrets / "ca.pem")
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):
            ask(monitor.port, "/-/healthy", tls=old)
        for field in (b"Content-Length: -1", b"A: b\r\n c", b"A: b\0c", b"A: b\nC: d"):
            with socket.create_connection(("127.0.0.1", monitor.port), timeout=10) as plain, \
                    trusting.wrap_socket(plain, server_hostname="127.0.0.1") as client:
                client.sendall(b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + field + b"\r\n\r\n")
                got = b""
                while part := client.recv(65536):
                    got += part
            assert got.startswith(b"HTTP/1.1 400 ") and got.count(b"HTTP/1.1") == 1, (field, got)
    with Monitor(*files, "--client-ca", str(secrets / "ca.pem"), listen="0.0.0.0:0") as monitor:
        for name, status in (("client", 200), ("stranger", 401), ("server", 401), (None, 401)):
            context = ssl.create_default_context(cafile=secrets / "ca.pem")
            if name:
                context.load_cert_chain(secrets / f"{name}.pem", secrets / f"{name}.key")
            assert ask(monitor.port, "/targets", tls=context).status == status, name
            assert ask(monitor.port, "/-/healthy", tls=context).status == 200, name


@pytest.mark.parametrize("arguments, word", [
    (["--listen", "0.0.0.0:0"], "--token-file"),
    (["--listen", ":0"], "--token-file"),
    (["--listen", "0.0.0.0:0", "--insecure-listen"], "--token-file"),
    (["--listen", "0.0.0.0:0", "--token-file", "{token}"], "--insecure-listen"),
    (["--listen", "0.0.0.0:0", "--tls-cert", "{server.pem}", "--tls-key", "{server.key}"], "--token-file"),
    (["--listen", "localhost:0", "--tls-cert", "{server.pem}"], "--tls-key"),
    (["--listen", "localhost:0", "--client-ca", "{ca.pem}"], "--tls-cert"),
    (["--listen", "localhost:0", "--tls-cert", "{server.pem}", "--tls-key", "{client.key}"], "certificates"),
    (["--listen", "localhost:0", "--tls-cert", "{token}", "--tls-key", "{server.key}"], "certificates"),
    (["--listen", "localhost:0", "--token-file", "{ext}"], "token"),
    (["--listen", "example.org:80"], "ADDRESS:PORT"),
], ids=str)
def test_what_is_refused_at_the_start(secrets, arguments, word):
    arguments = [re.sub(r"\{(.*)\}", lambda m: str(secrets / m[1]), a) for a in arguments]
    done = subprocess.run([harness.gorotrace(), "monitor", *arguments], capture_output=True, text=True, timeout=harness.PATIENCE)
    assert done.returncode == 2 and word in done.stderr and TOKEN not in done.stderr, done.stderr


# ---------------------------------------------------------------- limits

def connect(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE, source_address=(source, 0))


def test_a_slow_client_loses_its_connection():
    with Monitor() as monitor, connect(monitor.port) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
        begin = time.monotonic()
        slow.setblocking(False)
        ended = False
        while not ended and time.monotonic() - begin < 30:  # a byte now and then: it is never idle
            try:
                slow.send(b"X")
                ended = slow.recv(1) == b""
            except BlockingIOError:
                time.sleep(0.2)
            except ConnectionError:
                ended = True
        assert ended and 8 < time.monotonic() - begin < 20
        assert monitor.ask("/-/healthy").status == 200
        monitor.end()


def test_many_connections_of_one_address():
    with Monitor() as monitor, contextlib.ExitStack() as held:
        connections = [held.enter_context(connect(monitor.port)) for _ in range(300)]
        with connect(monitor.port, "127.0.0.2") as other:
            other.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            other.settimeout(10)
            assert other.recv(100).startswith(b"HTTP/1.1 200")
        beyond = connections[270]
        beyond.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
        beyond.settimeout(10)
        told = b""
        while part := beyond.recv(1000):
            told += part
        assert told.startswith(b"HTTP/1.1 503") and b"\r\nConnection: close\r\n" in told and b"\r\nRetry-After: 1\r\n" in told
        time.sleep(0.5)
        open_ones = 0
        for connection in connections:
            connection.setblocking(False)
            try:
                open_ones += connection.recv(1) != b""
            except BlockingIOError:
                open_ones += 1
            except ConnectionError:
                pass
        assert 0 < open_ones <= 256 + 32  # fewer where this took so long that they lost theirs as slow clients
        held.close()
        end = time.monotonic() + 10
        while "gorotrace_http_connections 1\n" not in monitor.ask("/metrics").text:
            assert time.monotonic() < end
            time.sleep(0.1)
        monitor.end()


def test_a_long_head_is_refused(monitor):
    for request in (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: localhost\r\nBig: " + b"a" * 100_000 + b"\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 20_000 + b"\r\n"):
        with connect(monitor.port) as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(request)
                assert not client.recv(100).startswith(b"HTTP/1.1 200")
    assert monitor.ask("/-/healthy").status == 200


# ---------------------------------------------------------------- lives

def test_a_target_that_ends(monitor, served):
    process = served()
    path = monitor.path(process.pid)
    for page in ("/metrics", "/debug/pprof/goroutine"):
        assert monitor.answered(path + page).status == 200
    process.close()
    end = time.monotonic() + 20
    while True:
        statuses = [monitor.ask(path + page).status
                    for page in ("/metrics", "/debug/pprof/", "/debug/pprof/goroutine", "/debug/pprof/cmdline")]
        if statuses == [404] * 4:
            break
        assert set(statuses) <= {200, 404, 410, 503} and time.monotonic() < end, statuses
    assert all(t["host_pid"] != process.pid for t in monitor.targets())
    assert path not in monitor.ask("/sd").text


def test_killed_it_leaves_targets_as_they_were(served):
    process = served()
    with Monitor() as killed:
        path = killed.path(process.pid)
        assert killed.ask(path + "/debug/pprof/goroutine").status == 200
        harness.traced_with.update(harness.held_objects(killed.pid))
        killed.popen.kill()
        killed.wait()
    harness.check_untouched(process.pid, process.command[0])
    assert ask(process.ready["port"], "/debug/pprof/goroutine").status == 200
    with Monitor() as again:
        assert again.path(process.pid) == path
        again.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_signal_ends_it(how):
    with Monitor() as monitor:
        with connect(monitor.port):
            monitor.end(how)
        assert monitor.log()[-1]["signal"] == how.name and monitor.log()[-1]["msg"] == "ending"


def test_a_client_that_waits_is_told_that_it_ends(served):
    process = served()
    with Monitor() as monitor:
        path = monitor.path(process.pid)
        with connect(monitor.port) as waits:
            waits.sendall(f"GET {path}/debug/pprof/goroutine?seconds=15 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            time.sleep(0.5)
            begin = time.monotonic()
            monitor.end()
            assert time.monotonic() - begin < 5
            assert waits.recv(100)[:12] in (b"HTTP/1.1 503", b"")


def test_reload(secrets, served, tmp_path):
    process = served()
    token, config = tmp_path / "token", tmp_path / "gorotrace.toml"
    token.write_text(TOKEN)
    config.write_text("")
    with Monitor("--config", str(config), "--token-file", str(token)) as monitor:
        monitor.target(process.pid)
        config.write_text('[[rule]]\naction = "exclude"\nexecutable = "*/served-*"\n')
        token.write_text("fedcba9876543210")
        monitor.popen.send_signal(signal.SIGHUP)
        monitor.logged("reloaded")
        assert monitor.ask("/targets").status == 401
        monitor.key = {"headers": {"Authorization": "Bearer fedcba9876543210"}}
        excluded = monitor.target(process.pid, "excluded")
        assert monitor.ask(f"/targets/{excluded['id']}/debug/pprof/goroutine").status == 403
        config.write_text("nothing = 1\n")
        monitor.popen.send_signal(signal.SIGHUP)
        failed = monitor.logged("not reloaded")
        assert failed["level"] == "error" and f"{config}:1: nothing" in failed["msg"]
        monitor.target(process.pid, "excluded")
        monitor.end()


def test_check_config(tmp_path):
    config = tmp_path / "c.toml"

    def check(text):
        config.write_text(text)
        return subprocess.run([harness.gorotrace(), "monitor", "--check-config", config], capture_output=True, text=True)

    good = check('listen = "localhost:1"\n')
    assert good.returncode == 0 and "no mistakes" in good.stdout, good.stderr
    for text, word in (("listen = 7\n", f"{config}:1"), ('listen = "0.0.0.0:1"\n', f"{config}:1: listen: 0.0.0.0:1 can be reached from other machines"),
                       ('\ntoken_file = "/dev/null"\n', f"{config}:2: token_file: "), ("x = [\n", f"{config}:")):
        bad = check(text)
        assert bad.returncode == 2 and word in re.sub(r"\s+", " ", bad.stderr), bad.stderr
    rule = '[[rule]]\naction = "exclude"\n'
    for text, line in (("a" + ".a" * 100_000 + " = 1\n", 1), ("\n[a" + ".a" * 100_000 + "]\n", 2),
                       (rule + 'executable = "[a"\n', 3)):
        bad = check(text)
        assert bad.returncode == 2 and f"{config}:{line}: " in bad.stderr, (bad.returncode, bad.stderr[-500:])
    doubtful = check(rule + 'user = "nosuchuser"\n')
    assert doubtful.returncode == 0 and "no mistakes, but 1 warning" in doubtful.stdout, doubtful.stderr
    elsewhere = check('listen = ":1"\ntoken_file = "/nowhere/token"\ninsecure_listen = true\n')
    assert elsewhere.returncode == 0 and "no mistakes, but 1 warning" in elsewhere.stdout, elsewhere.stderr
    assert f"warning: {config}:2: token_file: cannot open /nowhere/token" in re.sub(r"\s+", " ", elsewhere.stderr)
    assert f'warning: {config}:3: rule.user: there is no user "nosuchuser"' in re.sub(r"\s+", " ", doubtful.stderr)


class Parked(harness.Process):
    """Knows its own addresses, and puts words into its memory."""

    def __init__(self):
        self.binary = harness.build(harness.PROGRAMS / "parked", variant="symbols")
        super().__init__([self.binary])
        while self.lines.next() != "end":
            pass

    def ask(self, command):
        self.popen.stdin.write(command.encode() + b"\n")
        self.popen.stdin.flush()
        answer, value = self.lines.next().split()
        assert answer == "ok"
        return int(value)

    def word(self, address):
        with open(f"/proc/{self.pid}/mem", "rb") as memory:
            memory.seek(address)
            return int.from_bytes(memory.read(8), "little")

    def hide_a_goroutine(self):
        """Behind a page that never comes: whoever looks at all of them is held up in the kernel."""
        names = subprocess.run(["nm", self.binary], check=True, capture_output=True, text=True).stdout
        all_goroutines = self.word(int(re.search(r"^(\w+) . runtime\.allgs$", names, re.M)[1], 16))
        page = self.ask("held")
        assert page, "no userfaultfd on this kernel"
        self.ask(f"poke {all_goroutines + 8 * 10} {page}")


def test_held_up_memory_holds_up_nobody_else(served):
    """The answer of a process that never gives a page comes in time (503), and those of others meanwhile."""
    other = served()
    with Parked() as process, Monitor() as monitor:
        path, beside = monitor.path(process.pid), monitor.path(other.pid)
        assert monitor.ask(path + "/debug/pprof/goroutine").status == 200
        process.hide_a_goroutine()
        with contextlib.ExitStack() as waiting:
            asked = f"GET {path}/debug/pprof/goroutine HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            clients = [waiting.enter_context(connect(monitor.port)) for _ in range(20)]
            begin = time.monotonic()
            for client in clients:
                client.sendall(asked)
            time.sleep(0.5)
            for page in ("/metrics", "/debug/pprof/goroutine", "/debug/pprof/threadcreate", "/debug/pprof/cmdline"):
                assert monitor.answered(beside + page, timeout=10).status == 200, page
            assert monitor.ask("/-/healthy", timeout=5).status == 200
            for client in clients:
                client.settimeout(60)
                assert client.recv(20).startswith(b"HTTP/1.1 503")
            assert 25 < time.monotonic() - begin < 45
        begin = time.monotonic()
        monitor.end()
        assert time.monotonic() - begin < 10


def test_ps_passes_over_who_holds_up_its_reader(served):
    other = served()
    with Parked() as one, Parked() as another:
        for process in (one, another):
            process.hide_a_goroutine()
        done = subprocess.run([harness.gorotrace(), "ps", "--json"], capture_output=True, text=True, timeout=25)
        rows = {row["pid"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0 and rows[other.pid]["supported"], done
    for process in (one, another):
        assert not rows[process.pid]["supported"], rows
        assert rows[process.pid]["reason"] == "it holds up who reads its memory", rows
