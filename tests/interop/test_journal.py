#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The journal under stress: retention while traps arrive, a full disk and back, and damage that must stop the start."""
import hashlib
import shutil
import socket
import subprocess
import time

import harness
from harness import PORT, Collector


def settled(collector):
    """The status once retention, which looks every second, has nothing more to cut."""
    cut = None
    while (status := collector.status())["journal"]["cut"] != cut:
        cut = status["journal"]["cut"]
        time.sleep(2.5)
    return status


def retention(tap):
    with Collector(retention={"days": 1, "size": "4MB"}) as collector:
        for turn in range(4):
            harness.blast("--rate", "30000", "--count", "30000", "--seq-start", turn * 30000)
        harness.wait_until(lambda: collector.status()["stored"] == 120000)
        status = settled(collector)
        tap.same(status["stored"], 120000, "all were stored while the oldest were cut")
        tap.ok(status["journal"]["cut"] > 50000, "retention cut", status["journal"])
        tap.ok(status["journal"]["bytes"] <= 4_000_000, "down to the size that was asked for", status["journal"])
        events = collector.events()
        # The collector's own events have ids too: where the machine is slow, a deadline of the alarms passes meanwhile.
        ids = [e["id"] for e in collector.events("--kind", "trap,inform,storm,started,stopped,reloaded,gap,tick,act,poll,rules,site")]
        holes = sorted(set(range(ids[0], ids[-1] + 1)) - set(ids))
        tap.ok(ids == sorted(set(ids)) and not holes, "what is kept has consecutive ids", (ids[0], ids[-1], len(ids), holes[:20]))
        tap.same(harness.sequence_of(events[-1]), 119999, "the newest is there")
        collector.stop()
        collector.start()
        harness.blast("--count", "10", "--rate", "0", "--seq-start", "120000")
        newest = harness.wait_until(lambda: [e for e in collector.events() if harness.sequence_of(e) == 120009])
        tap.ok(newest and newest[0]["id"] > ids[-1] + 9, "ids go on rising after a restart", newest)


def full_disk(tap):
    collector = Collector()
    collector.data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "trapline-test", collector.data], check=True)
    try:
        with collector:
            filled = harness.blast("--inform", "--count", "40000", "--rate", "20000", "--linger-ms", "500", "--timeout-ms", "60000",
                                   "--window", "40000")
            tap.ok(0 < filled["acknowledged"] < 40000, "the disk fills up while informs arrive", filled)
            state = harness.wait_until(lambda: collector.status()["journal"]["state"] != "ok" and collector.status()["journal"])
            tap.same(state and state["state"], "disk-full", "status says so")
            tap.ok(any("disk" in w for w in collector.status()["warnings"]), "and warns", collector.status()["warnings"])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                reply, _ = harness.ask(s, harness.inform(123), ("127.0.0.1", PORT), 2)
                tap.same(reply, None, "nothing is acknowledged meanwhile")
                status = collector.status()
                tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
                subprocess.run(["mount", "-o", "remount,size=256m", collector.data], check=True)
                s.settimeout(10)
                tap.same(harness.response_id(s.recv(65536)), 123, "room again: the inform that waited is acknowledged by itself")
            harness.wait_until(lambda: collector.status()["in_flight"] == 0)
            status = collector.status()
            tap.same((status["journal"]["state"], status["in_flight"]), ("ok", 0), "and status is well again")
            tap.same(status["stored"], 40001, "everything that was taken in is stored")
            tap.same(len(collector.events()), 40001, "once")
    finally:
        subprocess.run(["umount", "--lazy", collector.data], check=False)


def hashes(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir()) if p.is_file() and p.name != "lock"}


def write_at(path, at, data):
    with open(path, "r+b") as f:
        f.seek(at, 0 if at >= 0 else 2)
        f.write(data)


PAGE = 8192  # JOURNAL_PAGE; half of one may be room that no block uses
# What is done to the stopped collector's folder; every one must stop the next start and change nothing.
DAMAGES = {
    "the journal's header": lambda d: write_at(d / "journal.db", 0, b"not SQLite at all"),
    "the journal's application id": lambda d: write_at(d / "journal.db", 68, b"\0\0\0\1"),
    "a newer journal version": lambda d: write_at(d / "journal.db", 60, b"\0\0\xff\xff"),
    "the journal's last page": lambda d: write_at(d / "journal.db", -PAGE, b"\xa5" * PAGE),
    "the journal cut short": lambda d: (d / "journal.db").write_bytes((d / "journal.db").read_bytes()[:-20000]),
    "an empty journal": lambda d: (d / "journal.db").write_bytes(b""),
    "the engine file's text": lambda d: (d / "engine").write_bytes((d / "engine").read_bytes().replace(b"0", b"1", 1)),
    "the engine file cut short": lambda d: (d / "engine").write_bytes((d / "engine").read_bytes()[:-5]),
    "an empty engine file": lambda d: (d / "engine").write_bytes(b""),
}


def damage(tap):
    with Collector() as good:
        harness.blast("--count", "5000", "--rate", "20000")
        harness.wait_until(lambda: good.status()["stored"] == 5000)
        good.stop()
    wal = good.data / "journal.db-wal"
    tap.same(wal.stat().st_size if wal.exists() else 0, 0, "a stop brings everything into one file")
    done = harness.run([harness.TRAPLINE, "verify", "--data", good.data])
    tap.same(done.returncode, 0, "verify finds a good journal good")
    for what, act in DAMAGES.items():
        collector = Collector()
        shutil.copytree(good.data, collector.data, ignore=shutil.ignore_patterns("control", "*-wal", "*-shm"))
        act(collector.data)
        before = hashes(collector.data)
        collector.start(ready=False)
        code = collector.process.wait(10) if harness.wait_until(lambda c=collector: c.process.poll() is not None) else None
        tap.ok(code not in (None, 0) and code > 0, f"{what}: serve does not start", f"exit code {code}\n{collector.said()}")
        name = "engine" if "engine" in what else "journal.db"
        tap.ok(name in collector.said(), f"{what}: it says which file", collector.said())
        after = {k: v for k, v in hashes(collector.data).items() if k in before}
        tap.same(after, before, f"{what}: the files stay as they were")
        if code is None:
            collector.stop()


def damaged_middle(tap):
    """Pages that the quick look at the start does not reach: the full check finds them."""
    with Collector() as collector:
        harness.blast("--count", "20000", "--rate", "20000")
        harness.wait_until(lambda: collector.status()["stored"] == 20000)
        collector.stop()
    size = (collector.data / "journal.db").stat().st_size
    for part in (20, 30, 40, 50, 60):
        write_at(collector.data / "journal.db", size * part // 100, b"\xa5" * 64)
    done = harness.run([harness.TRAPLINE, "verify", "--data", collector.data])
    tap.ok(done.returncode == 3 and done.stdout + done.stderr, "verify: findings", (done.returncode, done.stdout, done.stderr))


if __name__ == "__main__":
    harness.isolate()
    harness.main(retention, full_disk, damage, damaged_middle)
