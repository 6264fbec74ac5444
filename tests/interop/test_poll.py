#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's snmpd as a printer (its tables by `override`), asked by the poller in v1, v2c and v3:
a warning that no trap carries is found, what is gone is told, identity is filled, and refusals are told apart."""
import json
import os
import shutil
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import harness
from harness import BUILD

PORT = 1161
ALERT = ".1.3.6.1.2.1.43.18.1.1"
PASSWORD = "correct-horse-battery"
USERS = [("md5des", "MD5", "DES", "md5", "des"), ("shaaes", "SHA", "AES", "sha1", "aes128")]


def objects(serial="SN-2"):
    """The printer as lines of `override`: a jam that is known, and a low toner that nobody was told of."""
    rows = [(".1.3.6.1.2.1.25.3.2.1.3.1", "octet_str", '"Model Two"'), (".1.3.6.1.2.1.25.3.5.1.1.1", "integer", 4),
            (".1.3.6.1.2.1.25.3.5.1.2.1", "octet_str", "0x2400"), (".1.3.6.1.2.1.43.5.1.1.1.1", "counter", 9),
            (".1.3.6.1.2.1.43.5.1.1.17.1", "octet_str", f'"{serial}"')]
    for index, values in ((4, (3, 4, 8, 2, -2, 8, '"Paper jam"')), (7, (4, 4, 11, 1, -2, 1104, '"Toner low"'))):
        for column, value in zip(range(2, 9), values):
            rows.append((f"{ALERT}.{column}.1.{index}", "octet_str" if column == 8 else "integer", value))
    for column, value in ((4, 3), (5, 3), (6, '"Black"'), (7, 19), (8, 100), (9, 12)):
        rows.append((f".1.3.6.1.2.1.43.11.1.1.{column}.1.1", "octet_str" if column == 6 else "integer", value))
    return "".join(f"override {oid} {kind} {value}\n" for oid, kind, value in rows)


def agent(tap):
    harness.need("snmpd", "snmpget")
    folder = Path(tempfile.mkdtemp(prefix="trapline-snmpd-"))
    harness.atexit.register(shutil.rmtree, folder, True)
    config = folder / "snmpd.conf"
    users = "".join(f"createUser {n} {a} {PASSWORD} {p} {PASSWORD}\nrouser {n} priv\n" for n, a, p, _, _ in USERS)
    config.write_text(f"agentAddress udp:127.0.0.1:{PORT}\nrocommunity s3cret\nsysName printer-2\nsysLocation Cellar\n"
                      f"{users}{objects()}")
    process = harness.start(["snmpd", "-f", "-C", "-c", config, "-LE", "3", "-I", "-hr_device"],
                            env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""},
                            stdout=harness.subprocess.DEVNULL, stderr=open(folder / "log", "w"))
    ask = ["snmpget", "-v", "2c", "-c", "s3cret", "-r", "0", "-t", "0.5", "-m", "", f"127.0.0.1:{PORT}", "1.3.6.1.2.1.1.5.0"]
    up = harness.wait_until(lambda: harness.run(ask).returncode == 0, 20)
    if not tap.ok(up, "snmpd is up and answers", (folder / "log").read_text()):
        raise harness.Skip("no agent")
    return process


def notes(*arguments):
    result = harness.run([BUILD / "tests/interop/poll_once", "127.0.0.1", PORT, *arguments])
    return [json.loads(line) for line in result.stdout.splitlines()]


def check_printer(tap, version, told):
    tap.ok(told and all(n["device"] == 7 and n["asked"] == "ok" for n in told), f"{version}: asked", told)
    state = told[0] if told else {}
    tap.same([state.get(k) for k in ("serial", "model", "name", "location", "status")],
             ["SN-2", "Model Two", "printer-2", "Cellar", "printing"], f"{version}: who it is and how it is")
    tap.same(state.get("errors"), ["lowToner", "jammed"], f"{version}: detected errors")
    tap.same([(s.get("description"), s.get("percent")) for s in state.get("supplies", [])], [("Black", 12)],
             f"{version}: supplies")
    alerts = {n["alert"]["index"]: n["alert"] for n in told if "alert" in n}
    tap.same(alerts.get(7), {"device": 1, "index": 7, "severity": 4, "training": 4, "group": 11, "group_index": 1,
                             "location": -2, "code": 1104, "description": "Toner low"},
             f"{version}: the warning that no trap carries")
    tap.same(alerts.get(4, {}).get("description"), "Paper jam", f"{version}: the known alarm gets its text and level")
    tap.same([(n["gone"], n["seen"]) for n in told if "gone" in n], [(201, 202)], f"{version}: the cover is gone")


def polled(tap):
    """Each waits for the agent in its own time: they are asked side by side."""
    agent(tap)
    users = [("3", name, auth, priv, PASSWORD, "known") for name, _, _, auth, priv in USERS]
    refused = [(("2c", "wrong", "known"), "it did not answer", "another community: nothing is gone"),
               (("3", "nobody", "sha1", "aes128", PASSWORD, "known"), "usmStatsUnknownUserNames: an unknown user", "an unknown user is told"),
               (("3", "shaaes", "sha1", "aes128", PASSWORD + "x", "known"), "usmStatsWrongDigests: the authentication digest is wrong",
                "a wrong password is told")]
    good = [("1", "s3cret", "known"), ("2c", "s3cret", "known"), *users]
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda how: notes(*how), [*good, *[how for how, _, _ in refused]]))
    for how, said in zip(good, told):
        check_printer(tap, f"version {' '.join(how[:1] + how[2:4])}" if how[0] == "3" else f"version {how[0]}", said)
    for (_, why, name), said in zip(refused, told[len(good):]):
        tap.same([n["asked"] for n in said], [why], name)


def trap(index, group, group_index, code):
    values = ((1, index), (2, 3), (4, group), (5, group_index), (6, -2), (7, code))
    return harness.notification(index, *[harness.varbind(f"{ALERT[1:]}.{c}.1.{index}", harness.ber_integer(v)) for c, v in values],
                                trap_oid="1.3.6.1.2.1.43.18.2.0.1")


def packed(*values):
    """As a print server sends it: six numbers in one octet string, and not of which hrDeviceIndex they are."""
    return harness.notification(1, harness.varbind("1.3.6.1.4.1.11.2.3.9.4.2.1.6.2.0", harness.ber(4, struct.pack(">6i", *values))),
                                trap_oid="1.3.6.1.4.1.11.2.3.9.1.0.1")


def asked_back(tap):
    """The whole way: traps raise alarms, asking fills one (its trap was packed), finds another and clears a third."""
    agent(tap)
    read = [{"from": ["127.0.0.0/8"], "user": "shaaes", "port": PORT}]
    user = {"name": "shaaes", "auth": "sha1", "auth-password": PASSWORD, "priv": "aes128", "priv-password": PASSWORD}
    with harness.Collector(read=read, users=[user]) as collector:
        sock = harness.socket.socket(harness.socket.AF_INET, harness.socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        for datagram in (packed(4, 3, 8, 2, -2, 8), trap(2, 6, 1, 3)):
            sock.sendto(datagram, ("127.0.0.1", harness.PORT))
        polls = []

        def enough():
            out = harness.run([harness.TRAPLINE, "events", "--data", collector.data, "--kind", "poll", "--json"]).stdout
            polls[:] = [json.loads(line) for line in out.splitlines()]
            return len(polls) >= 4

        harness.wait_until(enough, 60, 0.1)
        said = " ".join(json.dumps(p) for p in polls)
        tap.ok("SN-2" in said and "Toner low" in said and "Paper jam" in said and "gone" in said, "asked after the traps", said)
        alarms = {}

        def folded():  # the follower comes a moment later
            out = harness.run([harness.TRAPLINE, "alarms", "--data", collector.data, "--json", "--state", "all"])
            alarms.update({a["key"]: a for a in map(json.loads, out.stdout.splitlines())})
            return len(alarms) == 3

        harness.wait_until(folded, 10, 0.1)
        tap.same({key: (a["state"], a["cleared_because"]) for key, a in alarms.items()},
                 {"printer/1/8.2/-2/8": ("open", None), "printer/1/6.1/-2/3": ("cleared", "poll says gone"),
                  "printer/1/11.1/-2/1104": ("open", None)}, "the jam stays, the cover is gone, the toner was found")
        jam = alarms.get("printer/1/8.2/-2/8", {})
        tap.ok("Paper jam" in jam.get("text", "") and jam.get("count") == 1, "the jam has the printer's words, and was not counted again", jam)
        device = devices(collector)[0]
        tap.same([device[k] for k in ("serial", "model", "name", "location", "asked")],
                 ["SN-2", "Model Two", "printer-2", "Cellar", "ok"], "who it is came from asking")
        said = device["printer"]
        tap.same((said["status"], said["errors"], [(s["description"], s["percent"]) for s in said["supplies"]]),
                 ("printing", ["lowToner", "jammed"], [("Black", 12)]), "and its status, errors and supplies are shown")
        shown = harness.run([harness.TRAPLINE, "devices", "show", device["id"], "--data", collector.data]).stdout
        tap.ok("printing, lowToner, jammed" in shown and "Black: 12 %" in shown, "in words too", shown)
        status = collector.status()["poller"]
        tap.ok(status["answered"] >= 1 and status["failed"] == 0, "the poller's counts are in the status", status)
        tap.same(harness.run([harness.TRAPLINE, "rebuild", "--data", collector.data]).returncode, 0, "rebuilt it is the same")


def devices(collector):
    out = harness.run([harness.TRAPLINE, "devices", "--data", collector.data, "--json"]).stdout
    return [json.loads(line) for line in out.splitlines()]


def asked_without_alarm(tap):
    """A printer's trap that leaves nothing open is a reason to ask as well; a device that cannot be asked says why."""
    agent(tap)
    with harness.Collector(read=[{"from": ["127.0.0.1/32"], "community": "s3cret", "port": PORT},
                                 {"from": ["127.0.0.2/32"], "community": "s3cret", "port": PORT + 1}]) as collector:
        for host, datagram in (("127.0.0.1", trap(9, 18, 4, 1801)), ("127.0.0.2", trap(4, 8, 2, 8)), ("127.0.0.3", trap(4, 8, 2, 8))):
            with harness.socket.socket(harness.socket.AF_INET, harness.socket.SOCK_DGRAM) as sock:
                sock.bind((host, 0))
                sock.sendto(datagram, ("127.0.0.1", harness.PORT))
        harness.wait_until(lambda: len([d for d in devices(collector) if d["asked"]]) == 3, 25, 0.1)
        found = {d["address"]: d for d in devices(collector)}
        tap.same(found["127.0.0.1"]["asked"], "ok", "asked after a trap that cleared nothing")
        tap.same(found["127.0.0.1"]["open"], 2, "and what is wrong with it was found")
        tap.same(found["127.0.0.2"]["asked"], "it did not answer", "nobody answers there")
        tap.ok("'read'" in (found["127.0.0.3"]["asked"] or ""), "nobody may ask it, and why", found["127.0.0.3"])
        tap.ok(all(found[a]["printer"] is None for a in ("127.0.0.2", "127.0.0.3")), "of those nothing is known")


if __name__ == "__main__":
    harness.isolate()
    harness.main(polled, asked_back, asked_without_alarm)
