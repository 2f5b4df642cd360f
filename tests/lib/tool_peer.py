"""A tool behind HTTP that does what its path says, and keeps a log of each request that it has received: what a test counts, because it is
this side that would pay twice.

  tool_peer.py PORTFILE LOG

/ok: {"done": true}; /echo: the request's body or query; /slow/MS: /ok after so long; /hang: never; /status/N; /cut: the connection is closed without a
word; /big/N: N bytes; /once: fails without a word the first time that a key is seen, then /ok; /mirror: the Authorization header; /later: 202; /half: an answer that breaks off.
A line of the log: method, path, Idempotency-Key, body."""
import http.server
import os
import sys
import threading
import time

SEEN = set()
LOCK = threading.Lock()


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1024


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        key = self.headers.get("Idempotency-Key", "-")
        path, _, query = self.path.partition("?")
        with LOCK, open(sys.argv[2], "a") as log:
            log.write(f"{self.command} {self.path} {key} {body}\n")
            if self.headers.get("Callback-URL"):
                log.write(f"callback {self.headers['Callback-URL']}\n")
        words = path.strip("/").split("/")
        status, text = 200, '{"done": true}'
        if words[0] == "echo":
            text = body or query
        elif words[0] == "slow":
            time.sleep(int(words[1]) / 1000)
        elif words[0] == "hang":
            time.sleep(3600)
        elif words[0] == "status":
            status, text = int(words[1]), '{"error": "practice"}'
        elif words[0] == "cut" or (words[0] == "once" and key not in SEEN):
            SEEN.add(key)
            self.close_connection = True
            return
        elif words[0] == "later":
            status, text = 202, '{"status": "accepted"}'
        elif words[0] == "failed":
            text = '{"status": "failed", "message": "practice"}'
        elif words[0] == "big":
            text = "A" * 100 + "x" * (int(words[1]) - 200) + "Z" * 100
        elif words[0] == "half":
            text = "half a sen"
        elif words[0] == "mirror":
            status, text = 500, self.headers.get("Authorization", "-")
        data = text.encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data) + (100 if words[0] == "half" else 0)))
            self.end_headers()
            self.wfile.write(data)
            self.close_connection |= words[0] == "half"
        except OSError:  # nobody waits any more
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *args):
        pass


server = Server(("127.0.0.1", 0), Peer)
server.daemon_threads = True
open(sys.argv[2], "a").close()
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
