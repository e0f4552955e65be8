"""postfix - a real Postfix with folders of its own, and the filters that stand before ours.

The receiving host of the tests: smtpd services on ports of the test's choice, each
with its milters; the SPF policy agent; an opendkim that verifies. Nothing below
/etc/postfix or /var/spool/postfix is touched. Mail for receiver.example, and what the host
itself sends, goes to the mailbox of the test.
"""
import os
import pwd
import signal

import namespace
import procs

PROGRAMS = [("postfix", "postfix"), ("policyd-spf", "postfix-policyd-spf-python"),
            ("saslpasswd2", "sasl2-bin")]
USER, PASSWORD = "user", "secret"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {tmp}/queue
data_directory = {tmp}/data
maillog_file = {tmp}/postfix.log
maillog_file_prefixes = {tmp}
myhostname = {host}
mydestination = receiver.example
mynetworks = 127.0.0.0/8 [::1]/128
inet_interfaces = all
inet_protocols = all
alias_maps =
alias_database =
local_recipient_maps =
local_transport = smtp:[127.0.0.1]:{sink}
default_transport = smtp:[127.0.0.1]:{sink}
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated reject_unauth_destination
smtpd_error_sleep_time = 0
policyd-AR_time_limit = 3600
policyd-SPF_time_limit = 3600
milter_protocol = 6
milter_default_action = tempfail
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {tmp}/postfix/sasl
notify_classes =
"""

MASTER_CF = """\
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
error     unix  - - n - - error
retry     unix  - - n - - error
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
policyd-AR unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf {tmp}/policyd-AR.conf
policyd-SPF unix - n n - 0 spawn user=policyd-spf argv=/usr/bin/policyd-spf {tmp}/policyd-SPF.conf
"""

POLICYD_SPF_CONF = """\
debugLevel = 1
TestOnly = 1
HELO_reject = False
Mail_From_reject = False
PermError_reject = False
TempError_Defer = False
skip_addresses = 127.0.0.0/8,::1
Header_Type = {header_type}
Authserv_Id = {host}
"""

OPENDKIM_CONF = """\
Mode v
Background no
Socket {socket}
UMask 000
AuthservID {host}
On-BadSignature accept
SoftwareHeader yes
Nameservers 127.0.0.1
"""


class OpenDKIM:
    """The verifying filter in front of ours, on a UNIX socket or a TCP port.

    Further words of opendkim.conf may be given; they win over those above.
    """

    def __init__(self, p, name="opendkim", port=None, **words):
        self.socket = words.pop("path", p.path(name + ".sock"))
        listen = f"inet:{port}@127.0.0.1" if port else "local:" + self.socket
        lines = [line for line in OPENDKIM_CONF.format(socket=listen,
                                                       host=namespace.HOST).splitlines()
                 if line.partition(" ")[0] not in words]
        lines += [f"{word} {value}" for word, value in words.items()]
        conf = p.write(name + ".conf", "\n".join(lines) + "\n")
        program = p.start(name, ["opendkim", "-x", conf])
        program.stop_signal = signal.SIGKILL    # it holds nothing, and TERM takes it seconds
        program.wait_socket(port or self.socket)


class Postfix:
    """The MTA. Add services with smtpd(), then start().

    Further words of main.cf may be given; they win over those above.
    """

    def __init__(self, p, sink_port, **words):
        self.p = p
        self.services = ""
        self.ports = []
        self.program = None
        p.write("postfix/main.cf",
                "\n".join([line for line in MAIN_CF.format(
                    tmp=p.tmp, host=namespace.HOST, sink=sink_port).splitlines()
                    if line.partition(" ")[0] not in words]
                    + [f"{word} = {value}" for word, value in words.items()]) + "\n")
        for header in ("AR", "SPF"):
            p.write(f"policyd-{header}.conf",
                    POLICYD_SPF_CONF.format(header_type=header, host=namespace.HOST))
        self._passwords()
        owner = pwd.getpwnam("postfix")
        for folder in ("queue", "data"):
            os.mkdir(p.path(folder), 0o755)
        os.chown(p.path("data"), owner.pw_uid, owner.pw_gid)

    def _passwords(self):
        """A Cyrus SASL database with one user."""
        path = self.p.path("postfix", "sasl", "sasldb2")
        self.p.write("postfix/sasl/smtpd.conf", "pwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                     f"mech_list: PLAIN\nsasldb_path: {path}\n")
        self.p.run(["saslpasswd2", "-p", "-c", "-f", path, "-u", namespace.HOST, USER],
                   input=PASSWORD)
        os.chmod(path, 0o644)

    def smtpd(self, port, milters, agent="AR", chroot="n", **options):
        """An SMTP service on a port; milters are socket paths or TCP ports in their order,
        None for those of main.cf.

        agent is what the SPF policy agent writes: "AR" (Authentication-Results), "SPF"
        (Received-SPF), or None where it is not asked.
        """
        words = dict(options)
        if milters is not None:
            words["smtpd_milters"] = ",".join(f"inet:127.0.0.1:{m}" if isinstance(m, int)
                                              else "unix:" + m for m in milters)
        if agent:
            words["smtpd_recipient_restrictions"] = \
                f"check_policy_service,unix:private/policyd-{agent}"
        self.services += f"{port} inet n - {chroot} - - smtpd\n" + \
            "".join(f" -o {name}={value}\n" for name, value in words.items())
        self.ports.append(port)

    def start(self):
        self.p.write("postfix/master.cf", MASTER_CF.format(tmp=self.p.tmp) + self.services)
        self.program = self.p.start("postfix-start", ["postfix", "-c", self.p.path("postfix"),
                                                      "start-fg"])
        for port in self.ports:
            self.program.wait_port(port)

    def log(self):
        return procs.read(self.p.path("postfix.log"))

    def queue(self):
        """The queue ids of mail that waits."""
        done = self.p.run(["postqueue", "-c", self.p.path("postfix"), "-j"])
        return done.stdout.splitlines()
