#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The sums are exact: in the middle of a mixed load, after the kernel was made to drop, and with a rate limit."""
import json
import signal
import socket
import time

import harness
from harness import BLAST, COMMUNITY, PORT, Collector

FLOOD = 300_000  # more than any receive buffer here holds


def sender(*arguments, community=COMMUNITY):
    command = [BLAST, "--to", f"127.0.0.1:{PORT}", "--community", community, *arguments]
    return harness.start(command, stdout=harness.subprocess.PIPE, text=True)


def finish(process):
    out, _ = process.communicate(timeout=60)
    harness.STARTED.remove(process)
    return json.loads(out)


def settled(collector):
    """The status once nothing is in flight and nothing more arrives."""
    last = None
    while True:
        status = collector.status()
        if status["in_flight"] == 0 and last == status["received"]:
            return status
        last = status["received"]
        time.sleep(0.2)


def mixed(tap):
    with Collector() as collector:
        senders = [sender("--version", "1", "--rate", "5000", "--seconds", "3", "--sources", "50"),
                   sender("--rate", "20000", "--seconds", "3", "--sources", "200", "--seq-start", "1000000"),
                   sender("--inform", "--rate", "3000", "--seconds", "3", "--seq-start", "2000000"),
                   sender("--rate", "2000", "--seconds", "3", "--seq-start", "3000000", community="not-this-one")]
        uneven = []
        while any(s.poll() is None for s in senders):
            status = collector.status()
            if harness.ends_of(status) != status["received"]:
                uneven.append(status)
        v1, v2c, informs, wrong = [finish(s) for s in senders]
        tap.same(uneven, [], "every snapshot under load sums to received")
        status = settled(collector)
        sent = sum(r["sent"] for r in (v1, v2c, informs, wrong))
        tap.same(status["received"] + status["kernel_dropped"], sent, "sent = received + dropped by the kernel")
        if status["kernel_dropped"] == 0:
            tap.same(status["stored"], sum(r["sent"] for r in (v1, v2c)) + informs["acknowledged"], "stored")
            tap.same(status["refused"], {}, "nothing of it is malformed")
            tap.same(status["waiting"] + status["evicted"], wrong["sent"], "what is not allowed waits, or made room for others")
            tap.same(status["duplicate"], informs["retransmitted"], "informs that came again are duplicates")
        tap.same(informs["outstanding"], 0, "every inform was acknowledged")
        listeners = sum(l["received"] for l in status["listeners"])
        tap.same(listeners, status["received"], "the listeners sum to the whole")
        tap.same(collector.count()["distinct"], status["stored"], "the journal holds what was counted as stored")


def dropped(tap):
    with Collector() as collector:
        collector.process.send_signal(signal.SIGSTOP)
        flood = harness.blast("--rate", "0", "--count", FLOOD, "--sources", "64")
        collector.process.send_signal(signal.SIGCONT)
        last = harness.blast("--rate", "1000", "--count", "100", "--seq-start", FLOOD)
        status = settled(collector)
        tap.ok(status["kernel_dropped"] > 0, "a stopped collector makes the kernel drop", status["kernel_dropped"])
        tap.same(status["received"] + status["kernel_dropped"], flood["sent"] + last["sent"], "sent = received + dropped by the kernel")
        tap.same((harness.ends_of(status), status["stored"]), (status["received"], status["received"]), "all received is stored")
        tap.same(collector.count()["distinct"], status["stored"], "and is in the journal")


def storm(tap):
    rate, sent = 50, 900
    with Collector(**{"rate-limit": rate}) as collector:
        result = harness.blast("--inform", "--rate", "600", "--count", sent, "--timeout-ms", "20000")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.55", 0))
            tap.same(harness.response_id(harness.ask(s, harness.inform(9), ("127.0.0.1", PORT))[0]), 9, "another source is not limited")
        tap.same(result["acknowledged"], sent, "informs over the rate are acknowledged too")
        status = settled(collector)
        tap.ok(rate <= status["stored"] - 1 <= 4 * rate, "at most the rate is stored one by one in a second", status)
        tap.same(status["stored"] + status["limited"], sent + 1, "the rest is limited")
        done = harness.run([harness.TRAPLINE, "events", "--json", "--data", collector.data, "--limit", "0", "--kind", "storm"])
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        tap.ok(1 <= len(rows) <= 4, "one row a second", rows)
        tap.same(sum(r["count"] for r in rows), status["limited"], "whose counts sum to what was limited")


if __name__ == "__main__":
    harness.isolate()
    harness.main(mixed, dropped, storm)
