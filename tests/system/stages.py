"""stages - real filters of other projects that stand before ours, each on a TCP port.

Each has its configuration, run folder and log in the test's folder, asks the name server
of the bed, and writes its results under the host's authserv-id unless told otherwise.
OpenDKIM and the SPF policy agent are in postfix.py.
"""
import os
import signal

import namespace
import procs

PYSPF = [("pyspf-milter", "pyspf-milter")]
DKIMPY = [("dkimpy-milter", "dkimpy-milter")]
RSPAMD = [("rspamd", "rspamd")]

PYSPF_CONF = """\
debugLevel = 1
TestOnly = 1
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::1
Authserv_Id = {id}
Socket = inet:{port}@127.0.0.1
PidFile = {tmp}/pyspf.pid
UserID = pyspf-milter
InternalHosts = 127.0.0.1
"""

DKIMPY_CONF = """\
Syslog no
Mode v
AuthservID {id}
Socket inet:{port}@127.0.0.1
PidFile {tmp}/dkimpy.pid
UserID dkimpy-milter
"""

# The proxy worker checks by itself; a short list of suffixes saves seconds at the start.
RSPAMD_CONF = """\
options {{
	filters = "dkim";
	pidfile = "{tmp}/rspamd.run/pid";
	control_socket = "{tmp}/rspamd.run/control mode=0600";
	hs_cache_dir = "{tmp}/rspamd.run";
	tempdir = "{tmp}/rspamd.run";
	url_tld = "{tmp}/rspamd.tld";
	local_addrs = [];
	dns {{ nameserver = ["127.0.0.1"]; }}
}}
logging {{ type = "console"; level = "notice"; }}
worker "rspamd_proxy" {{
	bind_socket = "127.0.0.1:{port}";
	milter = yes;
	timeout = 30s;
	count = 1;
	upstream "local" {{ default = yes; self_scan = yes; }}
}}
modules {{ path = "{tmp}/rspamd.plugins"; }}
dkim {{ }}
spf {{ }}
milter_headers {{
	use = ["authentication-results"];
	default_headers_order = {order};
	authenticated_headers = ["authentication-results"];
}}
"""


def _start(p, name, argv, port, **popen):
    program = p.start(name, argv, **popen)
    program.stop_signal = signal.SIGKILL    # they hold nothing, and TERM takes some of them long
    program.wait_port(port)
    return port


def pyspf(p, port, authserv_id=namespace.HOST):
    """pyspf-milter: SPF results as Authentication-Results. The port."""
    conf = p.write("pyspf.conf", PYSPF_CONF.format(id=authserv_id, port=port, tmp=p.tmp))
    return _start(p, "pyspf", ["pyspf-milter", conf], port)


def dkimpy(p, port, authserv_id=namespace.HOST):
    """dkimpy-milter: DKIM results with header.d, header.i and header.a only. The port."""
    conf = p.write("dkimpy.conf", DKIMPY_CONF.format(id=authserv_id, port=port, tmp=p.tmp))
    return _start(p, "dkimpy", ["dkimpy-milter", conf], port)


def rspamd(p, port, order=1):
    """rspamd as a milter proxy: SPF and DKIM in one field, put at index order. The port."""
    for folder in ("rspamd.run", "rspamd.plugins"):
        os.mkdir(p.path(folder))
    for plugin in ("spf.lua", "milter_headers.lua"):
        os.symlink("/usr/share/rspamd/plugins/" + plugin, p.path("rspamd.plugins", plugin))
    p.write("rspamd.tld", "example\n")
    conf = p.write("rspamd.conf", RSPAMD_CONF.format(port=port, tmp=p.tmp, order=order))
    return _start(p, "rspamd", ["rspamd", "-f", "-i", "-c", conf], port)


def received_spf(p, port):
    """pyspf's Received-SPF field, put on top by rcvdspf_milter.py. The port."""
    argv = ["/usr/bin/python3", procs.source("tests/system/rcvdspf_milter.py"), str(port),
            namespace.HOST]
    return _start(p, "received-spf", argv, port)
