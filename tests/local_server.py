"""A web server on this machine that stands in for the net: it counts what is asked for, and can break connections."""
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Site:
    """Files by path, and what happens to those who ask.

    Attributes:
        files: Path, with its slash, -> content.
        asked: (path, first byte) of every request.
        cuts: Numbers of bytes after which the next connections break; the rest come whole.
        ranges: Whether parts of files can be asked for.
        url: Beginning of all URLs.
    """

    def __init__(self):
        self.files, self.asked, self.cuts, self.ranges, self.url = {}, [], [], True, ''


@contextmanager
def local_server():
    """Yields a running :class:`Site`."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = re.match(r'bytes=(\d+)-', self.headers.get('Range', ''))
            start = int(wanted[1]) if wanted and site.ranges else 0
            site.asked.append((self.path, start))
            content = site.files.get(self.path)
            if content is None:
                return self.send_error(404)
            self.send_response(206 if start else 200)
            self.send_header('Content-Length', str(len(content) - start))
            self.send_header('ETag', '"one"')
            self.end_headers()
            rest = content[start:]
            self.wfile.write(rest[:site.cuts.pop(0)] if site.cuts else rest)
            self.close_connection = True

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    thread = Thread(target=server.serve_forever, args=(.01, ), daemon=True)
    thread.start()
    site.url = f'http://127.0.0.1:{server.server_address[1]}'
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
