#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What `trapline send` emits: decoded by tshark, accepted and acknowledged by Debian's snmptrapd, and by ourselves."""
import os
import re
import socket
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import harness
from harness import COMMUNITY, PORT, TRAPLINE, Collector, run

ALERT = "1.3.6.1.2.1.43.18.2.0.1"
VARBINDS = [  # OID, type letter, value, what tshark calls the value's field, the value there
    ("1.3.6.1.2.1.43.18.1.1.2.1.5", "i", "3", "snmp.value.int", "3"),
    ("1.3.6.1.2.1.43.10.2.1.4.1.1", "c", "4294967295", "snmp.value.counter", "4294967295"),
    ("1.3.6.1.2.1.2.2.1.5.1", "u", "1000000000", "snmp.value.g32", "1000000000"),
    ("1.3.6.1.2.1.31.1.1.1.6.1", "C", "18446744073709551615", "snmp.value.counter", "18446744073709551615"),
    ("1.3.6.1.2.1.1.3.0", "t", "12345", "snmp.value.timeticks", "12345"),
    ("1.3.6.1.6.3.18.1.3.0", "a", "198.51.100.9", "snmp.value.ipv4", "198.51.100.9"),
    ("1.3.6.1.2.1.1.2.0", "o", "1.3.6.1.4.1.8072", "snmp.value.oid", "1.3.6.1.4.1.8072"),
    ("1.3.6.1.2.1.1.6.0", "s", "Quay 7", "snmp.value.octets", "51:75:61:79:20:37"),
    ("1.3.6.1.2.1.2.2.1.6.1", "x", "00ff10", "snmp.value.octets", "00:ff:10"),
]


def send(*arguments, to=f"127.0.0.1:{PORT}"):
    kind, *rest = arguments
    return run([TRAPLINE, "send", kind, "--to", to, "--community", COMMUNITY, *rest])


def varbinds(name):
    """v1 has no Counter64."""
    return [v for v in VARBINDS if v[1] != "C" or "v1" not in name]


def operands(name):
    return [word for oid, letter, value, _, _ in varbinds(name) for word in (oid, letter, value)]


def fields(packet, wanted):
    """(name, value) of the wanted fields of one packet, in order."""
    return [(f.get("name"), f.get("show")) for f in packet.iter("field") if f.get("name") in wanted]


def capture(act):
    """The datagrams that went to our port while act() ran, as tshark reads them (PDML)."""
    with tempfile.TemporaryDirectory(prefix="trapline-test-") as folder:
        file = Path(folder) / "capture"
        with harness.capturing(file, f"udp dst port {PORT}"):
            act()
        done = run(["tshark", "-r", file, "-d", f"udp.port=={PORT},snmp", "-T", "pdml"], env={**os.environ, "HOME": folder})
    return list(ElementTree.fromstring(done.stdout).iter("packet"))


def tshark(tap):
    harness.need("tshark", "tcpdump")
    cases = [("trap v1", ["trap", "--version", "1", "--agent", "198.51.100.9", "--uptime", "4711"]),
             ("trap v2c", ["trap", "--uptime", "4711"]), ("inform v2c", ["inform", "--uptime", "4711", "--retries", "0", "--timeout", "1"])]
    for name, arguments in cases:
        words = operands(name)
        packets = capture(lambda a=arguments: send(*a, ALERT, *words))
        if not tap.same(len(packets), 1, f"{name}: one datagram"):
            continue
        complaints = [e.get("name") for e in packets[0].iter() if str(e.get("name")).startswith("_ws.")]
        tap.same(complaints, [], f"{name}: tshark complains about nothing")
        head = dict(fields(packets[0], {"snmp.version", "snmp.community", "snmp.data"}))
        kind = {"trap v1": "4", "trap v2c": "7", "inform v2c": "6"}[name]
        tap.same(head, {"snmp.version": "0" if "v1" in name else "1", "snmp.community": COMMUNITY, "snmp.data": kind}, f"{name}: head")
        if "v1" in name:
            v1 = dict(fields(packets[0], {"snmp.enterprise", "snmp.agent_addr", "snmp.generic_trap", "snmp.specific_trap",
                                          "snmp.time_stamp"}))
            tap.same(v1, {"snmp.enterprise": "1.3.6.1.2.1.43.18.2", "snmp.agent_addr": "198.51.100.9", "snmp.generic_trap": "6",
                          "snmp.specific_trap": "1", "snmp.time_stamp": "4711"}, f"{name}: v1 fields")
        names = {"snmp.name"} | {field for _, _, _, field, _ in VARBINDS}
        got = fields(packets[0], names)
        wanted = [] if "v1" in name else [("snmp.name", "1.3.6.1.2.1.1.3.0"), ("snmp.value.timeticks", "4711"),
                                          ("snmp.name", "1.3.6.1.6.3.1.1.4.1.0"), ("snmp.value.oid", ALERT)]
        for oid, _, _, field, value in varbinds(name):
            wanted += [("snmp.name", oid), (field, value)]
        tap.same(got, wanted, f"{name}: every varbind")


def snmptrapd(tap):
    harness.need("snmptrapd")
    with tempfile.TemporaryDirectory(prefix="trapline-test-") as folder:
        conf, log = Path(folder) / "conf", Path(folder) / "log"
        conf.write_text(f"authCommunity log {COMMUNITY}\n")
        harness.start(["snmptrapd", "-f", "-n", "-C", "-c", conf, "-m", "", "-On", "-Lf", log, f"udp:127.0.0.1:{PORT}",
                       f"udp6:[::1]:{PORT}", f"tcp:127.0.0.1:{PORT}"], env={"SNMP_PERSISTENT_DIR": folder, "PATH": "/usr/sbin"})
        harness.wait_until(lambda: log.exists() and "NET-SNMP version" in log.read_text(errors="replace"))
        for to in (f"127.0.0.1:{PORT}", f"[::1]:{PORT}"):
            for kind, version in (("trap", "1"), ("trap", "2c"), ("inform", "2c")):
                text = f"{kind} {version} {to}"
                done = send(kind, "--version", version, ALERT, "1.3.6.1.2.1.1.6.0", "s", text, to=to)
                tap.same(done.returncode, 0, f"{text}: send is content")
                tap.ok(harness.wait_until(lambda t=text: f'STRING: "{t}"' in log.read_text(errors="replace"), 5), f"{text}: snmptrapd logs it")
        done = send("inform", "--tcp", ALERT, "1.3.6.1.2.1.1.6.0", "s", "by tcp")
        tap.same(done.returncode, 0, "inform by TCP: acknowledged")
        logged = log.read_text(errors="replace")
        tap.same(len(re.findall(r'STRING: "inform 2c', logged)), 2, "an acknowledged inform is sent once")
    harness.stop_all()
    done = send("trap", "--version", "1", ALERT, "1.3.6.1.2.1.31.1.1.1.6.1", "C", "1")
    tap.ok(done.returncode != 0 and done.stderr, "v1 has no Counter64: refused", (done.returncode, done.stderr))


def silence(tap):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", PORT))
        deaf.setblocking(False)
        start = time.monotonic()
        done = send("inform", "--timeout", "1", "--retries", "2", ALERT)
        took = time.monotonic() - start
        got = []
        while len(got) < 10:
            try:
                got.append(deaf.recv(65536))
            except BlockingIOError:
                break
    tap.ok(done.returncode == 1 and "acknowledged" in done.stderr, "nobody answers: not acknowledged, exit code 1",
           (done.returncode, done.stdout, done.stderr))
    tap.ok(2.5 < took < 6, "after a second for each of three tries", took)
    tap.ok(len(got) == 3 and len(set(got)) == 1, "the same bytes three times", got)


def ourselves(tap):
    """The line that `make run` prints: names instead of numbers, and the community found in the data folder."""
    alert = ["printerV2Alert", "prtAlertSeverityLevel.1.1", "i", "3", "prtAlertGroup.1.1", "i", "8", "prtAlertGroupIndex.1.1", "i", "2",
             "prtAlertLocation.1.1", "i", "1", "prtAlertCode.1.1", "i", "8"]
    with Collector() as collector:
        done = run([TRAPLINE, "send", "trap", "-c", collector.file, "--to", f"127.0.0.1:{PORT}", *alert])
        tap.same(done.returncode, 0, "send finds the community itself")
        events = collector.wait_events(1)
        tap.same([(e["name"], e["severity"], e["text"]) for e in events],
                 [("printerV2Alert", "critical", "Paper jam in input tray 2 (critical); a trained operator can clear it")], "and it is one sentence")
        for arguments in (["inform"], ["inform", "--tcp"]):
            done = run([TRAPLINE, "send", *arguments, "-c", collector.file, "--to", f"127.0.0.1:{PORT}", *alert])
            tap.ok(done.returncode == 0 and "acknowledged" in done.stdout + done.stderr, f"{' '.join(arguments)}: acknowledged",
                   done.stdout + done.stderr)
        tap.same(len(collector.wait_events(3)), 3, "each is stored once")


if __name__ == "__main__":
    harness.isolate()
    harness.main(tshark, snmptrapd, silence, ourselves)
