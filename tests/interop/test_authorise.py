#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Default deny, reload, and secrecy: who may send, what a reload changes, and that a community string is seen nowhere."""
import json
import socket
import time

import harness
from harness import COMMUNITY, PORT, TRAPLINE, Collector

OTHER = "n0t-the-harbour"


def from_address(address, message):
    """Sends from an address of lo; true when it was acknowledged."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.bind((address, 0))
        reply, _ = harness.ask(s, message, ("::1" if ":" in address else "127.0.0.1", PORT), 1)
    return harness.response_id(reply) is not None


def deny(tap):
    communities = [{"label": "ops", "community": COMMUNITY, "from": ["127.0.0.0/28"]},
                   {"label": "only6", "community": OTHER, "from": ["::1/128"]},
                   {"label": "nobody", "community": "nobody-may", "from": []}]
    sites = [{"name": "quay", "from": ["127.0.0.4/30"]}, {"name": "crane", "from": ["127.0.0.5/32"]}]
    table = [  # address, community, accepted, the reason otherwise
        ("127.0.0.1", COMMUNITY, True, None),
        ("127.0.0.15", COMMUNITY, True, None),
        ("127.0.0.16", COMMUNITY, False, "source"),
        ("::1", COMMUNITY, False, "source"),
        ("::1", OTHER, True, None),
        ("127.0.0.1", OTHER, False, "source"),
        ("127.0.0.1", "nobody-may", False, "source"),
        ("127.0.0.1", COMMUNITY[:-1], False, "community"),
        ("127.0.0.1", COMMUNITY + "x", False, "community"),
        ("127.0.0.1", "", False, "community"),
        ("127.0.0.1", COMMUNITY.upper(), False, "community"),
    ]
    with Collector(communities=communities, sites=sites) as collector:
        waiting = 0
        for i, (address, community, accepted, reason) in enumerate(table):
            got = from_address(address, harness.inform(i + 1, community=community))
            tap.same(got, accepted, f"{address} with {community!r}: {'acknowledged' if accepted else 'waits'}")
            waiting += not accepted
            waits = [w["reason_code"] for w in collector.waiting() if w["peer"].rpartition(":")[0].strip("[]") == address]
            tap.ok(not reason or waits[-1] == reason, f"{address} with {community!r}: waits because of {reason}", waits)
        tap.same(collector.status()["waiting"], waiting, "each that is not allowed is counted as waiting")
        for i, address in enumerate(("127.0.0.4", "127.0.0.5", "127.0.0.8")):
            from_address(address, harness.inform(100 + i))
        sites = [e["site"] or "" for e in collector.events() if e["peer"].startswith(("127.0.0.4", "127.0.0.5", "127.0.0.8"))]
        tap.same(sites, ["quay", "crane", ""], "the longest prefix names the site")


def relays(tap):
    """snmpTrapAddress is believed from a relay only."""
    address = harness.varbind("1.3.6.1.6.3.18.1.3.0", harness.ber(0x40, bytes([198, 51, 100, 9])))
    with Collector(relays=["127.0.0.2/32"]) as collector:
        for i, peer in enumerate(("127.0.0.2", "127.0.0.3")):
            from_address(peer, harness.inform(i + 1, address))
        seen = {e["peer"].split(":")[0]: (e["agent"], e["flags"]) for e in collector.events()}
        tap.same(seen.get("127.0.0.2"), ("198.51.100.9", ["relayed"]), "from a relay the address it names is believed")
        tap.same(seen.get("127.0.0.3"), ("198.51.100.9", []), "from anybody else it is shown, and not believed")


def secret(tap):
    """Looks for community strings in everything that the collector wrote or printed."""
    with Collector() as collector:
        harness.blast("--count", "500", "--rate", "5000")
        harness.blast("--count", "5", "--rate", "100", community=OTHER)
        harness.wait_until(lambda: collector.status()["stored"] == 500)
        seen = {"log": collector.said()}
        for command in (["status"], ["status", "--json"], ["events"], ["events", "--json", "--limit", "0"]):
            done = harness.run([TRAPLINE, *command, "--data", collector.data])
            seen[" ".join(command)] = done.stdout + done.stderr
        done = harness.run([TRAPLINE, "check", "-c", collector.file, "--data", collector.data])
        seen["check"] = done.stdout + done.stderr
        tap.ok(done.stdout and done.returncode == 0, "check shows the configuration", seen["check"])
        collector.stop()
        for path in collector.data.iterdir():
            if path.is_file():
                seen[path.name] = path.read_bytes().decode("latin-1")
        for where, text in seen.items():
            tap.ok(COMMUNITY not in text and OTHER not in text, f"no community string in: {where}")


def warned(tap):
    with Collector(communities=[{"label": "open", "community": "public", "from": ["127.0.0.0/8"]}]) as collector:
        warning = [line for line in collector.said().splitlines() if "default" in line and f"{collector.file}:" in line]
        tap.ok(warning and "public" not in collector.said(), "a default community is warned of by its place", collector.said())


def reload(tap):
    with Collector() as collector:
        message = lambda i: harness.inform(i, community=OTHER)
        tap.same(from_address("127.0.0.1", message(1)), False, "before: the new community is not acknowledged")
        good = json.loads(json.dumps(collector.config))
        collector.config["communities"].append({"label": "new", "community": OTHER, "from": ["127.0.0.0/8"]})
        collector.config["listen"].append("udp:127.0.0.1:2698")
        collector.reload()
        numbers = iter(range(2, 100))
        tap.ok(harness.wait_until(lambda: from_address("127.0.0.1", message(next(numbers))), 5), "after SIGHUP: it is accepted")
        harness.blast("--count", "1", "--rate", "0", to="127.0.0.1:2698")
        tap.ok(harness.wait_until(lambda: [e for e in collector.events() if e["kind"] == "trap"], 5), "a new listener is open")
        before = collector.said()
        collector.config = {**good, "communities": [{"label": "x", "community": "y", "from": ["10.0.0.0/99"]}]}
        collector.reload()
        complaint = lambda: f"{collector.file.name}:" in collector.said()[len(before):]
        tap.ok(harness.wait_until(complaint, 5), "a bad file is complained about with its place", collector.said()[len(before):])
        time.sleep(0.2)
        tap.ok(from_address("127.0.0.1", message(200)), "and changes nothing")
        collector.config = {**good, "listen": [f"udp:0.0.0.0:{PORT}"]}
        collector.reload()
        refused = lambda: not from_address("127.0.0.1", message(next(numbers)))
        tap.ok(harness.wait_until(refused, 5), "a good file that allows less is in force")
        names = [l["name"] for l in collector.status()["listeners"] if l["state"] == "open"]
        tap.same(names, [f"udp:0.0.0.0:{PORT}"], "and listeners that it does not name are closed")
        status = collector.status()
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received, over all of it")


if __name__ == "__main__":
    harness.isolate()
    harness.main(deny, relays, secret, warned, reload)
