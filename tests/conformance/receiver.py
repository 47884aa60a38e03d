"""An address that push messages can be sent to."""

import http.server
import threading


class Receiver:
    """Keeps the headers and bodies that it was sent; answers with the statuses that it was told, at last with 200."""

    def __init__(self, *statuses, path="/push"):
        messages, left = [], list(statuses)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                # Taken before it is kept: whoever waits for the message must find its answer decided.
                status = left.pop(0) if left else 200
                messages.append({"headers": dict(self.headers), "body": body})
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.messages = messages
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{path}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
