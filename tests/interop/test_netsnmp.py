#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Net-SNMP's snmptrap and snmpinform against the collector: every version, kind and transport, stored exactly once,
informs acknowledged, and replies from the address that was addressed."""
import socket

import harness
from harness import COMMUNITY, PORT, Collector, run

SYSNAME = "1.3.6.1.2.1.1.5.0"
COLD_START = "1.3.6.1.6.3.1.1.5.1"
TRANSPORTS = {  # Net-SNMP's name: ours, the peer's address as it is shown
    f"udp:127.0.0.1:{PORT}": ("udp", "127.0.0.1:"),
    f"udp6:[::1]:{PORT}": ("udp", "[::1]:"),
    f"tcp:127.0.0.1:{PORT}": ("tcp", "127.0.0.1:"),
    f"tcp6:[::1]:{PORT}": ("tcp", "[::1]:"),
}
# One varbind of every type: snmptrap's letter, its value, and how the event must show type and value.
TYPED = [
    ("i", "-42", "-42"),
    ("u", "4294967295", "4294967295"),
    ("c", "7", "7"),
    ("C", "18446744073709551615", "18446744073709551615"),
    ("t", "360000", "360000"),
    ("a", "192.0.2.7", "192.0.2.7"),
    ("o", "1.3.6.1.4.1.8072", "1.3.6.1.4.1.8072"),
    ("s", "Grüße", "Grüße".encode().hex()),
    ("x", "00ff10", "00ff10"),
]


def send(command, version, to, *what):
    return run([command, "-v", version, "-c", COMMUNITY, "-t", "3", "-r", "0", "-Ln", "-m", "", to, *what])


def the_one(collector, marker):
    """The events whose sysName varbind is the marker."""
    return [e for e in collector.events() if any(v["value"] == marker.encode().hex() for v in e["varbinds"])]


def matrix(tap):
    harness.need("snmptrap", "snmpinform")
    with Collector() as collector:
        for to, (transport, peer) in TRANSPORTS.items():
            for kind, version in (("trap", "1"), ("trap", "2c"), ("inform", "2c")):
                name = f"{kind} v{version} to {to.rsplit(':', 1)[0]}"
                marker = f"{kind}-{version}-{to}"
                if version == "1":
                    what = ["1.3.6.1.4.1.8072.9999", "198.51.100.9", "6", "17", "4711", SYSNAME, "s", marker]
                else:
                    what = ["4711", COLD_START, SYSNAME, "s", marker]
                done = send(f"snmp{kind}", version, to, *what)
                tap.same(done.returncode, 0, f"{name}: snmp{kind} is content")
                found = harness.wait_until(lambda m=marker: the_one(collector, m)) or []
                if not tap.same(len(found), 1, f"{name}: stored exactly once"):
                    continue
                check_event(tap, name, found[0], kind, version, transport, peer)
        status = collector.status()
        tap.same(status["stored"], len(TRANSPORTS) * 3, "stored counts what was sent")
        tap.same(status["acknowledged"], len(TRANSPORTS), "acknowledged counts the informs")
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")


def check_event(tap, name, event, kind, version, transport, peer):
    seen = {k: event.get(k) for k in ("kind", "version", "transport", "community", "uptime", "oid")}
    oid = "1.3.6.1.4.1.8072.9999.0.17" if version == "1" else COLD_START
    wanted = {"kind": kind, "version": version, "transport": transport, "community": "ops", "uptime": 4711, "oid": oid}
    tap.same(seen, wanted, f"{name}: shown as it was sent")
    tap.ok(event["peer"].startswith(peer), f"{name}: peer", event["peer"])


def types(tap):
    harness.need("snmptrap")
    with Collector() as collector:
        what = []
        for i, (letter, value, _) in enumerate(TYPED):
            what += [f"1.3.6.1.4.1.8072.9999.9999.{i + 1}.0", letter, value]
        send("snmptrap", "2c", f"127.0.0.1:{PORT}", "1", COLD_START, *what)
        events = collector.wait_events(1)
        got = {v["oid"]: v["value"] for v in events[0]["varbinds"]} if events else {}
        for i, (letter, value, shown) in enumerate(TYPED):
            tap.same(str(got.get(f"1.3.6.1.4.1.8072.9999.9999.{i + 1}.0")), shown, f"type {letter}: {value}")


def reply_source(tap):
    """The reply must leave from the address and port that were addressed, also from one that is not the first on lo."""
    with Collector() as collector:
        addresses = [(socket.AF_INET, "127.0.0.2"), (socket.AF_INET, "127.99.1.7"), (socket.AF_INET, "192.0.2.1"),
                     (socket.AF_INET6, "2001:db8::2"), (socket.AF_INET6, "::1")]
        for i, (family, address) in enumerate(addresses):
            with socket.socket(family, socket.SOCK_DGRAM) as s:
                reply, came_from = harness.ask(s, harness.inform(1000 + i), (address, PORT))
            tap.same(harness.response_id(reply), 1000 + i, f"inform to {address} is acknowledged")
            tap.same(came_from and came_from[:2], (address, PORT), f"the reply leaves from {address}")
        tap.same(len(collector.events()), len(addresses), "each was stored once")


if __name__ == "__main__":
    harness.isolate()
    harness.main(matrix, types, reply_source)
