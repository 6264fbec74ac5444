#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The waiting room: what is not allowed waits with its reason, is never acknowledged, and moves exactly as it came when it
is allowed; what is denied does not wait; a flood from 10,000 addresses does not push a real sender out."""
import json
import re
import shutil
import socket
import subprocess
import sys
import time

import harness
from harness import COMMUNITY, PORT, TRAPLINE, Collector

OTHER = "not-yet-allowed"
AUTH = ["-a", "SHA-256", "-A", "authpass123"]
PRIV = ["-x", "AES", "-X", "privpass123"]
ALICE = {"name": "alice", "auth": "sha256", "auth-password": "authpass123", "priv": "aes128", "priv-password": "privpass123"}
ALLOW_ALICE = ["--user", "alice", "--auth", "sha256", "--auth-password", "authpass123", "--priv", "aes128", "--priv-password",
               "privpass123"]
FIELDS = ["id", "first", "last", "count", "peer", "site", "version", "user", "engine", "oid", "reason"]


def send(*datagrams, source="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        for datagram in datagrams:
            s.sendto(datagram, ("127.0.0.1", PORT))


def answered(datagram, source="127.0.0.1", patience=0.4):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((source, 0))
        reply, _ = harness.ask(s, datagram, ("127.0.0.1", PORT), patience)
    return harness.response_id(reply) is not None


def command(collector, *words):
    return harness.run([TRAPLINE, "waiting", *words, "--data", collector.data])


def numbered(number, tag=0xA7, community=OTHER):
    sequence = harness.varbind(harness.SEQUENCE_OID, harness.ber(0x04, str(number).encode()))
    return harness.notification(number, sequence, tag=tag, community=community)


def stored(collector):
    return [harness.sequence_of(e) for e in collector.events()]


def allow(tap):
    with Collector(sites=[{"name": "quay", "from": ["127.0.0.9/32"]}]) as collector:
        send(*[numbered(n) for n in range(5)], source="127.0.0.9")
        tap.ok(not answered(numbered(5, tag=0xA6), source="127.0.0.9"), "an inform that waits is not acknowledged")
        send(numbered(5, tag=0xA6), source="127.0.0.9")  # sent again
        send(numbered(90), source="127.0.0.8")
        harness.wait_until(lambda: collector.status()["received"] == 8)
        items = collector.waiting()
        tap.same([(w["count"], w["kept"], w["site"], w["peer"].split(":")[0]) for w in items],
                 [(7, 6, "quay", "127.0.0.9"), (1, 1, None, "127.0.0.8")], "one item a sender; the inform is kept once")
        tap.ok(all(f in items[0] for f in FIELDS), "the fields of the contract", items[0])
        tap.same(items[0]["reason"], "the community is not known", "the reason in words")
        status = collector.status()
        tap.same((status["waiting"], status["duplicate"]), (7, 1), "they are counted as waiting")
        done = command(collector, "allow", items[0]["id"], "--label", "late")
        tap.same(done.returncode, 0, "allow" + done.stderr)
        events = collector.events()
        tap.same(stored(collector), [0, 1, 2, 3, 4, 5], "exactly what waited is in the journal, in its order")
        tap.ok(all(e["flags"] == ["allowed-late"] and e["community"] == "late" and e["site"] == "quay" for e in events),
               "with label, site and the flag allowed-late", events[:1])
        tap.same([w["id"] for w in collector.waiting()], [items[1]["id"]], "another sender's item waits on")
        tap.ok(answered(numbered(5, tag=0xA6), source="127.0.0.9"), "the inform sent again is acknowledged now")
        tap.ok(answered(numbered(6, tag=0xA6), source="127.0.0.9"), "and so is a new one")
        tap.same(sorted(stored(collector)), [0, 1, 2, 3, 4, 5, 6], "and the one that waited is there once")
        status = collector.status()
        tap.same((status["waiting"], status["stored"], status["in_flight"]), (1, 7, 0), "the counts moved with it")
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
        collector.reload()
        tap.ok(harness.wait_until(lambda: answered(numbered(7, tag=0xA6), source="127.0.0.9"), 5), "a reload keeps what was allowed")
        collector.stop()
        collector.start()
        tap.ok(answered(numbered(8, tag=0xA6), source="127.0.0.9"), "and a restart")
        tap.same([w["id"] for w in collector.waiting()], [items[1]["id"]], "and what still waits")


def wide(tap):
    """--from allows more than the sender; a community that the configuration gets by hand moves what waited for it too."""
    with Collector() as collector:
        for host in range(10, 20):
            send(numbered(host), source=f"127.0.1.{host}")
        send(numbered(50), source="127.0.2.1")
        send(numbered(60, community="by-hand"), source="127.0.2.2")
        harness.wait_until(lambda: len(collector.waiting()) == 12)
        done = command(collector, "allow", collector.waiting()[0]["id"], "--label", "floor", "--from", "127.0.1.0/24")
        tap.same(done.returncode, 0, "allow --from" + done.stderr)
        tap.ok(harness.wait_until(lambda: sorted(stored(collector)) == list(range(10, 20))), "everybody of the prefix moves", stored(collector))
        tap.same([w["peer"].split(":")[0] for w in collector.waiting()], ["127.0.2.1", "127.0.2.2"], "nobody else")
        collector.config["communities"].append({"label": "hand", "community": "by-hand", "from": ["127.0.2.0/24"]})
        collector.reload()
        tap.ok(harness.wait_until(lambda: 60 in stored(collector)), "what the configuration allows by now moves at the reload")
        tap.same([w["peer"].split(":")[0] for w in collector.waiting()], ["127.0.2.1"], "and leaves the room")


def deny(tap):
    with Collector() as collector:
        send(numbered(1), numbered(2))
        send(numbered(3, community="third"))
        harness.wait_until(lambda: len(collector.waiting()) == 2)
        tap.same(command(collector, "deny", collector.waiting()[0]["id"]).returncode, 0, "deny")
        tap.ok(harness.wait_until(lambda: collector.status()["denied"] == 2), "what waited counts as denied")
        send(numbered(4))
        tap.ok(harness.wait_until(lambda: collector.status()["denied"] == 3), "and so does what comes later")
        send(numbered(5, community="third"))
        tap.ok(harness.wait_until(lambda: [w["count"] for w in collector.waiting()] == [2]), "another credential waits on", collector.waiting())
        send(numbered(6), source="127.0.0.2")
        tap.ok(harness.wait_until(lambda: len(collector.waiting()) == 2), "and so does another sender")
        text = (collector.data / "local.yaml").read_text()
        tap.ok("denied:" in text and OTHER not in text, "local.yaml remembers it, the community not in clear", text)
        collector.stop()
        collector.start()
        send(numbered(7))
        tap.ok(harness.wait_until(lambda: collector.status()["denied"] == 1), "over a restart")
        status = collector.status()
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
        tap.same(collector.events(), [], "nothing of it is an event")


def commands(tap):
    """What people type wrong, and a stopped collector."""
    with Collector() as collector:
        send(numbered(1))
        harness.wait_until(collector.waiting)
        for words, code, said in ((["list", "7"], 2, "no further word"), (["allow"], 2, "ids"), (["allow", "x"], 2, "no id"),
                                  (["nothing"], 2, "one of list"), (["allow", "77"], 1, "nothing with the id 77"),
                                  (["deny", "77"], 1, "nothing with the id 77"), (["show", "77"], 1, "nothing with the id 77"),
                                  (["allow", "1", "--user", "alice"], 1, "came with a community"),
                                  (["allow", "1", "--from", "10.0.0.0/99"], 1, "not an address prefix")):
            done = command(collector, *words)
            tap.ok(done.returncode == code and said in done.stderr, f"waiting {' '.join(words)}: exit code {code}, {said}", done.stderr)
        tap.same(len(collector.waiting()), 1, "and nothing changed")
        shown = json.loads(command(collector, "show", "1", "--json").stdout)
        tap.ok(shown["messages"][0]["event"]["oid"] == "1.3.6.1.6.3.1.1.5.1", "show has the messages", shown)
        with subprocess.Popen([TRAPLINE, "waiting", "watch", "--json", "--data", collector.data], stdout=subprocess.PIPE, text=True) as watch:
            first = json.loads(watch.stdout.readline())
            send(numbered(2))
            second = json.loads(watch.stdout.readline())
            watch.terminate()
        tap.same((first["count"], second["count"]), (1, 2), "watch shows what is there and what comes")
        listed = command(collector, "list", "--json").stdout
        everything = "".join(command(collector, *w).stdout for w in (["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"]))
        tap.ok(OTHER not in everything and "unknown community, 15 octets" in everything, "a community is never shown", everything)
        collector.stop()
        tap.same(command(collector, "list", "--json").stdout, listed, "the list of a stopped collector")
        tap.ok("1 of" not in command(collector, "show", "1").stderr and command(collector, "show", "1").returncode == 0, "and show")
        tap.same(command(collector, "allow", "1").returncode, 1, "allow needs a running collector")
        modes = [oct((collector.data / p).stat().st_mode & 0o777) for p in ("waiting", "waiting/room.db")]
        tap.same(modes, ["0o700", "0o600"], "only the service may read the room")
        (collector.data / "waiting" / "room.db").write_bytes(b"x" * 5000)
        collector.start()
        tap.ok("room.db.damaged-1" in collector.said(), "a damaged file is put aside, and said", collector.said()[-500:])


def v3(*words, program="snmptrap", engine=("-e", "0x80000000010203")):
    engine = engine if program == "snmptrap" else ()
    return harness.run([program, "-v3", "-r", "0", "-t", "1", *engine, *words, f"127.0.0.1:{PORT}", "", "1.3.6.1.6.3.1.1.5.3"])


def version3(tap):
    cases = [
        ("an unknown user", ["-u", "bob", "-l", "authPriv", *AUTH, *PRIV], "unknown-user"),
        ("a wrong password", ["-u", "alice", "-l", "authNoPriv", "-a", "SHA-256", "-A", "wrongpass123"], "unsupported-level"),
        ("a wrong password and the right level", ["-u", "alice", "-l", "authPriv", "-a", "SHA-256", "-A", "wrongpass123", *PRIV], "wrong-digest"),
        ("a wrong privacy password", ["-u", "alice", "-l", "authPriv", *AUTH, "-x", "AES", "-X", "wrongpass123"], "decryption-error"),
        ("a level that is too low", ["-u", "alice", "-l", "noAuthNoPriv"], "unsupported-level"),
    ]
    with Collector(users=[ALICE]) as collector:
        for what, words, reason in cases:
            v3(*words)
            got = harness.wait_until(lambda: [w for w in collector.waiting() if w["reason_code"] == reason])
            tap.ok(got, f"{what}: waits because of {reason}", collector.waiting())
        users = {w["user"] for w in collector.waiting()}
        tap.same(users, {"bob", "alice"}, "the user is named")
        tap.ok(all(w["engine"] == "80000000010203" for w in collector.waiting()), "and the engine", collector.waiting())
        before = collector.status()["waiting"]
        said = v3("-u", "carol", "-l", "authNoPriv", *AUTH, program="snmpinform").stderr
        tap.ok("Unknown user name" in said, "an inform of an unknown user gets its Report", said)
        tap.same(collector.status()["waiting"], before + 1, "and waits: waiting wins over answered")
        ids = {w["reason_code"]: w["id"] for w in collector.waiting() if w["user"] == "bob"}
        done = command(collector, "allow", ids["unknown-user"])
        tap.ok(done.returncode == 1 and "--auth" in done.stderr, "allow says what is needed", done.stderr)
        done = command(collector, "allow", ids["unknown-user"], "--label", "x")
        tap.ok(done.returncode == 1 and "version 3" in done.stderr, "and what is of no use", done.stderr)
        wish = [w.replace("alice", "bob") for w in ALLOW_ALICE]
        done = command(collector, "allow", ids["unknown-user"], *wish[:5], "wrongpass123", *wish[6:])
        tap.ok(done.returncode == 1 and "verify" in done.stderr, "wrong passwords are not written", done.stderr)
        tap.ok(not (collector.data / "local.yaml").exists() or "bob" not in (collector.data / "local.yaml").read_text(), "nowhere")
        done = command(collector, "allow", ids["unknown-user"], *wish)
        tap.same(done.returncode, 0, "the right ones are" + done.stderr)
        events = collector.events()
        tap.same([(e["user"], e["level"], e["flags"]) for e in events], [("bob", "authPriv", ["allowed-late"])], "and the trap is stored")
        tap.same(v3("-u", "bob", "-l", "authPriv", *AUTH, *PRIV, program="snmpinform").returncode, 0, "the next inform is acknowledged")
        status = collector.status()
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")


def time_window(tap):
    """A trap whose clock went back waits; allowing moves it, a reload alone does not; and no replay comes in that way."""
    with Collector(users=[ALICE]) as collector:
        words = ["-u", "alice", "-l", "authPriv", *AUTH, *PRIV]
        v3("-Z", "7,50000", *words)
        harness.wait_until(lambda: collector.status()["stored"] == 1)
        v3("-Z", "3,100", *words)
        items = harness.wait_until(collector.waiting)
        tap.same([w["reason_code"] for w in items], ["time-window"], "a clock that went back: waits")
        collector.reload()
        time.sleep(0.5)
        tap.same((len(collector.waiting()), len(collector.events())), (1, 1), "a reload does not move it")
        tap.same(command(collector, "allow", items[0]["id"]).returncode, 0, "allow")
        tap.same([e["flags"] for e in collector.events()], [[], ["allowed-late"]], "moves it: only the time was not checked")
        tap.same(collector.waiting(), [], "nothing waits")


def flood(tap):
    """10,000 addresses of this namespace's loopback; a real sender came before and one comes after."""
    with Collector() as collector, socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        send(numbered(1), numbered(2), source="127.0.0.5")
        for i in range(30000):
            raw.sendto(spoofed(f"127.{16 + i % 10000 // 250}.{i % 250}.7", numbered(1000 + i, community="flood")), ("127.0.0.1", 0))
            if i % 500 == 0:
                time.sleep(0.005)
        status = harness.wait_until(lambda: (lambda s: s["received"] + s["kernel_dropped"] >= 30002 and s)(collector.status()), 20)
        send(numbered(3), source="127.0.0.5")  # when the buffer is empty, so that the kernel does not drop this one
        harness.wait_until(lambda: (lambda s: s["received"] + s["kernel_dropped"] >= 30003)(collector.status()))
        tap.ok(status["received"] > 25000, "the flood arrived", status["received"])
        real = harness.wait_until(lambda: [w for w in collector.waiting() if w["peer"].startswith("127.0.0.5:") and w["count"] == 3])
        items = collector.waiting()
        tap.ok(len(items) > 9000, "its senders are listed", len(items))
        tap.ok(real, "the real one stands, heard before and after", items[:3])
        tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
        tap.same(command(collector, "allow", real[0]["id"], "--label", "real").returncode, 0, "it is allowed")
        tap.same(stored(collector), [1, 2, 3], "and all that it said is stored")
        bound = 400000 if harness.SANITIZED else 150000
        tap.ok(rss(collector) < bound, "memory stays bounded", rss(collector))


def spoofed(source, payload):
    head = harness.struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton("127.0.0.1"))
    return head + harness.struct.pack(">HHHH", 4000, PORT, 8 + len(payload), 0) + payload


def rss(collector):
    with open(f"/proc/{collector.process.pid}/status", encoding="ascii") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))


if __name__ == "__main__":
    if not shutil.which("snmptrap"):
        print("1..0 # SKIP no snmptrap")
        sys.exit(0)
    harness.isolate()
    harness.main(allow, wide, deny, commands, version3, time_window, flood)
