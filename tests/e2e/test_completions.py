"""Completions as the shells themselves make them of the installed scripts."""

import os
import re
import shlex
import subprocess

import pytest

import harness
from test_install import COMMANDS, COMPLETIONS, installed, options  # noqa: F401
from tmux import Terminal


@pytest.fixture(scope="module")
def script(installed):
    return lambda shell: installed / "share" / COMPLETIONS[shell]


def environment(installed, **more):
    return {**os.environ, "PATH": f"{installed}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", **more}


def by_bash(installed, script, line):
    """readline's own words, which the function gets: broken at = and : too."""
    words = re.findall(r"[=:]+|[^\s=:]+", line) + ([""] if line.endswith(" ") else [])
    code = f"""source {script('bash')}
        COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}
        _gorotrace gorotrace; printf '%s\\n' "${{COMPREPLY[@]}}" """
    return set(subprocess.run(["bash", "-c", code], check=True, capture_output=True, text=True,
                              env=environment(installed)).stdout.split())


def by_fish(installed, script, line):
    code = f"source {script('fish')}; complete -C {shlex.quote(line)}"
    out = subprocess.run(["fish", "--no-config", "-c", code], check=True, capture_output=True, text=True,
                         env=environment(installed, HOME=str(installed), XDG_CONFIG_HOME=str(installed))).stdout
    return {word.split("\t")[0] for word in out.splitlines()}


GROUPS = {"lifecycle", "block", "run", "syscall", "sync", "chan", "panic", "gc"}


def test_bash_and_fish_complete_commands_options_and_values(installed, script, options):  # noqa: F811
    for by in (by_bash, by_fish):
        def complete(line):
            return by(installed, script, "gorotrace " + line)
        assert complete("") >= set(COMMANDS)
        assert complete("d") == {"diff", "dump"}
        assert complete("help st") == {"stat"}
        assert complete("--color always st") == {"stat"}
        assert complete("stat --bu") == {"--budget"}
        assert complete("stat --by u") == {"user-frame"}
        assert complete("--color a") == {"auto", "always"}
        assert complete("stat -d 1s --sort p") == {"p99"}
        if by is by_bash:  # fish takes it for an option
            assert complete("ps --sort -g") == {"-go", "-goroutines"}
        assert complete("export --to pprof-") == {"pprof-block", "pprof-mutex", "pprof-goroutine", "pprof-creation"}
        assert complete("dump --format ") >= {"text", "pprof", "folded", "json"}
        assert complete("record --probes lifecycle,b") == {"lifecycle,block"}
        assert complete("stat --probes ") >= GROUPS
        assert complete("stat --ring-size ") == set()
        for command in COMMANDS:
            assert {option for option in complete(f"{command} --") if option.startswith("--")} == options[command], command


def test_values_behind_an_equals_sign(installed, script):
    # readline replaces what is behind the last = or :, fish the whole word.
    assert by_bash(installed, script, "gorotrace stat --by=u") == {"user-frame"}
    assert by_fish(installed, script, "gorotrace stat --by=u") == {"--by=user-frame"}
    assert by_bash(installed, script, "gorotrace stat --where state=w") == {"waiting"}
    assert by_fish(installed, script, "gorotrace stat --where state=w") == {"state=waiting"}
    assert by_bash(installed, script, "gorotrace stat --where=state=w") == {"waiting"}


def test_processes_are_completed(installed, script, truth):
    process = truth()
    for by in (by_bash, by_fish):
        for line in (f"stat -p {str(process.pid)[:-1]}", f"dump {str(process.pid)[:-1]}", f"stat -p 1,{str(process.pid)[:-1]}"):
            if by is by_fish and "," in line:
                continue
            found = by(installed, script, "gorotrace " + line)
            assert any(word.endswith(str(process.pid)) for word in found), (by, line, found)


@pytest.fixture
def shell(installed, tmp_path):
    """Starts a shell in a terminal, in a folder with a capture file's name in it."""
    (tmp_path / "one capture.gtr").write_text("")
    terminals = []

    def start(*command, **more):
        terminal = Terminal(100, 24)
        terminals.append(terminal)
        terminal.run("cd", tmp_path)
        terminal.run("env", f"PATH={installed}/bin:{os.environ['PATH']}", f"HOME={tmp_path}", "PS1=> ", *command)
        return terminal
    yield start
    for terminal in terminals:
        terminal.close()


def completes(terminal, typed, result):
    terminal.keys("C-u")
    terminal.text(typed)
    terminal.keys("Tab")
    terminal.await_screen(lambda screen: any(line.rstrip().endswith(result) for line in screen.splitlines()), result)


def test_in_a_real_bash(shell, script):
    terminal = shell("bash", "--norc", "--noprofile")
    terminal.run("source", script("bash"))
    for typed, result in (("gorotrace mon", "gorotrace monitor"), ("gorotrace stat --share", "gorotrace stat --share-probes"),
                          ("gorotrace stat --where=state=s", "--where=state=syscall"),
                          ("gorotrace stat --where rea", "--where reason="),
                          ("gorotrace report one", "gorotrace report one\\ capture.gtr"),
                          ("gorotrace stat --record one", "--record one\\ capture.gtr"),
                          ("gorotrace record -u roo", "-u root"), ("gorotrace record -o f -- one", "-- one\\ capture.gtr"),
                          ("gorotrace stat --probes lifecycle,bl", "lifecycle,block")):
        completes(terminal, typed, result)


def test_in_a_real_zsh(shell, script):
    terminal = shell("zsh", "-f")
    terminal.text(f"fpath=({script('zsh').parent} $fpath); autoload -U compinit; compinit -u -D; clear")
    terminal.keys("Enter")
    for typed, result in (("gorotrace mon", "gorotrace monitor"), ("gorotrace stat --share", "gorotrace stat --share-probes"),
                          ("gorotrace help me", "gorotrace help metrics"), ("gorotrace stat --by=u", "stat --by=user-frame"),
                          ("gorotrace --color al", "--color always"), ("gorotrace stat --where rea", "--where reason="),
                          ("gorotrace report one", "gorotrace report one\\ capture.gtr"),
                          ("gorotrace stat --probes lifecycle,bl", "lifecycle,block,"),  # a space takes the last comma away
                          ("gorotrace record -o f -- basena", "-- basename")):
        completes(terminal, typed, result)
    terminal.keys("C-u")
    terminal.text("gorotrace dump --for")
    terminal.keys("Tab")
    terminal.await_text("--format")
