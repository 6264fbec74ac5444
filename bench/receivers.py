# SPDX-License-Identifier: Apache-2.0
"""The two sides of the comparison. Each is started the same way: same port, same receive buffer, same processors, its
file on the same disk, and nothing but what it has on disk when it is killed counts."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from machine import Usage

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("TRAPLINE_BUILD", ROOT / "build")).resolve()
COMMUNITY = "bench-harbour"
V3_USER, V3_PASSWORD, V3_ENGINES = "harbour", "bench-harbour-pass", 100
V3_ENGINE = "0x80007ed905626c61{:08x}"  # of trapline-blast (programs/blast/maker_v3.c)
NOBODY = 65534
SEQUENCE = re.compile(rb"8072\.9999\.9999\.2697\.1\.0 = STRING: \"0*(\d+)\"")
READY_SECONDS = 60


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("0.0.0.0", 0))
        return s.getsockname()[1]


PORT = free_port()  # another benchmark may run beside a smoke run


class Receiver:
    """One run of one receiver in a fresh folder; a context manager that leaves nothing behind."""

    name = ""

    def __init__(self, folder, pin=None, nobody=False):
        self.folder = Path(folder)
        self.pin, self.nobody = pin, nobody
        self.process = self.usage = None

    def __enter__(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.give(self.folder)
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def give(self, path):
        """To whom the receiver runs as."""
        if self.nobody:
            os.chown(path, NOBODY, NOBODY)

    def launch(self, command, **more):
        if self.nobody:
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        if self.pin:
            command = ["taskset", "--cpu-list", self.pin, *command]
        with open(self.folder / "said", "ab") as said:
            self.process = subprocess.Popen([str(c) for c in command], stdout=said, stderr=said, **more)

    def kill(self):
        """kill -9: what counts is what is on the disk now."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def said(self):
        return (self.folder / "said").read_text(errors="replace")


class Trapline(Receiver):
    name = "Trapline"

    def program(self):
        """A copy that nobody can reach too."""
        copy = self.folder / "trapline"
        if not copy.exists():
            shutil.copy2(BUILD / "trapline", copy)
        return copy

    def start(self):
        config = {"listen": [f"udp:0.0.0.0:{PORT}"], "communities": [
            {"label": "bench", "community": COMMUNITY, "from": ["127.0.0.0/8"]}], "users": [
            {"name": V3_USER, "auth": "sha256", "auth-password": V3_PASSWORD, "priv": "aes128", "priv-password": V3_PASSWORD}]}
        (self.folder / "trapline.yaml").write_text(json.dumps(config))
        (self.folder / "trapline.yaml").chmod(0o600)
        self.give(self.folder / "trapline.yaml")
        self.start_seconds = self.start_again()
        self.usage = Usage(self.process.pid)

    def start_again(self):
        """Starts on the data that is there; returns the seconds until it says that it is ready."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            path = self.folder / "ready"
            path.unlink(missing_ok=True)
            ready.bind(str(path))
            self.give(path)
            ready.settimeout(1)
            start = time.monotonic()
            self.launch([self.program(), "serve", "-c", self.folder / "trapline.yaml", "--data", self.folder / "data"],
                        env={**os.environ, "NOTIFY_SOCKET": str(path)})
            while not self.hears(ready):
                if self.process.poll() is not None or time.monotonic() - start > READY_SECONDS:
                    raise RuntimeError(f"trapline does not start: {self.said()}")
            return time.monotonic() - start

    @staticmethod
    def hears(ready):
        try:
            return b"READY=1" in ready.recv(4096)
        except TimeoutError:
            return False

    def status(self):
        done = subprocess.run([BUILD / "trapline", "status", "--json", "--data", self.folder / "data"], capture_output=True,
                              text=True, check=True)
        return json.loads(done.stdout)

    def kept(self):
        """Distinct sequence numbers in the journal of the killed collector."""
        done = subprocess.run([BUILD / "trapline-count", self.folder / "data"], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["distinct"]


class Snmptrapd(Receiver):
    name = "snmptrapd"

    def start(self):
        (self.folder / "snmptrapd.conf").write_text(
            f"authCommunity log {COMMUNITY}\nauthUser log {V3_USER} priv\n" + "".join(
                f"createUser -e {V3_ENGINE.format(i)} {V3_USER} SHA-256 {V3_PASSWORD} AES {V3_PASSWORD}\n"
                for i in range(V3_ENGINES)) + f"[snmp] serverRecvBuf {64 << 20}\n")
        start = time.monotonic()
        self.launch(["snmptrapd", "-f", "-n", "-C", "-c", self.folder / "snmptrapd.conf", "-m", "", "-Lf", self.folder / "log",
                     f"udp:127.0.0.1:{PORT}"], env={**os.environ, "SNMPCONFPATH": str(self.folder), "SNMP_PERSISTENT_DIR":
                                                   str(self.folder)})
        while b"NET-SNMP version" not in self.log():
            if self.process.poll() is not None or time.monotonic() - start > READY_SECONDS:
                raise RuntimeError(f"snmptrapd does not start: {self.said()}")
            time.sleep(0.01)
        self.start_seconds = time.monotonic() - start
        self.usage = Usage(self.process.pid)

    def log(self):
        path = self.folder / "log"
        return path.read_bytes() if path.exists() else b""

    def kept(self):
        seen = set()
        with open(self.folder / "log", "rb") as log:
            for line in log:
                seen.update(int(n) for n in SEQUENCE.findall(line))
        return len(seen)
