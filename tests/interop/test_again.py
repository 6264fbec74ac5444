#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same inform again: acknowledged every time and stored once, by UDP, by TCP, and over a kill -9."""
import socket

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


def from_elsewhere(tap):
    """The same bytes from another address are another device's inform."""
    message = harness.inform(5)
    with Collector() as collector:
        for address in ("127.0.0.1", "127.0.0.42"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.bind((address, 0))
                tap.same(harness.response_id(harness.ask(s, message, ("127.0.0.1", PORT))[0]), 5, f"from {address}")
        tap.same(len(collector.events()), 2, "two addresses, two informs")


if __name__ == "__main__":
    harness.isolate()
    harness.main(again, from_elsewhere)
