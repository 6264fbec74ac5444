#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Listeners over UDP: a port that somebody else holds, the largest datagrams, and datagrams that are not what they
should be: each refused with its own reason, and the ends sum to what was received."""
import os
import socket

import harness
from harness import COMMUNITY, PORT, Collector

TEXT_OID = "1.3.6.1.4.1.8072.9999.9999.5.0"
DATAGRAM_MAX = 65507


def held_port(tap):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("0.0.0.0", 162))
        with Collector(listen=[f"udp:0.0.0.0:{PORT}", "udp:0.0.0.0:162"]) as collector:
            status = collector.status()
            mine = [l for l in status["listeners"] if l["name"] == "udp:0.0.0.0:162"]
            tap.same([l["state"] for l in mine], ["closed"], "status shows that 162 is not open")
            tap.ok(mine and f"pid {os.getpid()}" in mine[0]["why"], "status says who holds it", mine)
            tap.ok("162" in collector.said() and str(os.getpid()) in collector.said(), "so does what serve prints",
                   collector.said())
            harness.blast("--count", "5", "--rate", "0")
            tap.same(len(collector.wait_events(5)), 5, "it runs on with 2697")
    with Collector(listen=[f"udp:0.0.0.0:{PORT}", "udp:0.0.0.0:162"]) as collector:
        harness.blast("--count", "3", "--rate", "0", to="127.0.0.1:162")
        tap.same(len(collector.wait_events(3)), 3, "a free 162 is listened on")


def only_so_many(tap):
    """Listeners come and go by reload until no counters are left for new ones: that reload is refused, nothing is closed."""
    def listen(n, first=3000):
        return [f"udp:127.0.0.1:{PORT}", *(f"udp:127.0.0.1:{first + i}" for i in range(n))]
    with Collector(listen=listen(40)) as collector, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for listeners, word in ((listen(23, 4000), "configuration reloaded"), (listen(1, 5000), "different listeners since"),
                                (listen(64, 6000), "65 listeners, and a collector has at most 64")):
            collector.config["listen"] = listeners
            collector.reload()
            tap.ok(harness.wait_until(lambda w=word: w in collector.said()), f"reload with {len(listeners)} listeners: {word}")
        names = [l["name"] for l in collector.status()["listeners"] if l["state"] == "open"]
        tap.same(sorted(names), sorted(listen(23, 4000)), "the listeners of the last good configuration are open")
        reply, _ = harness.ask(s, harness.inform(1), ("127.0.0.1", PORT))
        tap.same(harness.response_id(reply), 1, "and hear")


def of_size(request_id, size, make=harness.inform):
    """A message of exactly `size` bytes."""
    filler = size
    while True:
        message = make(request_id, harness.varbind(TEXT_OID, harness.ber(0x04, b"x" * filler)))
        if len(message) <= size:
            return message if len(message) == size else make(
                request_id, harness.varbind(TEXT_OID, harness.ber(0x04, b"x" * (filler + size - len(message)))))
        filler -= len(message) - size


def sizes(tap):
    with Collector() as collector:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            for i, size in enumerate((1400, 9000, DATAGRAM_MAX - 1, DATAGRAM_MAX)):
                message = of_size(i + 1, size)
                reply, _ = harness.ask(s, message, ("127.0.0.1", PORT))
                tap.same((len(message), harness.response_id(reply)), (size, i + 1), f"an inform of {size} bytes is acknowledged")
        tap.same(len(collector.events()), 4, "each was stored")
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.sendto(of_size(9, DATAGRAM_MAX + 13, harness.notification), ("::1", PORT))
        harness.wait_until(lambda: collector.status()["refused"].get("truncated"))
        tap.same(collector.status()["refused"], {"truncated": 1}, "a larger one (IPv6 allows it) is refused as truncated")


def get_request():
    pdu = harness.ber_integer(1) + harness.ber_integer(0) + harness.ber_integer(0) + harness.ber(
        0x30, harness.varbind("1.3.6.1.2.1.1.3.0", harness.ber(0x05, b"")))
    return harness.ber(0x30, harness.ber_integer(1) + harness.ber(0x04, COMMUNITY.encode()) + harness.ber(0xA0, pdu))


def without_trap_oid():
    pdu = harness.ber_integer(1) + harness.ber_integer(0) + harness.ber_integer(0) + harness.ber(
        0x30, harness.varbind("1.3.6.1.2.1.1.3.0", harness.ber_integer(5, 0x43)))
    return harness.ber(0x30, harness.ber_integer(1) + harness.ber(0x04, COMMUNITY.encode()) + harness.ber(0xA7, pdu))


def generic_trap_9():
    pdu = (harness.ber_oid("1.3.6.1.4.1.8072") + harness.ber(0x40, bytes(4)) + harness.ber_integer(9) + harness.ber_integer(1)
           + harness.ber_integer(5, 0x43) + harness.ber(0x30, b""))
    return harness.ber(0x30, harness.ber_integer(0) + harness.ber(0x04, COMMUNITY.encode()) + harness.ber(0xA4, pdu))


def bad_datagrams():
    """(what, bytes, reason); a reason of None: any, but one."""
    good = harness.notification(1)
    lying = bytearray(good)
    lying[1] += 1
    arcs = harness.varbind("1.3." + ".".join(["7"] * 140), harness.ber(0x05, b""))
    long_integer = harness.varbind(TEXT_OID, harness.ber(0x02, b"\x7f" * 9))
    empty_integer = harness.varbind(TEXT_OID, harness.ber(0x02, b""))
    return [
        ("nothing", b"", "empty"),
        ("noise", b"GET / HTTP/1.1\r\n\r\n", None),
        ("a length that lies", bytes(lying), None),
        ("an indefinite length", b"\x30\x80" + good[2:] + b"\0\0", "ber-length"),
        ("a length of five octets", b"\x30\x85\x01\x00\x00\x00\x00" + good[2:], "ber-length"),
        ("bytes behind the message", good + b"\0", "trailing"),
        ("version 5", harness.notification(1, version=5), "version"),
        ("a GetRequest", get_request(), "pdu-type"),
        ("no snmpTrapOID.0", without_trap_oid(), "trap-oid"),
        ("generic-trap 9", generic_trap_9(), "generic-trap"),
        ("an OID of 141 arcs", harness.notification(1, arcs), "ber-oid"),
        ("an integer of nine octets", harness.notification(1, long_integer), "ber-integer"),
        ("an integer without octets", harness.notification(1, empty_integer), "ber-integer"),
    ]


def bad_input(tap):
    with Collector() as collector, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        sent = 0
        for what, datagram, reason in bad_datagrams():
            before = collector.status()["refused"]
            s.sendto(datagram, ("127.0.0.1", PORT))
            sent += 1
            harness.wait_until(lambda n=sent: collector.status()["received"] == n)
            after = collector.status()["refused"]
            rose = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
            tap.ok(rose == {reason: 1} if reason else list(rose.values()) == [1], f"{what}: refused as {reason or 'one reason'}", rose)
        good = harness.notification(7)
        for cut in range(1, len(good)):
            s.sendto(good[:cut], ("127.0.0.1", PORT))
            sent += 1
        harness.wait_until(lambda: collector.status()["received"] == sent)
        status = collector.status()
        tap.same(sum(status["refused"].values()), sent, "a message cut at every byte is refused every time")
        tap.same((status["stored"], collector.events()), (0, []), "nothing of it was stored")
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")


if __name__ == "__main__":
    harness.isolate()
    harness.main(held_port, only_so_many, sizes, bad_input)
