"""An engine that lists and answers as a test says, for what a real one can't be made to do."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler


class EngineDouble:
    """
    `rows` gives the containers that it lists, for the path of a request; `status` says how it answers any other method,
    for its path; None is to hang up without an answer. `asked` are the requests so far, as method, path and body.
    """

    def __init__(self, path, rows, status):
        self.url, self.rows, self.status, self.asked = f"unix://{path}", rows, status, []
        self._server = socketserver.ThreadingUnixStreamServer(str(path), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, method):
        return sum(asked[0] == method for asked in self.asked)

    def _handler(double):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.endswith("/version"):
                    self._say(200, {"ApiVersion": "1.44", "Version": "99.0"})
                else:
                    self._note()
                    self._say(200, double.rows(self.path))

            def do_POST(self):
                self._told()

            def do_DELETE(self):
                self._told()

            def _note(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                double.asked.append((self.command, self.path, json.loads(body) if body else None))

            def _told(self):
                self._note()
                status = double.status(self.path)
                if status is not None:
                    self._say(status, {"message": "as the test says"})

            def _say(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def address_string(self):
                return "the test"

            def log_message(self, *arguments):
                pass

        return Handler
