#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TCP (RFC 3430): frames however they are cut, and connections that dribble, lie, stand half open or are too many."""
import socket
import threading
import time

import harness
from harness import PORT, Collector

FRAME_SECONDS = 30  # src/io/tcp.h: from a frame's first byte to its last
PER_PEER = 64


def connect(source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", PORT), 5, (source, 0))


def replies(s, count):
    """Request-ids of the next frames, in order."""
    got, data = [], b""
    while len(got) < count:
        more = s.recv(65536)
        if not more:
            break
        data += more
        while len(data) > 4:
            head = 2 if data[1] < 128 else 2 + (data[1] & 0x7F)
            n = head + (data[1] if data[1] < 128 else int.from_bytes(data[2:head], "big"))
            if len(data) < n:
                break
            got.append(harness.response_id(data[:n]))
            data = data[n:]
    return got


def closed(s, patience=5):
    """True when the other side ends the connection."""
    s.settimeout(patience)
    try:
        return s.recv(1) == b""
    except ConnectionResetError:
        return True
    except socket.timeout:
        return False


class Dribble(threading.Thread):
    """One byte a second of a frame that never ends; notes when the collector had enough."""

    def __init__(self):
        super().__init__()
        self.seconds = None

    def run(self):
        start = time.monotonic()
        with connect("127.0.0.9") as s:
            message = harness.inform(1, *[harness.varbind("1.3.6.1.4.1.8072.1.0", harness.ber(0x04, b"y" * 100))])
            for byte in message[: FRAME_SECONDS + 20]:
                try:
                    s.send(bytes([byte]))
                    if closed(s, 1):
                        break
                except OSError:
                    break
        self.seconds = time.monotonic() - start


def frames(tap):
    with connect() as s:
        s.sendall(harness.inform(1) + harness.inform(2) + harness.inform(3))
        tap.same(replies(s, 3), [1, 2, 3], "three informs in one segment are answered in order")
        for byte in harness.inform(4):
            s.sendall(bytes([byte]))
        tap.same(replies(s, 1), [4], "one inform in single bytes is answered")
        both = harness.inform(5) + harness.inform(6)
        s.sendall(both[: len(both) // 2 + 3])
        tap.same(replies(s, 1), [5], "a whole inform does not wait for the rest of the next")
        s.sendall(both[len(both) // 2 + 3 :])
        tap.same(replies(s, 1), [6], "which is answered when it is whole")
    with connect() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        many = range(1000, 1500)
        sender = threading.Thread(target=s.sendall, args=(b"".join(harness.inform(i) for i in many),))
        sender.start()
        tap.same(replies(s, len(many)), list(many), "500 informs at once are answered, each once and in order")
        sender.join()


def lies(tap, collector):
    for what, data in (("noise", b"GET / HTTP/1.1\r\n\r\n"), ("a frame of a megabyte", b"\x30\x83\x10\x00\x00"),
                       ("an indefinite length", b"\x30\x80\x02\x01\x01")):
        before = collector.status()["refused"]
        with connect() as s:
            s.sendall(data)
            tap.ok(closed(s), f"{what}: the connection is closed")
        rose = lambda b=before: collector.status()["refused"].get("frame", 0) == b.get("frame", 0) + 1
        tap.ok(harness.wait_until(rose, 5), f"{what}: refused[frame] rises", collector.status()["refused"])
    with connect() as half:
        half.sendall(harness.inform(7)[:20])
        with connect() as s:
            s.sendall(harness.inform(8))
            tap.same(replies(s, 1), [8], "a half sent frame does not hold up another connection")
        half.shutdown(socket.SHUT_WR)
        tap.ok(closed(half), "a frame that ends early: closed")


def too_many(tap, collector):
    peers = [connect("127.0.0.3") for _ in range(PER_PEER)]
    try:
        peers[-1].sendall(harness.inform(20))
        tap.same(replies(peers[-1], 1), [20], f"{PER_PEER} connections of one address are served")
        with connect("127.0.0.3") as extra:
            tap.ok(closed(extra), "one more is closed")
        with connect("127.0.0.77") as other:
            other.sendall(harness.inform(21))
            tap.same(replies(other, 1), [21], "another address is served")
        listener = [l for l in collector.status()["listeners"] if l["name"] == f"tcp:0.0.0.0:{PORT}"][0]
        tap.ok(listener["refused_peer"] >= 1, "and it is counted", listener)
    finally:
        for s in peers:
            s.close()


def everything(tap):
    with Collector() as collector:
        dribble = Dribble()
        dribble.start()
        frames(tap)
        lies(tap, collector)
        harness.wait_until(lambda: [l["connections"] for l in collector.status()["listeners"]
                                    if l["name"] == f"tcp:0.0.0.0:{PORT}"] == [1], 5)
        too_many(tap, collector)
        dribble.join()
        tap.ok(FRAME_SECONDS - 2 <= dribble.seconds <= FRAME_SECONDS + 8,
               f"a dribbling connection is closed after {FRAME_SECONDS} s", dribble.seconds)
        status = collector.status()
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
        ids = [e["id"] for e in collector.events()]
        tap.same(len(ids), 509, "every whole inform was stored once")


if __name__ == "__main__":
    harness.isolate()
    harness.main(everything)
