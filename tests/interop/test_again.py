#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same inform again: acknowledged every time and stored once, by UDP, by TCP, and over a kill -9. The same bytes of
version 3 from somebody else: stored once, and nobody is told."""
import shutil
import socket
import tempfile
import threading
from pathlib import Path

import harness
from harness import PORT, Collector

TEXT_OID = "1.3.6.1.4.1.8072.9999.9999.5.0"


def by_udp(message):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:  # a new port every time
        return harness.response_id(harness.ask(s, message, ("127.0.0.1", PORT))[0])


def by_tcp(message):
    with socket.create_connection(("127.0.0.1", PORT), timeout=5) as s:
        s.sendall(message)
        return harness.response_id(s.recv(65536))


def again(tap):
    message = harness.inform(77, harness.varbind(TEXT_OID, harness.ber(0x04, b"once")))
    other = harness.inform(77, harness.varbind(TEXT_OID, harness.ber(0x04, b"more")))
    with Collector() as collector:
        tap.same([by_udp(message) for _ in range(3)], [77] * 3, "by UDP, three times: acknowledged three times")
        tap.same([by_tcp(message) for _ in range(2)], [77] * 2, "by TCP, from new connections: acknowledged")
        status = collector.status()
        tap.same((status["stored"], status["duplicate"], len(collector.events())), (1, 4, 1), "stored once")
        collector.kill()
        collector.start()
        tap.same([by_udp(message), by_tcp(message)], [77] * 2, "after kill -9 and a new start: acknowledged")
        status = collector.status()
        tap.same((status["stored"], status["duplicate"], len(collector.events())), (0, 2, 1), "and still stored once")
        tap.same(by_udp(harness.inform(78, harness.varbind(TEXT_OID, harness.ber(0x04, b"once")))), 78, "another request-id")
        tap.same(by_udp(other), 77, "the same request-id with other content")
        tap.same(len(collector.events()), 3, "are informs of their own")
        tap.same(harness.ends_of(collector.status()), collector.status()["received"], "the ends sum to received")


def workers(tap):
    """A source is the same worker's by UDP and by TCP, also after a new start."""
    with Collector(arguments=["--workers", "4"]) as collector:
        for host in range(1, 9):
            message = harness.inform(host)

            def say(kind, host=host, message=message):
                with socket.socket(socket.AF_INET, kind) as s:
                    s.settimeout(5)
                    s.bind((f"127.0.0.{host}", 0))
                    s.connect(("127.0.0.1", PORT))
                    s.send(message)
                    return harness.response_id(s.recv(65536))

            said = [say(socket.SOCK_DGRAM), say(socket.SOCK_STREAM), say(socket.SOCK_DGRAM)]
            if host % 4 == 0:
                collector.kill()
                collector.start()
                said += [say(socket.SOCK_STREAM), say(socket.SOCK_DGRAM)]
            tap.same(set(said), {host}, f"from 127.0.0.{host}: acknowledged by both")
        tap.same(len(collector.events()), 8, "and each stored once")


MANAGER = f"""#!/usr/bin/python3
import os, socket, sys
if sys.argv[1] == "serve":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", {PORT}))
    os.dup2(os.dup(s.fileno()), 3)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv("{harness.TRAPLINE}", ["trapline", *sys.argv[1:]])
"""


def passed(tap):
    """A socket of the service manager is the first worker's, whoever sends, also after a new start."""
    manager = Path(tempfile.mkdtemp(prefix="trapline-test-")) / "manager"
    manager.write_text(MANAGER)
    manager.chmod(0o755)
    with Collector(arguments=["--workers", "4"], program=manager, listen=[f"udp:127.0.0.1:{PORT}"]) as collector:
        for start in range(2):
            for host in range(1, 9):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.bind((f"127.0.0.{host}", 0))
                    reply, _ = harness.ask(s, harness.inform(host), ("127.0.0.1", PORT))
                    tap.same(harness.response_id(reply), host, f"start {start + 1}, from 127.0.0.{host}: acknowledged")
            collector.kill()
            collector.start()
        tap.same(len(collector.events()), 8, "each is stored once")
    shutil.rmtree(manager.parent)


def clock_set_back(tap):
    """The wall clock is an hour behind after a new start: what the journal holds is later than now."""
    message = harness.inform(6)
    ahead = {"LD_PRELOAD": harness.BUILD / "tests/interop/libclock_ahead.so", "ASAN_OPTIONS": "verify_asan_link_order=0"}
    with Collector(environment=ahead) as collector:
        tap.same(by_udp(message), 6, "acknowledged while the clock is ahead")
        collector.kill()
        collector.environment = {}
        collector.start()
        tap.same([by_udp(message), by_udp(message)], [6, 6], "and again when it was set right")
        tap.same(len(collector.events()), 1, "stored once")


def from_elsewhere(tap):
    """The same bytes from another address are another device's inform."""
    message = harness.inform(5)
    with Collector() as collector:
        for address in ("127.0.0.1", "127.0.0.42"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((address, 0))
                tap.same(harness.response_id(harness.ask(s, message, ("127.0.0.1", PORT))[0]), 5, f"from {address}")
        tap.same(len(collector.events()), 2, "two addresses, two informs")


USER = {"name": "alice", "auth": "sha256", "auth-password": "maple syrup", "priv": "aes128", "priv-password": "birch bark"}
RELAY = PORT + 1


def recorded(kind, folder):
    """What `trapline send` says for one notification of version 3, on its way to the collector and back."""
    said = []

    def relay(near, far):
        while True:
            try:
                message, sender = near.recvfrom(65536)
                said.append(message)
                far.sendto(message, ("127.0.0.1", PORT))
                if kind == "inform":
                    near.sendto(far.recv(65536), sender)
            except OSError:
                return

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as near, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        near.bind(("127.0.0.1", RELAY))
        near.settimeout(2)
        far.settimeout(2)
        thread = threading.Thread(target=relay, args=(near, far))
        thread.start()
        options = [f"--{k}={v}" if k != "name" else f"--user={v}" for k, v in USER.items()]
        harness.run([harness.TRAPLINE, "send", kind, "coldStart", "--to", f"127.0.0.1:{RELAY}", "--state", folder, *options])
        thread.join()
    return said


def replayed(tap):
    """An attacker chooses his address, and with it the worker that hears him."""
    with Collector(arguments=["--workers", "4"], users=[USER]) as collector:
        for kind, stored in (("trap", 1), ("inform", 2)):
            message = recorded(kind, collector.folder)[-1]
            tap.ok(harness.wait_until(lambda n=stored: collector.status()["stored"] == n), f"a {kind} of version 3 is stored")
            heard = collector.status()["received"]
            for host in range(2, 34):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.bind((f"127.0.0.{host}", 0))
                    s.sendto(message, ("127.0.0.1", PORT))
            harness.wait_until(lambda n=heard + 32: collector.status()["received"] == n)
            status = collector.status()
            tap.same((status["received"] - heard, status["stored"]), (32, stored), "replays from 32 addresses are not")
        acknowledged = collector.status()["acknowledged"]
        refused = collector.status()["refused"].get("replay", 0)
        tap.ok(refused > 32 and acknowledged < 32, "all but those that reach its own worker are refused", collector.status())
        tap.same(harness.ends_of(collector.status()), collector.status()["received"], "the ends sum to received")


if __name__ == "__main__":
    harness.isolate()
    harness.main(again, workers, passed, clock_set_back, from_elsewhere, replayed)
