"""tlskeys - a certificate authority and keys for servers of a test, made by openssl.

    ca = tlskeys.Authority(p)               # p: procs.Procs
    cert, key = ca.issue("localhost")       # also for 127.0.0.1
    ca.path                                 # what a client must trust
"""
import ssl


class Authority:
    """An authority of our own in the folder of a test."""

    def __init__(self, p):
        self.p, self.path, self.key = p, p.path("ca.pem"), p.path("ca.key")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-days", "30", "-subj", "/CN=Test authority",
                      "-keyout", self.key, "-out", self.path)

    def _openssl(self, *words):
        self.p.run(["openssl", *words])

    def issue(self, name):
        """A certificate for a host name and the loopback addresses: paths of it and its key."""
        stem = self.p.path(name)
        names = self.p.write(name + ".ext",
                             f"subjectAltName=DNS:{name},IP:127.0.0.1,IP:::1\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", stem + ".key", "-out", stem + ".csr")
        self._openssl("x509", "-req", "-in", stem + ".csr", "-CA", self.path, "-CAkey", self.key,
                      "-CAcreateserial", "-days", "30", "-extfile", names, "-out", stem + ".pem")
        return stem + ".pem", stem + ".key"

    def server(self, name="localhost"):
        """The ssl context of a server of that name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name))
        return context
