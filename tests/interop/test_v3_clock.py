#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clocks and replays of SNMPv3 senders: a captured trap sent again, inside and outside the time window and over a restart;
boots that go back; the same engine ID from two addresses; and what an operator can say: lenient, reset."""
import json
import socket

import harness
import v3
from harness import PORT, TRAPLINE, Collector, run

DIGEST, CIPHER = "sha256", "aes128"
OPTIONS = v3.net_snmp(DIGEST, CIPHER)
OTHER_ENGINE = "80000000019999"


def marker(event):
    return harness.text_of(harness.varbinds(event)[v3.SYSNAME])


def record(text, clock, engine=v3.ENGINE):
    """A trap as snmptrap sends it, caught before any collector sees it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        s.settimeout(10)
        v3.snmp("trap", OPTIONS, text, to=f"127.0.0.1:{s.getsockname()[1]}", engine=engine, clock=clock)
        return s.recv(65536)


def play(collector, *datagrams, source="127.0.0.1"):
    """Sends and waits until the collector has taken them."""
    before = collector.status()["received"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        for datagram in datagrams:
            s.sendto(datagram, ("127.0.0.1", PORT))
    harness.wait_until(lambda: collector.status()["received"] >= before + len(datagrams))


def texts(collector):
    harness.wait_until(lambda: collector.status()["in_flight"] == 0)
    return [marker(e) for e in collector.events()]


def engine(collector, *words):
    return run([TRAPLINE, "engine", *words, "--data", collector.data])


def engines(collector):
    return [json.loads(line) for line in engine(collector, "list", "--json").stdout.splitlines()]


def collector_of(**more):
    return Collector(users=[v3.entry(DIGEST, CIPHER)], **more)


def replays(tap):
    with collector_of() as collector:
        trap, old, newer = record("first", "5,1000"), record("old", "5,1200"), record("newer", "5,2000")
        play(collector, trap)
        play(collector, trap)
        play(collector, trap, source="127.0.0.7")
        status = collector.status()
        tap.same((status["stored"], status["refused"]), (1, {"replay": 2}), "a trap sent again is refused as a replay, from anywhere")
        play(collector, newer, old)
        items = collector.waiting()
        tap.same([(i["reason_code"], i["engine"], i["user"]) for i in items], [("time-window", v3.ENGINE, v3.user_name(DIGEST, CIPHER))],
                 "a trap from before the window waits for its time")
        collector.stop()
        collector.start()
        play(collector, newer, old, trap)
        status = collector.status()
        tap.same((status["stored"], status["refused"].get("replay")), (0, 1), "after a restart the digest is known")
        tap.same(sum(i["count"] for i in collector.waiting() if i["reason_code"] == "time-window"), 3, "and so is the clock")
        tap.same(texts(collector), ["first", "newer"], "each is stored once")
        tap.same(harness.ends_of(collector.status()), collector.status()["received"], "the ends sum to received")


def boots_back(tap):
    with collector_of() as collector:
        play(collector, record("one", "5,1000"))
        play(collector, record("back", "4,9000"))
        tap.same([i["reason_code"] for i in collector.waiting()], ["time-window"], "boots that went back wait")
        reason = collector.waiting()[0]["reason"]
        said = [f"engine {v3.ENGINE} says boots 4, time 900", "but was at boots 5, time 100", "its boots went back", f"trapline engine reset {v3.ENGINE}",
                f"trapline engine lenient {v3.ENGINE}"]
        tap.ok(all(words in reason for words in said), "the reason names the clock, the values and the command", reason)
        listed = engines(collector)
        tap.same([(e["engine"], e["boots"], e["lenient"], e["shared"]) for e in listed], [(v3.ENGINE, 5, False, False)], "engine list shows the clock")
        tap.ok(listed and listed[0]["time"] >= 1000 and listed[0]["address"] == "127.0.0.1", "with its time and address", listed)

        done = engine(collector, "lenient", v3.ENGINE)
        tap.ok(done.returncode == 0 and "1 engine" in done.stdout, "lenient", done.stderr)
        play(collector, record("lenient", "3,1"))
        last = collector.wait_events(2)[-1]
        tap.same((marker(last), last["flags"]), ("lenient", ["lenient"]), "accepted, and flagged")
        collector.kill()
        collector.start()
        tap.same([e["lenient"] for e in engines(collector)], [True], "lenient is known after kill -9")
        reason = collector.waiting()[0]["reason"]
        tap.ok("says boots 4" in reason and "engine lenient" in reason, "what waits still says its clock", reason)
        play(collector, record("still", "2,1"))
        tap.same(texts(collector), ["one", "lenient", "still"], "and in force")

        engine(collector, "lenient", v3.ENGINE, "--off")
        play(collector, record("strict", "2,5"))
        tap.same(texts(collector)[-1], "still", "lenient --off: refused again")
        done = engine(collector, "reset", v3.ENGINE)
        tap.same(done.returncode, 0, "reset")
        play(collector, record("replaced", "1,5000"))
        play(collector, record("replaced earlier", "1,4000"))
        tap.same(texts(collector)[-1], "replaced", "after a reset the next clock counts")
        tap.same([e["boots"] for e in engines(collector)], [1], "and stands in the list")


def clone(tap):
    """Two devices with one engine ID: neither clock spoils the other."""
    sites = [{"name": "north", "from": ["127.1.0.0/16"]}, {"name": "south", "from": ["127.2.0.0/16"]}]
    with collector_of(sites=sites) as collector:
        play(collector, record("a1", "9,9000"), source="127.0.0.5")
        play(collector, record("b1", "2,100"), source="127.0.0.6")
        play(collector, record("a2", "9,9010"), source="127.0.0.5")
        play(collector, record("b2", "2,110"), source="127.0.0.6")
        play(collector, record("n1", "4,1"), source="127.1.0.5")
        play(collector, record("s1", "3,1"), source="127.2.0.6")
        events = collector.wait_events(6)
        tap.same([(marker(e), e["flags"]) for e in events],
                 [("a1", []), ("b1", ["shared-engine"]), ("a2", ["shared-engine"]), ("b2", ["shared-engine"]), ("n1", []), ("s1", [])],
                 "all are stored, and those of one site are flagged")
        tap.same([(e["site"], e["address"], e["boots"], e["shared"]) for e in engines(collector)],
                 [(None, "127.0.0.5", 9, True), (None, "127.0.0.6", 2, True), ("north", "127.1.0.5", 4, False), ("south", "127.2.0.6", 3, False)],
                 "engine list shows both clocks, and that they are shared")
        tap.ok(any("several addresses" in w for w in collector.status()["warnings"]), "status warns", collector.status()["warnings"])
        done = engine(collector, "reset", v3.ENGINE)
        tap.ok(done.returncode == 1 and "several sites" in done.stderr, "which site must be said", done.stderr)
        done = engine(collector, "lenient", v3.ENGINE, "--site", "", "--address", "127.0.0.6")
        tap.same((done.returncode, [e["lenient"] for e in engines(collector)]), (0, [False, True, False, False]), "one address of one site")
        done = engine(collector, "reset", v3.ENGINE, "--site", "north")
        tap.same((done.returncode, [e["boots"] for e in engines(collector)]), (0, [9, 2, None, 3]), "one site")
        tap.same(engine(collector, "reset", OTHER_ENGINE).returncode, 1, "an engine that is not known")
        wanted = engines(collector)
        collector.stop()
        tap.same([(e["address"], e["lenient"]) for e in engines(collector)], [(e["address"], e["lenient"]) for e in wanted], "the list of a stopped collector")


if __name__ == "__main__":
    harness.isolate()
    harness.main(replays, boots_back, clone)
