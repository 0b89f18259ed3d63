"""deploy/prometheus and deploy/grafana against a real Prometheus that scrapes a real agent with them."""

import json
import pathlib
import re
import shutil
import ssl
import subprocess
import time
import urllib.parse

import pytest
import yaml

import harness
from test_agent_discovery import comes, idle
from test_monitor import Monitor, ask, secrets  # noqa: F401

DEPLOY = harness.ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "gorotrace.rules.yml"
DASHBOARD = json.loads((DEPLOY / "grafana" / "gorotrace.json").read_text())
# Words of PromQL that may stand before a parenthesis or a brace and are no names of families.
WORDS = {"by", "on", "without", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "bool"}


def promtool(*arguments, **options):
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, **options)


# ---------------------------------------------------------------- a Prometheus that scrapes an agent

def configuration(monitor, secrets, folder):  # noqa: F811
    """deploy/prometheus/prometheus.yml, with places, times and secrets of the test."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    for mine, tested in (("node-1:9464", f"127.0.0.1:{monitor.port}"),
                         ("/etc/prometheus/gorotrace.token", secrets / "token"),
                         ("/etc/prometheus/gorotrace-ca.pem", secrets / "ca.pem"),
                         ("server_name: gorotrace", "server_name: localhost"), ("gorotrace.rules.yml", RULES),
                         ("scrape_interval: 30s", "scrape_interval: 1s\n  evaluation_interval: 1s"),
                         ("refresh_interval: 15s", "refresh_interval: 1s")):
        assert mine in text, mine
        text = text.replace(mine, str(tested))
    file = folder / "prometheus.yml"
    file.write_text(text)
    return file


class Prometheus(harness.Process):
    def __init__(self, config, folder):
        super().__init__(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
                          "--web.listen-address=127.0.0.1:0"], stdin=subprocess.DEVNULL)
        self.port = 0
        comes("Prometheus listens", self.listens, 60)
        comes("Prometheus is ready", lambda: ask(self.port, "/-/ready").status == 200, 60)

    def listens(self):
        assert self.popen.poll() is None, self.stderr
        found = {int(address.rsplit(":", 1)[1]) for address in listening(self.pid)}
        self.port = min(found, default=0)
        return bool(found)

    def api(self, path, **query):
        answer = json.loads(ask(self.port, f"/api/v1/{path}?{urllib.parse.urlencode(query)}").body)
        assert answer["status"] == "success", (query, answer)
        return answer["data"]

    def query(self, expression):
        """[(labels, value)]"""
        found = self.api("query", query=expression)["result"]
        return [(row["metric"], float(row["value"][1])) for row in found]


def listening(pid):
    done = subprocess.run(["ss", "-Hltnp"], check=True, capture_output=True, text=True)
    return [line.split()[3] for line in done.stdout.splitlines() if f"pid={pid}," in line]


@pytest.fixture(scope="module")
def scraped(secrets, tmp_path_factory):  # noqa: F811
    """An agent that wants a token over TLS, a Go program, and the Prometheus that scrapes both; over HTTPS and /sd."""
    folder = tmp_path_factory.mktemp("prometheus")
    binary = shutil.copy(harness.build(harness.PROGRAMS / "idle"), folder / "shop")
    config = folder / "gorotrace.toml"  # whatever else runs on this machine
    config.write_text(f'[[rule]]\naction = "probe"\nexecutable = "{binary}"\n'
                      '[[rule]]\naction = "exclude"\nexecutable = "*"\n')
    with idle(n=7, binary=binary) as program, idle(n=2, binary=binary) as leaving, \
            Monitor("--config", config, "--token-file", secrets / "token", "--tls-cert", secrets / "server.pem",
                    "--tls-key", secrets / "server.key") as monitor, \
            Prometheus(configuration(monitor, secrets, folder), folder) as prometheus:
        prometheus.program, prometheus.leaving, prometheus.monitor = program, leaving, monitor
        monitor.secrets = secrets
        comes("the process's own series", lambda: prometheus.query('go_goroutines{job!="go"}'), 60)
        comes("four readings of the agent",
              lambda: prometheus.query('count_over_time(gorotrace_goroutines{target!=""}[1m]) > 3'), 60)
        yield prometheus


def of(prometheus):
    """A selector of the program's own series."""
    return f'{{instance=~".+:{prometheus.program.pid}"}}'


def test_what_is_discovered_is_scraped(scraped):
    (labels, value), = scraped.query("up" + of(scraped))
    assert value == 1 and labels["job"] == labels["service_name"] and labels["job"] == "shop"
    (labels, value), = scraped.query("go_goroutines" + of(scraped))
    assert value == 8  # main and seven others; the runtime's own are none of them
    assert scraped.query("process_open_fds" + of(scraped))[0][1] >= 3
    (labels, value), = scraped.query('up{job="gorotrace"}')
    assert value == 1
    joined = scraped.query('gorotrace_goroutines{target!=""} * on (instance, target) group_left (pid) gorotrace_target_info')
    assert [v for labels, v in joined if labels["pid"] == str(scraped.program.pid)] == [8]
    assert not [t for t in scraped.api("targets")["activeTargets"] if t["health"] == "down" and t["lastError"]]


def test_rates_and_histograms(scraped):
    comes("half a minute of scrapes", lambda: scraped.query(f"count_over_time(go_goroutines{of(scraped)}[1m]) > 4"))
    assert scraped.query('rate(process_cpu_seconds_total{job="gorotrace"}[10s])')[0][1] > 0
    bound = scraped.query(f"histogram_quantile(0.99, go_sched_latencies_seconds_bucket{of(scraped)})")
    assert len(bound) == 1 and bound[0][1] > 0
    kinds = scraped.api("metadata")
    assert kinds["gorotrace_goroutines"][0]["type"] == "gauge" and kinds["go_sched_latencies_seconds"][0]["type"] == "histogram"


def test_what_is_gone_is_no_target(scraped):
    instance = f'{{instance=~".+:{scraped.leaving.pid}"}}'
    comes("it is scraped", lambda: scraped.query("go_goroutines" + instance))
    scraped.leaving.close()
    comes("its series end", lambda: not scraped.query("go_goroutines" + instance))
    comes("it is no target any more, nor one that is down", lambda: not scraped.query("up" + instance))


# ---------------------------------------------------------------- names

def test_promtool_accepts_the_metrics(scraped):
    monitor = scraped.monitor
    for path in ("/metrics", discovered(scraped)["labels"]["__metrics_path__"]):
        done = promtool("check", "metrics", input=served(monitor, path))
        # Its advice on the names of client_golang is client_golang's; none is on ours.
        assert done.returncode in (0, 3) and not re.search("^(error|gorotrace_)", done.stderr, re.M), (path, done.stderr)


def served(monitor, path):
    answer = monitor.answered(path, tls=trusting(monitor.secrets))
    assert answer.status == 200, answer.text
    return answer.text


def trusting(secrets):  # noqa: F811
    return ssl.create_default_context(cafile=secrets / "ca.pem")


def discovered(scraped):
    """What /sd says of the program."""
    return next(e for e in json.loads(served(scraped.monitor, "/sd"))
                if e["labels"]["instance"].endswith(f":{scraped.program.pid}"))


def families(expression):
    """Names in PromQL: identifiers that are no function, label, word, string or duration."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    text = re.sub(r"\{[^}]*\}|\[[^]]*\]", " ", text)
    text = re.sub(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    return {name for name in re.findall(r"\b[a-zA-Z_:][\w:]*\b(?!\s*\()", text) if name not in WORDS}


def test_the_reader_of_names():
    assert families('sum by (a, b) (rate(x_total{y="z_total"}[5m])) / on (c) group_left (d) e_f offset 1h > 3') == \
        {"x_total", "e_f"}


def known(scraped):
    """What is served, by its TYPE lines and what Prometheus makes itself."""
    text = served(scraped.monitor, "/metrics")
    return set(re.findall(r"^# TYPE (\S+)", text, re.M)) | {"up"}


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def test_every_name_of_the_rules_and_of_the_dashboard_exists(scraped):
    comes("the families of sampling", lambda: "gorotrace_state_goroutines" in known(scraped))
    there_are = known(scraped)
    rules = [(rule["alert"], rule["expr"]) for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len(rules) >= 8
    for what, expression in [*rules, *expressions()]:
        names = families(expression)
        assert names and not names - there_are, (what, names - there_are)
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            name = re.match(r"label_values\((\w+)", variable["query"]["query"])[1]
            assert name in there_are, variable


def test_wait_reasons_of_the_rules_are_the_runtimes():
    source = (pathlib.Path(harness.goroot(harness.NEWEST)) / "src" / "runtime" / "runtime2.go").read_text()
    reasons = set(re.findall(r'^\twaitReason\w+:\s+"(.*)",$', source, re.M))
    assert len(reasons) > 30
    matchers = re.findall(r'reason=(~?)"((?:[^"\\]|\\.)*)"', RULES.read_text() + "".join(e for _, e in expressions()))
    assert len(matchers) >= 4
    for kind, text in matchers:
        text = text.replace("\\\\", "\\")  # PromQL's strings have escapes
        assert text in reasons if not kind else [r for r in reasons if re.fullmatch(text, r)], text


# Nobody has a lock here.
MAY_BE_EMPTY = {"Goroutines that wait for a lock"}


def test_every_panel_shows_something(scraped):
    assert DASHBOARD["uid"] and len({p["id"] for p in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for title, expression in expressions():
        for variable, value in (("$node", ".*"), ("$executable", ".*"), ("$__rate_interval", "30s")):
            expression = expression.replace(variable, value)
        assert "$" not in expression, expression
        comes(f"{title}: {expression}", lambda: scraped.query(expression) or title in MAY_BE_EMPTY, 60)
    for panel in DASHBOARD["panels"]:
        assert panel["type"] == "row" or panel["description"], panel["title"]


# ---------------------------------------------------------------- alerts

def test_rules_of_alerts():
    checked = promtool("check", "rules", str(RULES))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = promtool("test", "rules", "gorotrace.rules.test.yml", cwd=RULES.parent)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    tests = (RULES.parent / "gorotrace.rules.test.yml").read_text()
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert f"alertname: {rule['alert']}\n" in tests, f"{rule['alert']} is never expected to fire"
            assert rule["annotations"].keys() == {"summary", "description", "next"}, rule


def test_alerts_are_evaluated(scraped):
    def rules():
        return [rule for group in scraped.api("rules")["groups"] for rule in group["rules"]]

    comes("all were evaluated", lambda: rules() and all(rule["health"] != "unknown" for rule in rules()))
    assert [rule for rule in rules() if rule["health"] != "ok"] == []
    assert [rule["name"] for rule in rules() if rule["state"] == "firing"] == []


def test_commands_that_alerts_and_panels_name_exist():
    """Each option of each gorotrace command in them."""
    text = RULES.read_text() + json.dumps(DASHBOARD)
    commands = re.findall(r"gorotrace (stat|dump|check|monitor|record|ps)((?: [^;\n\"#]*)?)", text)
    assert len(commands) >= 6
    harness.check_options(commands)


# ---------------------------------------------------------------- profiles

def test_scrapers_of_profiles_ask_for_what_there_is(scraped):
    """Parca and Alloy have defaults of their own, which answer 501: each must be switched off."""
    entry = discovered(scraped)
    there_are = {label.removeprefix("__meta_gorotrace_profile_") for label in entry["labels"]
                 if label.startswith("__meta_gorotrace_profile_")}
    prefix = entry["labels"]["__profile_path_prefix__"]
    job, = yaml.safe_load((DEPLOY / "parca" / "parca.yaml").read_text())["scrape_configs"]
    asked = job["profiling_config"]["pprof_config"]
    assert asked.keys() >= {"memory", "block", "mutex", "goroutine", "process_cpu"}  # pkg/config/config.go
    on = {name for name, profile in asked.items() if profile["enabled"]}
    assert on == there_are and {"goroutine", "threadcreate"} <= on
    rule, = job["relabel_configs"]
    assert rule["source_labels"] == ["__profile_path_prefix__", "__profile_path__"] and rule["separator"] == ""
    paths = {name: asked[name].get("path", f"/debug/pprof/{name}") for name in on}

    alloy = (DEPLOY / "pyroscope" / "config.alloy").read_text()
    blocks = re.findall(r'profile\.(?:custom "(\w+)"|(\w+)) \{\n\s*enabled = (true|false)(?:\n\s*path    = "(\S+)")?', alloy)
    switched = {custom or name: enabled == "true" for custom, name, enabled, _ in blocks}
    assert switched.keys() >= {"memory", "block", "mutex", "goroutine", "process_cpu"}  # pyroscope/scrape/scrape.go
    assert {name for name, enabled in switched.items() if enabled} == on
    paths |= {custom: path for custom, _, _, path in blocks if custom}
    for path in paths.values():
        answer = scraped.monitor.answered(prefix + path, tls=trusting(scraped.monitor.secrets))
        assert answer.status == 200 and answer.header("Content-Type") == "application/octet-stream" and answer.body, path
