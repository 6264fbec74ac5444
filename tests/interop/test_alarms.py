#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Alarms of a running collector, from the traps on the wire to what the commands show: acts of people, and what is refused."""
import datetime
import os
import random
import sqlite3

import harness
from fleet import COLD_START, Fleet


def acts(tap):
    """Each act is kept with who and why, shown at once, and refused when it is about nothing."""
    with Fleet() as fleet:
        fleet.alert("127.0.0.7", 5, 8, 2, 8)
        fleet.link("127.0.0.8", 3)
        jam, link = (a["id"] for a in fleet.wait_alarms(lambda found: len(found) == 2))
        done = fleet.do("ack", jam, "--note", "on my way", "--by", "alice")
        tap.ok(done.returncode == 0 and "Paper jam" in done.stdout, "acknowledged", done)
        a = fleet.alarms()[0]
        tap.same((a["acknowledged"], a["acknowledged_by"], a["note"]), (True, "alice", "on my way"), "and shown at once, by whom and why")
        note = fleet.acts()[-1]
        tap.same((note["by"], note["uid"]), ("alice", os.geteuid()), "the event has the name given, and the user whom the kernel names")
        tap.same(fleet.do("ack", jam, "--undo").returncode, 0, "taken back")
        tap.same((fleet.alarms()[0]["acknowledged"], fleet.alarms()[0]["note"]), (False, None), "and not shown any more")
        tap.same(fleet.do("clear", link, "--by", "bob", "--note", "it was unplugged").returncode, 0, "cleared by hand")
        a = fleet.alarms()[1]
        tap.same((a["state"], a["cleared_because"], a["cleared_by"]), ("cleared", "by hand", "bob"), "with the reason and the name")
        history = fleet.lines("alarms", link)[0]["changes"]
        tap.same([(c["what"], c["by"], c["note"]) for c in history], [("raised", None, None), ("cleared", "bob", "it was unplugged")],
                 "its history, with the note")
        before = len(fleet.acts())
        for words, said in ((("ack", 4711), "there is no alarm 4711"), (("ack", link), f"alarm {link} is cleared (by hand)"),
                            (("ack", jam, "--undo"), f"alarm {jam} is not acknowledged"), (("clear", 4711), "there is no alarm"),
                            (("silence", "--site", "nowhere", "--for", "1h"), "there is no site nowhere"),
                            (("silence", "--device", 4711, "--for", "1h"), "there is no device 4711"),
                            (("silence", "--alarm", 4711, "--for", "1h"), "there is no alarm 4711"),
                            (("silence", "end", 4711), "there is no silence 4711"),
                            (("devices", "merge", jam, 4711), "there is no device 4711")):
            done = fleet.do(*words)
            tap.ok(done.returncode == 1 and said in done.stderr, f"refused: {' '.join(map(str, words))}", done)
        for words in (("silence", "--site", "oslo"), ("silence", "--for", "1h"), ("ack", "x"), ("silence", "start"),
                      ("silence", "--site", "oslo", "--until", "2020-01-01"), ("silence", "--site", "oslo", "--for", "soon")):
            tap.same(fleet.do(*words).returncode, 2, f"wrong usage: {' '.join(words)}")
        tap.same(len(fleet.acts()), before, "what was refused left no event")
    for words in (("ack", jam), ("silence", "--site", "oslo", "--for", "1h"), ("devices", "merge", 1, 2)):
        done = fleet.do(*words)
        tap.ok(done.returncode == 1 and "no collector answers" in done.stderr, f"without a collector: {words[0]}", done)
    tap.same(fleet.do("alarms").returncode, 0, "without a collector alarms are read all the same")


def silences(tap):
    """By site, device, code, key and as an alarm is; always with an end; windows that begin later."""
    with Fleet() as fleet:
        for _ in range(2):
            fleet.alert("127.0.0.7", 5, 8, 2, 8)
        fleet.alert("127.0.0.8", 6, 8, 2, 8)
        fleet.link("127.0.0.8", 1)
        fleet.link("127.0.0.8", 12)
        found = {(a["device"], a["key"]): a for a in fleet.wait_alarms(lambda found: len(found) == 4)}
        devices = [d["id"] for d in fleet.lines("devices")]

        def silenced():
            return sorted((devices.index(a["device"]), a["key"]) for a in fleet.alarms() if a["silenced"])

        jam, links = "printer/1/8.2/-2/8", [(1, "link/1"), (1, "link/12")]
        one = found[(devices[1], "link/1")]["id"]
        for options, wanted in ((("--site", "rotterdam"), [(0, jam), *links, (1, jam)]), (("--site", "oslo"), []),
                                (("--device", devices[0]), [(0, jam)]), (("--code", 8), [(0, jam), (1, jam)]),
                                (("--device", devices[1], "--code", 8), [(1, jam)]), (("--key", "link"), links),
                                (("--alarm", one), links[:1])):
            made = fleet.lines("silence", *options, "--for", "1h")[0]["silence"]
            tap.same(silenced(), wanted, f"silenced by {' '.join(map(str, options))}")
            tap.ok(all(a["silenced_until"] == made["until"] for a in fleet.alarms() if a["silenced"]), "until when is shown")
            tap.same(fleet.do("silence", "end", made["id"], "--note", "all is well").returncode, 0, "ended early")
            tap.same(silenced(), [], "and none is silenced")
        last = fleet.lines("alarms", one)[0]["changes"][-1]
        tap.same((last["what"], last["note"]), ("unsilenced", "all is well"), "and why, in the alarm's history")
        for options, code in ((("--code", 0), 0), (("--code", 8), 8), (("--site", "oslo"), None)):
            made = fleet.lines("silence", *options, "--for", "1h")[0]["silence"]
            listed = [s for s in fleet.lines("silence", "list") if s["id"] == made["id"]]
            tap.same([s["code"] for s in (made, *listed)], [code, code], f"its code when made by {' '.join(map(str, options))}: {code}")
            fleet.do("silence", "end", made["id"])
        now = datetime.datetime.now(datetime.timezone.utc)
        begin, until = ((now + datetime.timedelta(seconds=s)).strftime("%Y-%m-%dT%H:%M:%SZ") for s in (2, 5))
        window = fleet.lines("silence", "--site", "rotterdam", "--from", begin, "--until", until, "--note", "new fuser", "--by", "al")[0]["silence"]
        tap.same((window["state"], window["note"], window["by"]), ("planned", "new fuser", "al"), "a maintenance window is planned")
        tap.same(silenced(), [], "nothing is silenced before it begins")
        tap.ok(harness.wait_until(lambda: len(silenced()) == 4, 6, 0.1), "all are when it begins", fleet.lines("silence", "list"))
        fleet.link("127.0.0.8", 13)
        tap.ok(harness.wait_until(lambda: len(silenced()) == 5, 3, 0.1), "and what comes meanwhile")
        tap.ok(harness.wait_until(lambda: not silenced(), 8, 0.1), "none when it ends")
        shown = {s["id"]: s["state"] for s in fleet.lines("silence", "list")}
        tap.same(set(shown.values()), {"ended"}, "and all are listed as ended")
        tap.same(fleet.do("silence", "list").stdout, "", "which are not shown without --all")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


def senders(tap):
    """Each event says whose it is now; the filter finds all of a device."""
    with Fleet() as fleet:
        fleet.link("127.0.0.7", 1)
        fleet.link("127.0.0.8", 1)
        fleet.link("127.0.0.7", 1, up=True)
        fleet.wait_alarms(lambda found: sum(a["state"] == "cleared" for a in found) == 1)
        one, two = (d["id"] for d in fleet.lines("devices"))
        tap.same([e["device"] for e in fleet.events()], [one, two, one], "events say the device")
        tap.same([e["device"] for e in fleet.events("--device", one)], [one, one], "and are found by it")
        tap.same(fleet.do("events", "--device", two, "--limit", 1).stdout.count(f" device {two} "), 1, "in words too")
        fleet.do("devices", "merge", two, one)
        tap.same(len(fleet.events("--device", one)), 3, "after a merge those of both")
    os.unlink(fleet.data / "state.db")
    tap.same([e["device"] for e in fleet.events()], [None] * 3, "without a state it is not said")


def merged(tap):
    """Two devices that are one: its addresses, its alarms, and the silence about it."""
    with Fleet() as fleet:
        fleet.link("127.0.0.7", 1)
        fleet.link("127.0.0.8", 1)
        fleet.link("127.0.0.8", 2)
        fleet.wait_alarms(lambda found: len(found) == 3)
        one, two = (d["id"] for d in fleet.lines("devices"))
        fleet.lines("silence", "--device", two, "--for", "1h")
        tap.same(fleet.lines("devices", "merge", two, one)[0]["device"]["id"], one, "merged")
        tap.same([d["id"] for d in fleet.lines("devices")], [one], "it is one device")
        tap.same([(a["device"], a["key"], a["count"], a["silenced"]) for a in fleet.alarms("--state", "open")],
                 [(one, "link/1", 2, True), (one, "link/2", 1, True)], "with the alarms of both, and the silence")
        fleet.link("127.0.0.8", 1, up=True)
        found = fleet.wait_alarms(lambda found: sum(a["state"] == "open" for a in found) == 1)
        tap.same([a["key"] for a in found if a["state"] == "open"], ["link/2"], "the other address is its own too")
        shown = fleet.lines("devices", "show", two)[0]
        tap.same(shown["id"], one, "the old number finds it")
        tap.same(sorted((a["kind"], a["value"], a["site"], a["shared"]) for a in shown["aliases"]),
                 [("address", f"127.0.0.{host}", "rotterdam", False) for host in (7, 8)], "with all that it is known by")
        tap.ok("\n   address 127.0.0.7\n   address 127.0.0.8\n" in fleet.do("devices", "show", one).stdout, "in words too")
        every = sorted(a["id"] for a in fleet.alarms())
        for number in (one, two):
            tap.same(sorted(a["id"] for a in fleet.alarms("--device", number)), every, f"the alarms of both, by {number}")
        done = fleet.do("alarms", "--device", 4711)
        tap.ok(done.returncode == 1 and "there is no device 4711" in done.stderr, "a device that is not there", done)
        tap.same(fleet.do("devices", "merge", two, one).returncode, 1, "merged once")
        reasons = [a["cleared_because"] for a in fleet.alarms("--state", "cleared")]
        tap.same(reasons, ["opposite code", "devices merged"], "why they ended")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


def nothing(tap):
    """Who sees no alarms is told whether there are none."""
    with Fleet() as fleet:
        tap.ok(harness.wait_until(lambda: fleet.do("alarms").returncode == 0), "a collector that heard nothing")
        done = fleet.do("alarms")
        tap.same((done.stdout, done.stderr), ("", "no alarm is open\n"), "it says so")
        tap.same([fleet.do(*words).stderr for words in (("devices",), ("silence", "list"))], ["no device was heard yet\n", "there is no silence\n"],
                 "so do devices and silence")
        fleet.link("127.0.0.7", 1)
        fleet.wait_alarms(lambda found: len(found) == 1)
        for options in (("--site", "nowhere"), ("--severity", "critical"), ("--state", "cleared")):
            done = fleet.do("alarms", *options)
            tap.same((done.stdout, done.stderr), ("", "no alarm fits\n"), f"alarms {' '.join(options)}")
        tap.same(fleet.do("devices", "--site", "nowhere").stderr, "no device fits\n", "devices --site nowhere")
        tap.same([fleet.do(*words, "--json").stderr for words in (("alarms", "--site", "nowhere"), ("devices", "--site", "nowhere"), ("silence", "list"))],
                 ["", "", ""], "with --json only objects")


def reasons(tap):
    """Each reason for clearing that a trap brings, and what is packed otherwise than the MIB says."""
    with Fleet() as fleet:
        fleet.alert("127.0.0.7", 5, 8, 2, 8)
        fleet.alert("127.0.0.7", 6, 8, 2, 8)
        fleet.alert("127.0.0.8", 5, 6, 1, 3)
        fleet.alert("127.0.0.9", 5, 8, 2, 8)
        fleet.link("127.0.0.10", 1)
        raised = {a["device"]: a["count"] for a in fleet.wait_alarms(lambda found: len(found) == 4 and sum(a["count"] for a in found) == 5)}
        tap.same(sorted(raised.values()), [1, 1, 1, 2], "a repeat is counted, whatever its index")
        fleet.alert("127.0.0.7", 7, 18, 5, 1801)
        fleet.alert("127.0.0.8", 6, 6, 1, 4)
        fleet.send("127.0.0.9", COLD_START)
        fleet.link("127.0.0.10", 1, up=True)
        found = fleet.wait_alarms(lambda found: sum(a["state"] == "cleared" for a in found) == 3)
        tap.same([a["cleared_because"] for a in found], [None, "opposite code", "device restart", "opposite code"],
                 "a clear trap about an index that a later occurrence replaced clears nothing; the others say why")
        fleet.alert("127.0.0.7", 8, 18, 6, 1801)
        found = fleet.wait_alarms(lambda found: found[0]["state"] == "cleared")
        tap.same(found[0]["cleared_because"], "clear trap 1801", "the one about the latest index does")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


def flapping(tap):
    """What begins again and again is one alarm that says so, and does not vanish from the list each time that it ends."""
    with Fleet() as fleet:
        for turn in range(6):
            fleet.link("127.0.0.7", 1)
            fleet.link("127.0.0.7", 1, up=True)
            fleet.wait_alarms(lambda found: found and sum(a["count"] for a in found) == turn + 1 and found[-1]["state"] == "cleared")
        found = fleet.alarms()
        tap.same([(a["count"], a["flapping"], a["state"]) for a in found],
                 [(1, False, "cleared"), (1, False, "cleared"), (4, True, "cleared")], "from the fourth time on it is one alarm that flaps")
        done = fleet.do("alarms")
        tap.ok(done.stdout.startswith(f"{found[-1]['id']} major") and "flapping" in done.stdout and done.stdout.count("Interface 1 is down") == 1,
               "and is listed among those that are open", done)
        tap.same(fleet.do("alarms", "--state", "open").stdout, "", "but it is not open")


def killed(tap):
    """kill -9 at random moments while traps arrive: the state goes on where it was, and a rebuild comes to the same."""
    dice = random.Random(26)
    with Fleet() as fleet:
        for _ in range(8):
            sender = harness.start([harness.BLAST, "--to", f"127.0.0.1:{harness.PORT}", "--community", harness.COMMUNITY, "--sources", "20",
                                    "--rate", "20000", "--count", "1000000"], stdout=harness.subprocess.DEVNULL)
            for host in range(2, 2 + dice.randrange(6)):
                fleet.alert(f"127.0.0.{host}", dice.randrange(9), 8, 1 + dice.randrange(3), 8)
                fleet.link(f"127.0.0.{host}", 1, up=dice.random() < 0.5)
            harness.time.sleep(dice.random())
            fleet.kill()
            sender.kill()
            sender.wait()
            fleet.start()
        harness.wait_until(lambda: fleet.status()["followers"][0]["lag"] == 0)
        known = len(fleet.alarms("--state", "all"))
        done = fleet.do("rebuild")
        tap.ok(done.returncode == 0 and known > 5, "after 8 kills a rebuild comes to the same alarms", (known, done))


def visitor(tap):
    """Somebody looks into the files with another SQLite and leaves: nothing that comes afterwards is lost."""
    with Fleet() as fleet:
        fleet.link("127.0.0.2", 1)
        fleet.wait_alarms(lambda found: len(found) == 1)
        for path in fleet.data.rglob("*.db"):
            there = sqlite3.connect(path)
            there.execute("SELECT count(*) FROM sqlite_master").fetchone()
            there.close()
        fleet.link("127.0.0.2", 2)
        harness.wait_until(lambda: fleet.status()["stored"] == 2)
        tap.same(len(fleet.wait_alarms(lambda found: len(found) == 2)), 2, "the alarm is shown")
        tap.same(len(fleet.events()), 2, "and the event")
        fleet.kill()
        fleet.start()
        tap.same(len(fleet.events()), 2, "after kill -9 too")
        tap.same(len(fleet.wait_alarms(lambda found: len(found) == 2)), 2, "with both alarms")


def set_aside(tap):
    """A state of another version, or of nobody's: it is computed again, and that is said."""
    with Fleet() as fleet:
        fleet.link("127.0.0.2", 1)
        fleet.wait_alarms(lambda found: len(found) == 1)
        fleet.stop()
        state = sqlite3.connect(fleet.data / "state.db")
        state.execute("PRAGMA user_version = 1")
        state.close()
        done = fleet.do("alarms")
        tap.ok(done.returncode == 1 and "has version 1, and this Trapline knows version" in done.stderr, "an older state, without a collector", done)
        fleet.start()
        tap.same([a["key"] for a in fleet.wait_alarms(lambda found: len(found) == 1)], ["link/1"], "the collector computes it again")
        tap.ok("warning: the alarms are computed again, and what they were is in state.db.damaged: " in fleet.said() and "has version 1" in fleet.said()
               and (fleet.data / "state.db.damaged").exists(), "and says so, and why", fleet.said())


def stands_still(tap):
    """A state that somebody else holds: the intake goes on, the lag is shown, and afterwards all is folded."""
    with Fleet() as fleet:
        fleet.link("127.0.0.2", 1)
        fleet.wait_alarms(lambda found: len(found) == 1)
        state = sqlite3.connect(fleet.data / "state.db", isolation_level=None)
        state.execute("BEGIN IMMEDIATE")
        for number in range(2, 22):
            fleet.link("127.0.0.2", number)
        tap.ok(harness.wait_until(lambda: fleet.status()["stored"] == 21), "what arrives is stored", fleet.status())
        tap.ok(harness.wait_until(lambda: fleet.status()["followers"][0]["lag"] == 20), "the lag is what the alarms do not hold yet",
               fleet.status())
        state.execute("ROLLBACK")
        state.close()
        tap.same(len(fleet.wait_alarms(lambda found: len(found) == 21)), 21, "let go, it catches up")
        tap.ok(harness.wait_until(lambda: fleet.status()["followers"][0]["lag"] == 0), "and does not lag", fleet.status())
        names = {(harness.Path("/proc") / str(fleet.process.pid) / "task" / t / "comm").read_text().strip()
                 for t in os.listdir(f"/proc/{fleet.process.pid}/task")}
        tap.ok({"alarms", "journal", "checkpoint"} <= names, "its threads have names", names)


harness.isolate()
harness.main(nothing, acts, silences, senders, merged, reasons, flapping, killed, visitor, set_aside, stands_still)
