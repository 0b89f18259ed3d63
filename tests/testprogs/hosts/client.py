"""A Python program that asks a server of its own through tls-client, a PyPI package whose work a Go library does.

Answers "hold N" when N requests are with the server, each of a thread of its own, and "get N" when N more have been
answered one after the other, each after 20 ms; "release" lets the held ones go, too.
"""
import http.server
import json
import sys
import threading
import time

import tls_client

held, arrived = threading.Event(), threading.Semaphore(0)


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/held":
            arrived.release()
            held.wait()
        else:
            threading.Event().wait(0.02)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def say(**message):
    print(json.dumps(message), flush=True)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_address[1]}"
session, threads = tls_client.Session(), []
say(type="ready")
for line in sys.stdin:
    command, _, n = line.strip().partition(" ")
    begin = time.monotonic_ns()
    if command == "hold":
        for _ in range(int(n)):
            threads.append(threading.Thread(target=lambda: tls_client.Session().get(f"{url}/held")))
            threads[-1].start()
        for _ in range(int(n)):
            arrived.acquire()
    elif command == "get":
        assert all(session.get(f"{url}/").status_code == 200 for _ in range(int(n)))
    else:
        held.set()
        for thread in threads:
            thread.join()
    say(type=command, ns=time.monotonic_ns() - begin)
