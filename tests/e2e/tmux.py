"""A terminal with a shell in it, by tmux: keys in, what stands on the screen out."""

import os
import re
import shlex
import subprocess
import tempfile
import time

import harness


class Terminal:
    def __init__(self, columns=80, lines=24, **environment):
        """A shell at its prompt, "$ ", on a server of its own."""
        self.folder = tempfile.TemporaryDirectory(prefix="gorotrace-tmux-")
        self.socket = f"{self.folder.name}/socket"
        plain = {k: v for k, v in os.environ.items()
                 if k not in ("COLUMNS", "LINES", "NO_COLOR", "LC_ALL", "LC_CTYPE", "LANG", "TMUX", "TERM")}
        plain |= {"LC_ALL": "C.UTF-8", "HISTFILE": "/dev/null"}
        environment = {"PS1": "$ ", **environment}  # which the shell that tmux starts this one with would take away
        shell = "env " + " ".join(f"{k}={shlex.quote(v)}" for k, v in environment.items()) + " bash --norc --noprofile"
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(lines),
                        shell], check=True, env=plain, cwd="/")
        self.await_screen(lambda screen: screen.strip() == "$", "the shell's prompt")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def keys(self, *keys):
        """As tmux names them: Enter, Escape, C-c, q."""
        self.tmux("send-keys", *keys)

    def text(self, text):
        self.tmux("send-keys", "-l", text)

    def run(self, *command):
        self.text(shlex.join(map(str, command)))
        self.keys("Enter")

    def screen(self, escapes=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if escapes else []))

    def await_screen(self, holds, what, seconds=20):
        """The screen, once that holds of it."""
        end = time.monotonic() + seconds
        while not holds(screen := self.screen()):
            assert time.monotonic() < end, f"{what} is not on the screen after {seconds} s:\n{screen}"
            time.sleep(0.05)
        return screen

    def await_text(self, text, seconds=20):
        return self.await_screen(lambda screen: text in screen, repr(text), seconds)

    def await_match(self, pattern, seconds=20):
        """The match, once there is one."""
        return re.search(pattern, self.await_screen(lambda s: re.search(pattern, s, re.M), pattern, seconds), re.M)

    def resize(self, columns, lines):
        self.tmux("resize-window", "-x", columns, "-y", lines)

    def pane(self, what):
        """alternate_on, cursor_flag, ..."""
        return self.tmux("display-message", "-p", f"#{{{what}}}").strip()

    def top(self, *arguments, prefix=(), **environment):
        """Starts gorotrace top and waits until it has the screen."""
        self.run(*prefix, *(["env", *(f"{k}={v}" for k, v in environment.items())] if environment else []),
                 harness.gorotrace(), "top", *arguments)
        self.await_text("gorotrace top  ")

    def child(self):
        """The PID of the program that the shell runs, through whatever."""
        pid, children = None, [self.pane("pane_pid")]
        while children:
            pid = children[0]
            children = subprocess.run(["pgrep", "-P", pid], capture_output=True, text=True).stdout.split()
        return int(pid)

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
