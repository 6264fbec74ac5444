#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`trapline demo`: its story at speed, the alarms that it leaves, and that it leaves no trace."""
import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import harness
from harness import TRAPLINE, run, wait_until

harness.isolate()  # it starts this file again: nothing may be made before
FOLDER = Path(tempfile.mkdtemp(prefix="trapline-test-demo-"))
harness.atexit.register(shutil.rmtree, FOLDER, True)
DATA = FOLDER / "demo"


def lines(*words):
    return [json.loads(line) for line in run([TRAPLINE, *words, "--data", DATA, "--json"]).stdout.splitlines()]


def story(tap):
    demo = harness.start([TRAPLINE, "demo", "--data", DATA, "--speed", "20"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    tap.ok(wait_until(lambda: (DATA / "control").exists(), 15), "its collector is up")
    second = run([TRAPLINE, "demo", "--data", FOLDER / "other"])
    tap.ok(second.returncode == 1 and "another demo runs" in second.stderr, "a second demo is refused", second.stderr)
    said = ""
    while "Ctrl-C" not in said:
        line = demo.stderr.readline()
        if not line:
            break
        said += line
    tap.ok("all 16 alarms are as the story has them" in said, "the story comes to the alarms that it should", said)
    alarms = lines("alarms", "--state", "all")
    devices = {d["id"]: d for d in lines("devices")}
    # Told again here by hand: the last octet of the device's address, and how its alarm ended.
    seen = sorted((int(devices[a["device"]]["address"].split(".")[3]), a["cleared_because"] or "open") for a in alarms)
    tap.same(seen, [(1, "clear trap 1801"), (1, "open"), (2, "open"), (3, "clear trap 1801"), (4, "clear trap 1801"), (5, "opposite code"),
                    (6, "open"), (7, "device restart"), (8, "open"), (8, "poll says gone"), (9, "open"), (9, "rule"), (10, "opposite code"),
                    (11, "open"), (11, "opposite code"), (11, "opposite code")], "reasons for clearing; one was found by asking")
    tap.same({a["site"] for a in alarms} | {e["site"] for e in lines("events", "--limit", "0")}, {"demo"}, "all of it is marked as the demo's")
    press = [d for d in devices.values() if d["name"] == "press-1"][0]
    tap.same((press["serial"], press["model"], press["location"], press["asked"]), ("DEMO-0001", "Demo cut-sheet press", "Print room", "ok"),
             "a device says who it is")
    tap.same(run([TRAPLINE, "demo", "--data", DATA, "--remove"]).returncode, 1, "it is not taken away while it runs")
    demo.send_signal(signal.SIGINT)
    tap.same(demo.wait(20), 0, "Ctrl-C ends it")
    tap.ok(wait_until(lambda: run([TRAPLINE, "status", "--data", DATA]).returncode == 1, 5), "and its collector")
    tap.same(run([TRAPLINE, "rebuild", "--data", DATA]).returncode, 0, "rebuilt it is the same")
    tap.same((run([TRAPLINE, "demo", "--data", DATA, "--remove"]).returncode, DATA.exists()), (0, False), "--remove takes every trace away")


def cut_short(tap):
    """Ctrl-C in the story, and while the alarms are waited for: no verdict on what was not seen, and nothing stays behind."""
    for speed, last in (("5", "press-1 has a jam"), ("100", "it does not know of a jam")):
        demo = harness.start([TRAPLINE, "demo", "--data", DATA, "--speed", speed], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in demo.stdout:
            if last in line:
                break
        demo.send_signal(signal.SIGINT)
        out, err = demo.communicate(timeout=20)
        tap.same((demo.returncode, "ended before its story was over" in err, "not all" in err, "UNEXPECTED" in out), (1, True, False, False),
                 f"cut short at speed {speed} it says so, and judges nothing")
        tap.same(run([TRAPLINE, "status", "--data", DATA]).returncode, 1, "its collector is gone")
        tap.same((run([TRAPLINE, "demo", "--data", DATA, "--remove"]).returncode, DATA.exists()), (0, False), "and its folder goes")


def for_programs(tap):
    """--json: objects and nothing else; --once: it ends by itself."""
    done = run([TRAPLINE, "demo", "--data", DATA, "--speed", "100", "--once", "--json"])
    try:
        alarms = [json.loads(line) for line in done.stdout.splitlines()]
    except ValueError:
        alarms = []
    tap.same((done.returncode, len(alarms)), (0, 16), "--json prints the alarms, one object a line, and nothing else")
    tap.ok("press-1 has a jam" in done.stderr, "the story is told on the other stream", done.stderr)
    who = {(a["key"].split("/")[-1], a["who"]) for a in alarms if a["state"] == "open"}
    told = {("1002", "a service engineer"), ("1104", "anyone"), ("1107", "a trained operator")}
    tap.ok(told <= who, "who can fix it is what the device said when it was asked", str(who))
    run([TRAPLINE, "demo", "--data", DATA, "--remove"])


def not_in_a_real_folder(tap):
    with harness.Collector() as c:
        c.stop()
        for words in ((), ("--remove",)):
            done = run([TRAPLINE, "demo", "--data", c.data, *words])
            tap.ok(done.returncode == 1 and "nothing was removed" in done.stderr and (c.data / "journal.db").exists(),
                   f"a real journal is left alone: demo {' '.join(words)}", done.stderr)
        c.start()


if __name__ == "__main__":
    harness.main(story, cut_short, for_programs, not_in_a_real_folder)
