#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Rule files: a label printer whose meaning is only in its text, through a running collector; a changed file tried on what was
heard before it is brought into force, from the journal and from a capture; mistakes."""
import json

import harness
from fleet import Fleet
from harness import TRAPLINE, ber, capturing, run, varbind, wait_until

VENDOR = "1.3.6.1.4.1.10642.20"
FIRST = f"""
rules:
- name: label printer is in trouble
  trap: {VENDOR}
  text: "ERROR"
  do: raise
  key: "condition"
  severity: major
  words: "The label printer says: {{text}}"
  who: anyone
- name: and out of it
  trap: {VENDOR}
  text: "CLEARED"
  do: clear
  key: "condition"
"""
SECOND = FIRST.replace("severity: major", "severity: critical") + f"""
- name: heat
  trap: {VENDOR}
  text: "WARNING: HEAD TOO HOT"
  do: raise
  key: "heat"
  words: "The print head is too hot"
  expires: 10m
"""


class Labels(Fleet):
    def __init__(self):
        super().__init__()
        self.rules = self.folder / "labels.yaml"
        self.rules.write_text(FIRST)
        self.config["rules"] = ["labels.yaml"]

    def say(self, text, host="127.0.0.9"):
        self.send(host, f"{VENDOR}.0.1", varbind(f"{VENDOR}.3.7", ber(4, text.encode())))


def in_force(tap):
    with Labels() as fleet:
        fleet.say("ERROR CONDITION: PAPER OUT")
        found = fleet.wait_alarms(lambda a: len(a) == 1)
        tap.same([(a["severity"], a["text"], a["who"], a["state"]) for a in found],
                 [("major", "The label printer says: ERROR CONDITION: PAPER OUT", "anyone", "open")], "a rule raises, with its words and who can help")
        fleet.say("ERROR CONDITION: PAPER OUT")
        fleet.say("CLEARED: PAPER OUT")
        a = fleet.wait_alarms(lambda a: a and a[0]["state"] == "cleared")[0]
        tap.same((a["count"], a["state"], a["cleared_because"]), (2, "cleared", "rule"), "a repeat counts, the rule for its end clears it")
        tap.same([r["name"] for r in fleet.lines("rules", "list")], ["label printer is in trouble", "and out of it"], "rules list says what is in force")
        fleet.say("WARNING: HEAD TOO HOT")
        before = fleet.events("--kind", "rules")
        fleet.rules.write_text(SECOND)
        fleet.reload()
        wait_until(lambda: len(fleet.lines("rules", "list")) == 3)
        after = fleet.events("--kind", "rules")
        tap.ok(len(after) == len(before) + 1 and after[-1]["note"]["hash"] != before[-1]["note"]["hash"], "changed rules are an event, by hash", after)
        fleet.reload()
        fleet.say("WARNING: HEAD TOO HOT")
        heat = fleet.wait_alarms(lambda a: len(a) == 2)[-1]
        tap.same((heat["text"], heat["severity"]), ("The print head is too hot", "warning"), "and hold from there on")
        tap.same(len(fleet.events("--kind", "rules")), len(after), "the same rules again are no event")
        fleet.rules.write_text(SECOND.replace("do: clear", "do: explode"))
        fleet.reload()
        wait_until(lambda: "reload refused" in fleet.said())
        tap.ok("labels.yaml:14:7: 'explode' is not what a rule can do" in fleet.said(), "a mistake refuses the reload and says where", fleet.said())
        tap.same(len(fleet.lines("rules", "list")), 3, "and changes nothing")
        tap.same(run([TRAPLINE, "rebuild", "--data", fleet.data]).returncode, 0, "rebuilt it is the same")


def tried(tap):
    with Labels() as fleet:
        capture = fleet.folder / "c.pcap"
        with capturing(str(capture), f"udp port {harness.PORT}"):
            for text in ("ERROR: PAPER OUT", "CLEARED", "WARNING: HEAD TOO HOT", "nothing of interest"):
                fleet.say(text)
            fleet.wait_events(4)
        fleet.wait_alarms(lambda a: a and a[0]["state"] == "cleared")
        new = fleet.folder / "new.yaml"
        new.write_text(SECOND)
        for how in (("--since", "1h"), ("--pcap", str(capture), "-c", str(fleet.file))):
            done = fleet.do("rules", "test", new, *how)
            tap.same(done.returncode, 3, f"rules test {how[0]}: exit code 3 where something differs")
            lines = done.stdout.splitlines()
            tap.ok(len(lines) == 3 and lines[0].startswith("- ") and "major" in lines[0] and lines[1].startswith("+ ") and "critical" in lines[1]
                   and lines[2].startswith("+ ") and "too hot" in lines[2], "the old, the new, and what is added", done.stdout + done.stderr)
            differ = [json.loads(line) for line in fleet.do("rules", "test", new, *how, "--json").stdout.splitlines()]
            tap.same([d["difference"] for d in differ], ["changed", "added"], "the same in JSON")
        done = fleet.do("rules", "test", fleet.rules)
        tap.same((done.returncode, done.stdout), (0, ""), "the rules in force differ in nothing")
        tap.same(len(fleet.alarms()), 1, "trying changes nothing")
        done = fleet.do("rules", "test", new, "--since", "0s")
        tap.same(done.returncode, 0, "nothing heard, nothing differs")


def checked(tap):
    with Labels() as fleet:
        done = run([TRAPLINE, "rules", "check", fleet.rules])
        tap.same((done.returncode, done.stdout), (0, "2 rules, all right\n"), "a good file")
        bad = fleet.folder / "bad.yaml"
        bad.write_text("rules:\n- { do: raise, key: a, colour: red }\n")
        done = run([TRAPLINE, "rules", "check", bad])
        tap.ok(done.returncode == 3 and f"{bad}:2:24: 'colour' is no key here" in done.stderr, "a mistake has its place", done.stderr)
        for file, wanted in ((bad, [{"complaint": f"{bad}:2:24: 'colour' is no key here"}, {"errors": 1, "warnings": 0}]),
                             (fleet.rules, [{"errors": 0, "warnings": 0}])):
            done = run([TRAPLINE, "rules", "check", file, "--json"])
            said = [json.loads(line) for line in done.stdout.splitlines()]
            tap.ok(len(said) == len(wanted) and said[-1]["errors"] == wanted[-1]["errors"] and done.stderr == ""
                   and all(s.get("complaint", "").startswith(w.get("complaint", "")) for s, w in zip(said, wanted)),
                   f"rules check --json: {file.name}", done)
        done = run([TRAPLINE, "rules", "test", fleet.folder / "none.yaml", "--data", fleet.data])
        tap.ok(done.returncode == 3 and "No such file" in done.stderr, "a file that is not there", done.stderr)
        for words in (("check",), ("explode",), ("test", "x", "--since", "1h", "--pcap", "y")):
            tap.same(run([TRAPLINE, "rules", *words]).returncode, 2, f"rules {' '.join(words)}: wrong usage")


if __name__ == "__main__":
    harness.isolate()
    harness.main(in_force, tried, checked)
