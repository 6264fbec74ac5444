#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Devices inside tunnels are asked: Debian's snmpd behind a NAT at two sites, both with the same address inside, each behind an end
of a lab tunnel with a TUN device. An alarm is cleared by asking, and each site's printer is known by its own serial number."""
import json
import os
import sys

import harness
import places
import test_poll
import tunnels
from harness import COMMUNITY, PORT, TRAPLINE

AGENT_PORT = 1161
MTU = 1400
TRAP = f"import socket,sys;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.bind(('{tunnels.DEVICE}',0))\n" \
       f"for d in sys.argv[1:]:s.sendto(bytes.fromhex(d),('{tunnels.INNER}',{PORT}))"


class Printer:
    """A site: its place behind the NAT, its end of the tunnel, and an snmpd at the address that both sites have inside."""

    def __init__(self, router, number, name):
        self.name, self.serial, self.folder = name, f"SN-{name}", places.scratch()
        self.place = router.site()
        self.keys = tunnels.Keys(number, self.folder, name, address=f"{places.COLLECTOR}:2797", nat=True)
        self.place.run("ip", "tuntap", "add", "dev", "lab0", "mode", "tun")
        self.place.run("ip", "link", "set", "dev", "lab0", "mtu", MTU, "up")
        self.place.run("ip", "addr", "add", f"{tunnels.DEVICE}/32", "dev", "lab0")
        self.place.run("ip", "route", "add", f"{tunnels.INNER}/32", "dev", "lab0", "src", tunnels.DEVICE)

    def agent(self):
        config = self.folder / "snmpd.conf"
        config.write_text(f"agentAddress udp:{tunnels.DEVICE}:{AGENT_PORT}\nrocommunity s3cret\nsysName {self.name}\n"
                          f"{test_poll.objects(self.serial)}")
        self.snmpd = self.place.start("snmpd", "-f", "-C", "-c", config, "-LE", "3", "-I", "-hr_device",
                                      env={**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder), "MIBS": ""},
                                      stdout=harness.subprocess.DEVNULL, stderr=open(self.folder / "log", "w"))

    def join(self):
        self.end = self.place.start(TRAPLINE, "tunnel", "--lab", self.keys.file, "--end", "site", "--tun", "lab0",
                                    stdout=harness.subprocess.DEVNULL, stderr=harness.subprocess.PIPE, text=True)
        while "listening" not in (line := self.end.stderr.readline()):
            if not line:
                raise RuntimeError("the site's end does not start")

    def trap(self, *datagrams):
        self.place.run(sys.executable, "-c", TRAP, *[d.hex() for d in datagrams])


def collector_of(printers, port=AGENT_PORT):
    return harness.Unprivileged(
        files=[p.keys.file for p in printers] + [p.folder for p in printers], arguments=["--lab"],
        tunnel={"listen": ["udp:0.0.0.0:2797"], "inner": ["10.99.2.7", tunnels.INNER]},
        sites=[{"name": p.name, "lab-keys": str(p.keys.file)} for p in printers],
        read=[{"site": p.name, "community": "s3cret", "port": port} for p in printers],
        communities=[{"label": "ops", "community": COMMUNITY, "from": ["10.99.1.0/24"]}])


def listed(collector, what):
    out = harness.run([TRAPLINE, what, "--data", collector.data, "--json", *(["--state", "all"] if what == "alarms" else [])]).stdout
    return [json.loads(line) for line in out.splitlines()]


def asked(collector, count, patience=40):
    harness.wait_until(lambda: len([d for d in listed(collector, "devices") if d["asked"]]) == count, patience, 0.3)
    return {d["site"]: d for d in listed(collector, "devices")}


def each_by_its_tunnel(tap):
    harness.need("snmpd", "nft", "conntrack")
    router = places.Router()
    printers = [Printer(router, n, name) for n, name in ((1, "rotterdam"), (2, "antwerp"))]
    with collector_of(printers) as c:
        for p in printers:
            p.agent()
            p.join()
            p.trap(test_poll.trap(4, 8, 2, 8), test_poll.trap(2, 6, 1, 3))
        found = asked(c, 2)
        tap.same({s: (d["address"], d["serial"], d["name"], d["asked"]) for s, d in found.items()},
                 {p.name: (tunnels.DEVICE, p.serial, p.name, "ok") for p in printers}, "two devices with one address, each asked by its own tunnel")
        harness.wait_until(lambda: len(listed(c, "alarms")) == 6, 10, 0.1)  # of one round the last may be folded a moment later
        alarms = {(a["site"], a["key"]): (a["state"], a["cleared_because"]) for a in listed(c, "alarms")}
        tap.same(alarms, {(p.name, key): what for p in printers for key, what in (
            ("printer/1/8.2/-2/8", ("open", None)), ("printer/1/6.1/-2/3", ("cleared", "poll says gone")),
            ("printer/1/11.1/-2/1104", ("open", None)))}, "at both the jam stays, the cover is cleared by asking, the toner is found")
        status = c.status()
        tap.ok(status["poller"]["inside"] > 0 and status["poller"]["lost"] == 0 and status["poller"]["failed"] == 0, "the messages are counted", status["poller"])
        tap.same(status["received"], 4, "and answers to questions are no messages")
        tap.same(tunnels.tunnel_ends(status), status["tunnel"]["received"], "the datagrams sum")
        harness.stop(printers[1].end)
        c.stop()
        c.start()  # the collector does not know where antwerp is before it speaks
        printers[0].trap(test_poll.trap(4, 8, 2, 8))
        harness.wait_until(lambda: "down" in (asked(c, 2)["antwerp"]["asked"] or ""), 40, 0.3)
        found = asked(c, 2)
        tap.same({s: d["asked"] for s, d in found.items()}, {"rotterdam": "ok", "antwerp": "the tunnel of its site is down"},
                 "a site that is down is a reason, and no trouble for the other")
        tap.same(found["antwerp"]["serial"], "SN-antwerp", "what is known of its device stays")


def leaves_its_tunnel(tap):
    """A reload takes a site's keys away and names its sources instead: from then on its device is asked straight."""
    harness.need("snmpd", "nft", "conntrack")
    router = places.Router()
    printer = Printer(router, 3, "ghent")
    with collector_of([printer]) as c:
        printer.agent()
        printer.join()
        printer.trap(test_poll.trap(4, 8, 2, 8))
        tap.same(asked(c, 1)["ghent"]["asked"], "ok", "asked by its tunnel")
        inside = c.status()["poller"]["inside"]
        harness.stop(printer.end)
        c.config["sites"] = [{"name": "ghent", "from": ["10.99.1.0/24"]}]
        c.config["tunnel"]["inner"] = ["10.99.2.7"]
        c.reload()
        harness.wait_until(lambda: not c.status()["tunnel"]["sites"])
        places.HERE.add(f"{tunnels.DEVICE}/32")
        places.HERE.run(sys.executable, "-c", TRAP.replace(tunnels.INNER, "127.0.0.1"), test_poll.trap(4, 8, 2, 8).hex())
        harness.wait_until(lambda: asked(c, 1)["ghent"]["asked"] != "ok", 40, 0.3)
        tap.same(asked(c, 1)["ghent"]["asked"], "it did not answer", "asked straight, where nobody is now")
        tap.same(c.status()["poller"]["inside"], inside, "and not inside")


if __name__ == "__main__":
    harness.isolate()
    harness.main(each_by_its_tunnel, leaves_its_tunnel)
