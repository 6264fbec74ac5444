# SPDX-License-Identifier: Apache-2.0
"""What the interoperability and crash tests share: a network namespace of their own, a collector, TAP, and senders.

A test calls isolate() first: it runs itself again inside a new network namespace (`unshare --net`), where ports 162 and
2697 are free and nothing can reach anybody else. Everything a test starts it also stops, by process id.
"""
import atexit
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = Path(os.environ.get("TRAPLINE_BUILD", ROOT / "build")).resolve()
TRAPLINE = BUILD / "trapline"
BLAST = BUILD / "trapline-blast"
COUNT = BUILD / "trapline-count"
SANITIZED = TRAPLINE.exists() and b"__asan_init" in TRAPLINE.read_bytes()  # needs more memory

COMMUNITY = "s3cr3t-harbour"
PORT = 2697
SEQUENCE_OID = "1.3.6.1.4.1.8072.9999.9999.2697.1.0"  # programs/blast/maker.h
EXTRA_ADDRESSES = ("2001:db8::1/128", "2001:db8::2/128", "192.0.2.1/32")  # on lo, beside 127.0.0.0/8 and ::1

STARTED = []  # processes to stop at the end, whatever happens


class Skip(Exception):
    pass


# ---- TAP


class Tap:
    """One line a check. A check that raises is a failed check, and the program goes on with the next."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, condition, name, detail=""):
        self.count += 1
        if not condition:
            self.failed += 1
        print(f"{'ok' if condition else 'not ok'} {self.count} - {name}", flush=True)
        if not condition and detail != "":
            for line in str(detail).splitlines()[:60]:
                print(f"# {line}", flush=True)
        return bool(condition)

    def same(self, got, wanted, name):
        return self.ok(got == wanted, name, f"got    {got!r}\nwanted {wanted!r}")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)


def main(*cases):
    """Runs the cases (functions of a Tap) and ends the program."""
    if not TRAPLINE.exists():
        print(f"Bail out! {TRAPLINE} is not there; TRAPLINE_BUILD names the build folder")
        sys.exit(1)
    tap = Tap()
    wanted = sys.argv[1:]
    for case in cases:
        if wanted and case.__name__ not in wanted:
            continue
        try:
            case(tap)
        except Skip as reason:
            tap.skip(case.__name__, reason)
        except Exception:  # the failed check is the report
            tap.ok(False, f"{case.__name__} ran to its end", traceback.format_exc())
        finally:
            stop_all()
    print(f"1..{tap.count}", flush=True)
    sys.exit(1 if tap.failed else 0)


# ---- the namespace


def isolate():
    """Goes on inside a network namespace of its own, with lo up and a few more addresses on it."""
    if os.environ.get("TRAPLINE_TEST_ISOLATED") != "yes":
        how = ["unshare", "--net", "--mount", "--propagation", "private"]
        if os.geteuid() != 0:
            how += ["--map-root-user"]
            os.environ["TRAPLINE_TEST_MAPPED"] = "yes"  # root in here is nobody special outside
        if subprocess.run([*how, "true"], capture_output=True).returncode != 0:
            print("1..0 # SKIP a network namespace cannot be made here (needs root or user namespaces)")
            sys.exit(0)
        os.environ["TRAPLINE_TEST_ISOLATED"] = "yes"
        os.execvp("unshare", [*how, sys.executable, *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in EXTRA_ADDRESSES:
        subprocess.run(["ip", "addr", "add", address, "dev", "lo"], check=True)


def need(*commands):
    for command in commands:
        if not shutil.which(command):
            raise Skip(f"{command} is not installed")


# ---- processes


def start(command, **more):
    process = subprocess.Popen([str(c) for c in command], **more)
    STARTED.append(process)
    return process


def stop(process, sig=signal.SIGTERM, patience=20):
    """Ends one process that start() made; returns its exit code."""
    if process.poll() is None:
        process.send_signal(sig)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    if process in STARTED:
        STARTED.remove(process)
    return process.returncode


def stop_all():
    for process in list(STARTED):
        if process.poll() is None:
            process.kill()
        process.wait()
        STARTED.remove(process)


atexit.register(stop_all)


@contextlib.contextmanager
def capturing(file, what, on="lo"):
    """What tcpdump sees on an interface while the block runs, in a file; `what` is its filter."""
    need("tcpdump")
    sniffer = start(["tcpdump", "-i", on, "-w", file, "-U", "--immediate-mode", "-Z", "root", what], stderr=subprocess.PIPE, text=True)
    while "listening" not in sniffer.stderr.readline():
        if sniffer.poll() is not None:
            raise Skip("tcpdump cannot capture here")
    time.sleep(0.3)  # it says so a little early
    yield
    time.sleep(0.3)  # and writes a little late
    stop(sniffer)


def run(command, **more):
    """Runs a command to its end; never raises for its exit code."""
    more.setdefault("timeout", 60)
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, errors="replace", **more)


def wait_until(condition, patience=10, pause=0.02):
    """Calls until the answer is true or the patience ends; returns the last answer."""
    end = time.monotonic() + patience
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)


# ---- the collector


class Collector:
    """`trapline serve` with a folder of its own. Use it in a `with` block, or call start() and stop()."""

    def __init__(self, data=None, arguments=(), environment=None, program=TRAPLINE, **config):
        self.folder = Path(tempfile.mkdtemp(prefix="trapline-test-"))
        self.data = Path(data) if data else self.folder / "data"
        self.file = self.folder / "trapline.yaml"
        self.log = self.folder / "log"
        self.arguments, self.environment, self.program = list(arguments), dict(environment or {}), program
        self.config = {
            "listen": [f"udp:0.0.0.0:{PORT}", f"udp:[::]:{PORT}", f"tcp:0.0.0.0:{PORT}", f"tcp:[::]:{PORT}"],
            "communities": [{"label": "ops", "community": COMMUNITY, "from": ["127.0.0.0/8", "::1/128", "2001:db8::/32",
                                                                              "192.0.2.0/24"]}],
        }
        self.config.update(config)
        self.process = None
        atexit.register(shutil.rmtree, self.folder, True)

    def __enter__(self):
        return self.start()

    def __exit__(self, raised, *_):
        if self.process and self.process.poll() is None and stop(self.process) != 0 and not raised:
            raise RuntimeError(f"serve ends with exit code {self.process.returncode}:\n{self.said()}")
        if not raised and ("Sanitizer" in self.said() or "runtime error" in self.said()):
            raise RuntimeError(self.said())

    def write_config(self):
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(self.config, indent=2))  # JSON is YAML

    def start(self, ready=True, patience=20):
        self.write_config()
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = start([self.program, "serve", "-c", self.file, "--data", self.data, *self.arguments],
                                 stdout=log, stderr=log, env={**os.environ, **self.environment})
        if ready:
            self.wait_ready(patience)
        return self

    def wait_ready(self, patience=20):
        wait_until(lambda: self.process.poll() is not None or self.status(quiet=True), patience)
        if self.process.poll() is not None or not self.status(quiet=True):
            raise RuntimeError(f"serve is not ready (exit code {self.process.poll()}):\n{self.said()}")

    def stop(self):
        return stop(self.process)

    def kill(self):
        return stop(self.process, signal.SIGKILL)

    def reload(self):
        self.write_config()
        self.process.send_signal(signal.SIGHUP)

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def status(self, quiet=False):
        done = run([self.program, "status", "--json", "--data", self.data])
        if done.returncode != 0:
            if quiet:
                return None
            raise RuntimeError(f"status: exit code {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)

    def events(self, *filters):
        """All traps and informs of the journal, in the order of their ids."""
        done = run([self.program, "events", "--json", "--data", self.data, "--limit", "0", *filters])
        if done.returncode != 0:
            raise RuntimeError(f"events: exit code {done.returncode}: {done.stderr}")
        return sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda e: e["id"])

    def waiting(self):
        """What waits in the room, in the order of its ids."""
        done = run([self.program, "waiting", "list", "--json", "--data", self.data])
        if done.returncode != 0:
            raise RuntimeError(f"waiting list: exit code {done.returncode}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait_events(self, count, patience=10):
        """The events as soon as there are `count`, or those there are when the patience ends."""
        wait_until(lambda: len(self.events()) >= count, patience)
        return self.events()

    def count(self, *arguments):
        """What trapline-count finds in the journal."""
        done = run([COUNT, *arguments, self.data], timeout=600)
        if done.returncode != 0:
            raise RuntimeError(f"trapline-count: exit code {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)


class Unprivileged(Collector):
    """`serve` as nobody, with an empty capability set, when this test is root at all. `files`: it has to read them."""

    def __init__(self, files=(), **more):
        super().__init__(**more)
        if os.geteuid() == 0 and "TRAPLINE_TEST_MAPPED" not in os.environ:
            self.data.mkdir()
            self.write_config()
            for path in (self.folder, self.data, self.file, *files):
                shutil.chown(path, "nobody", "nogroup")
            self.wrapper = self.folder / "serve"
            self.wrapper.write_text("#!/bin/sh\nexec setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all "
                                    f"--bounding-set=-all --no-new-privs {TRAPLINE} \"$@\"\n")
            self.wrapper.chmod(0o755)

    def start(self, *more, **named):
        if hasattr(self, "wrapper"):
            self.program = self.wrapper
        started = super().start(*more, **named)
        self.program = TRAPLINE
        return started

    def is_nobody(self):
        """Whether it runs as it should; true where this test is not root itself."""
        state = Path(f"/proc/{self.process.pid}/status").read_text()
        return not hasattr(self, "wrapper") or ("CapEff:\t0000000000000000" in state and "Uid:\t65534" in state)


def ends_of(status):
    """Every end that a message can have, added up (design: one snapshot sums to `received`)."""
    single = ("stored", "duplicate", "answered", "waiting", "evicted", "denied", "limited", "in_flight")
    return sum(status[name] for name in single) + sum(status["refused"].values())


def varbinds(event):
    return {v["oid"]: v for v in event["varbinds"]}


def text_of(varbind):
    """The octets of an OCTET STRING varbind as text."""
    return bytes.fromhex(varbind["value"]).decode(errors="replace")


def sequence_of(event):
    """The sequence number of a message of trapline-blast."""
    return int(text_of(varbinds(event)[SEQUENCE_OID]))


# ---- senders


def blast(*arguments, to=f"127.0.0.1:{PORT}", community=COMMUNITY, timeout=120):
    done = run([BLAST, "--to", to, "--community", community, *arguments], timeout=timeout)
    if done.returncode != 0:
        raise RuntimeError(f"trapline-blast: exit code {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def ber(tag, content):
    n = len(content)
    head = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + head + content


def ber_integer(value, tag=0x02):
    return ber(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def ber_oid(text):
    arcs = [int(a) for a in text.strip(".").split(".")]
    out = bytearray()
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        out += bytes(reversed(digits))
    return ber(0x06, bytes(out))


def varbind(oid, value):
    return ber(0x30, ber_oid(oid) + value)


def notification(request_id, *extra, tag=0xA7, community=COMMUNITY, trap_oid="1.3.6.1.6.3.1.1.5.1", version=1):
    """A v2c trap (tag 0xa6: inform) in bytes, for what the strangers' tools cannot be made to send."""
    bindings = varbind("1.3.6.1.2.1.1.3.0", ber_integer(4711, 0x43)) + varbind("1.3.6.1.6.3.1.1.4.1.0", ber_oid(trap_oid))
    pdu = ber_integer(request_id) + ber_integer(0) + ber_integer(0) + ber(0x30, bindings + b"".join(extra))
    return ber(0x30, ber_integer(version) + ber(0x04, community.encode()) + ber(tag, pdu))


def inform(request_id, *extra, **more):
    return notification(request_id, *extra, tag=0xA6, **more)


def ask(sock, datagram, to, patience=5.0):
    """Sends and waits for one reply: (bytes, address), or (None, None)."""
    sock.settimeout(patience)
    sock.sendto(datagram, to)
    try:
        return sock.recvfrom(65536)
    except socket.timeout:
        return None, None


def tlv(data):
    """The first element of BER bytes: (tag, content, what follows)."""
    n, at = data[1], 2
    if n >= 128:
        at += n & 0x7F
        n = int.from_bytes(data[2:at], "big")
    return data[0], data[at : at + n], data[at + n :]


def response_id(reply):
    """The request-id of a v2c Response, or None."""
    if not reply:
        return None
    _, message, _ = tlv(reply)
    _, _, rest = tlv(message)  # version
    _, _, rest = tlv(rest)  # community
    tag, pdu, _ = tlv(rest)
    return int.from_bytes(tlv(pdu)[1], "big", signed=True) if tag == 0xA2 else None


def receive_buffer(sock):
    return struct.unpack("I", sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4))[0]
