#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Allowing what waits, killed at every change of a file (kill_at.c) and at fsyncs with power loss (powerloss.c), while the
same informs are sent again: at the end each message that waited is in the journal exactly once, and nothing waits.

    EVERY=5 SEED=1 tests/crash/waiting.py
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import harness  # noqa: E402
from harness import BUILD, PORT, TRAPLINE, Collector  # noqa: E402

EVERY = int(os.environ.get("EVERY", "1"))  # of the changes, each EVERY-th
SEED = int(os.environ.get("SEED", time.time_ns() % 1000000))
POWER_RUNS = int(os.environ.get("POWER_RUNS", "25"))
CRASH = BUILD / "tests" / "crash"
WRONG, MESSAGES, TRAPS3, CHANGES_MAX = "not-yet-allowed", 12, 2, 400
USER = {"--user": "alice", "--auth": "sha256", "--auth-password": "authpass123", "--priv": "aes128", "--priv-password": "privpass123"}
TO = ("127.0.0.1", PORT)


def datagram(number):
    """Informs and traps by turns."""
    sequence = harness.varbind(harness.SEQUENCE_OID, harness.ber(0x04, str(number).encode()))
    return harness.notification(number, sequence, tag=0xA6 if number % 2 else 0xA7, community=WRONG)


def filled():
    """A stopped collector in whose room the messages wait."""
    collector = Collector().start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for number in range(MESSAGES):
            s.sendto(datagram(number), TO)
    for number in range(MESSAGES, MESSAGES + TRAPS3):
        harness.run(["snmptrap", "-v3", "-e", "0x80000000010203", "-u", "alice", "-l", "authPriv", "-a", "SHA-256", "-A", "authpass123",
                     "-x", "AES", "-X", "privpass123", f"127.0.0.1:{PORT}", "", "1.3.6.1.6.3.1.1.5.1",
                     harness.SEQUENCE_OID, "s", str(number)])
    harness.wait_until(lambda: sum(w["kept"] for w in collector.waiting()) == MESSAGES + TRAPS3)
    collector.stop()
    shutil.copytree(collector.data, collector.folder / "filled")
    return collector


class Resender:
    """Senders that got no answer: the informs again, all the time."""

    def __init__(self):
        self.on = True
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            while self.on:
                for number in range(1, MESSAGES, 2):
                    try:
                        s.sendto(datagram(number), TO)
                    except OSError:
                        pass  # nobody listens now
                time.sleep(0.004)

    def stop(self):
        self.on = False
        self.thread.join()


def allow(collector):
    items = harness.run([TRAPLINE, "waiting", "list", "--json", "--data", collector.data]).stdout.splitlines()
    for item in map(json.loads, items):
        wish = [word for pair in USER.items() for word in pair] if item["version"] == "3" else ["--label", "late"]
        harness.run([TRAPLINE, "waiting", "allow", "--data", collector.data, *wish, item["id"]])


def killed_while_allowing(collector, environment):
    """One run; returns how the process ended: killed, or None when it lived through it all."""
    shutil.rmtree(collector.data)
    shutil.copytree(collector.folder / "filled", collector.data)
    collector.environment = environment
    collector.start(ready=False)
    harness.wait_until(lambda: collector.process.poll() is not None or collector.status(quiet=True), 20)
    if collector.process.poll() is None:
        allow(collector)
    try:
        collector.process.wait(0.3)
    except subprocess.TimeoutExpired:
        collector.kill()
        return None
    return collector.process.returncode


def completed(collector):
    """Starts again without the shim and finishes: (sequence numbers in the journal, what still waits)."""
    collector.environment = {}
    collector.start()
    allow(collector)
    harness.wait_until(lambda: not collector.waiting(), 10)
    waiting = collector.waiting()
    status = harness.wait_until(lambda: (lambda s: s["in_flight"] == 0 and s)(collector.status()))
    uneven = harness.ends_of(status) != status["received"]
    collector.stop()
    stored = sorted(harness.sequence_of(e) for e in collector.events())
    return stored, waiting, uneven


def check(tap, collector, what):
    stored, waiting, uneven = completed(collector)
    good = stored == list(range(MESSAGES + TRAPS3)) and not waiting and not uneven
    if not good:
        tap.ok(False, what, (stored, waiting, uneven, collector.said()[-1500:]))
    return good


def every_change(tap):
    collector = filled()
    again = Resender()
    at, deaths, good = 1, 0, True
    try:
        while good and at < CHANGES_MAX:
            end = killed_while_allowing(collector, {"LD_PRELOAD": str(CRASH / "libkill_at.so"), "KILL_AT": str(at)})
            if end is None:
                break
            deaths += 1
            good = end == -signal.SIGKILL and check(tap, collector, f"killed at change {at}")
            at += EVERY
    finally:
        again.stop()
    print(f"# {deaths} deaths, the last before change {at}", flush=True)
    tap.ok(good and deaths >= 40 // EVERY, f"killed before {deaths} changes of files: each is stored once, and nothing waits")
    tap.ok(at < CHANGES_MAX, "until nothing was left to kill at")


def power_loss(tap):
    chance = random.Random(SEED)
    print(f"# {POWER_RUNS} runs, seed {SEED}", flush=True)
    collector = filled()
    again = Resender()
    deaths, good = 0, True
    try:
        for run in range(POWER_RUNS):
            at, seed = chance.randint(2, 16), chance.randint(1, 1 << 30)
            end = killed_while_allowing(collector, {"LD_PRELOAD": str(CRASH / "libpowerloss.so"), "POWERLOSS_DIR": str(collector.data),
                                                    "POWERLOSS_AT": str(at), "POWERLOSS_SEED": str(seed)})
            deaths += end == -signal.SIGKILL
            good = good and check(tap, collector, f"power lost at fsync {at}, seed {seed}")
    finally:
        again.stop()
    tap.ok(good and deaths > POWER_RUNS // 3, f"power lost {deaths} times: each is stored once, and nothing waits", deaths)


def control(tap):
    """A collector that does not look in the journal for what it had moved must be seen to store twice."""
    twice = 0
    collector = filled()
    for at in range(20, 90):
        killed_while_allowing(collector, {"LD_PRELOAD": str(CRASH / "libkill_at.so"), "KILL_AT": str(at)})
        collector.program = CRASH / "trapline-no-search"
        stored, _, _ = completed(collector)
        collector.program = TRAPLINE
        twice = max(twice, len(stored) - len(set(stored)))
        if twice:
            break
    tap.ok(twice > 0, "control: without the search in the journal an event is stored twice", twice)


if __name__ == "__main__":
    harness.isolate()
    harness.main(every_change, power_loss, control)
