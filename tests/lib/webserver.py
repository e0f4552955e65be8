"""webserver - an http or https server on loopback that keeps what it is asked.

    with webserver.WebServer() as web:
        web.answer = lambda path: 200 if path.startswith("/api/") else 404
        ... web.url("/api") ...
        web.requests[0].path

answer(path) gives a status, or (status, {field: value}, body); webserver.DROP hangs up
without an answer. tls is an ssl.SSLContext of a server (tlskeys).
"""
import http.server
import threading

DROP = -1


class Request:
    """One request: method, path with query, headers, body."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body


class WebServer:
    def __init__(self, tls=None):
        self.requests, self.connections = [], 0
        self.answer = lambda path: 200
        self.scheme = "http" if tls is None else "https"
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                outer.connections += 1
                super().setup()

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append(Request(self.command, self.path, self.headers, body))
                answer = outer.answer(self.path)
                if answer == DROP:
                    self.close_connection = True
                    return
                status, fields, text = answer if isinstance(answer, tuple) else (answer, {}, b"")
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                try:
                    self.wfile.write(text)
                except OSError:
                    self.close_connection = True    # who asked has heard enough

            do_GET = do_POST = handle_any

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, path, host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
