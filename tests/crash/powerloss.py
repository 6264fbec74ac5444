#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Power loss at random fsyncs under inform load (the shim is powerloss.c): none acknowledged may be lost. Two control
runs, fsync made a no-op and a collector that acknowledges before its commit, must be seen to lose; otherwise this
test could not see a loss at all.

    RUNS=50 SEED=1 tests/crash/powerloss.py
"""
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import harness  # noqa: E402
from harness import BLAST, BUILD, COMMUNITY, PORT, TRAPLINE, Collector  # noqa: E402

RUNS = int(os.environ.get("RUNS", "50"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1000000))
SHIM = BUILD / "tests" / "crash" / "libpowerloss.so"
EARLY_ACK = BUILD / "tests" / "crash" / "trapline-early-ack"
RATE = 3000
PATIENCE = 30  # seconds until the power must have failed


class Load:
    """Informs all the time, over every failure; .acked is the file of what was acknowledged."""

    def __init__(self, folder):
        self.acked = folder / "acked"
        self.acked.touch()
        self.process = harness.start([BLAST, "--to", f"127.0.0.1:{PORT}", "--community", COMMUNITY, "--inform", "--rate", RATE,
                                      "--seconds", 3600, "--timeout-ms", 150, "--window", 2000, "--late-ack", self.acked],
                                     stdout=subprocess.PIPE, text=True)

    def stop(self):
        self.process.terminate()
        out, _ = self.process.communicate(timeout=60)
        harness.STARTED.remove(self.process)
        return json.loads(out)


def lose_power(collector, at, seed, **environment):
    """Runs the collector until its power fails at fsync number `at`; returns how the process ended."""
    collector.environment = {"LD_PRELOAD": str(SHIM), "POWERLOSS_DIR": str(collector.data), "POWERLOSS_AT": str(at),
                             "POWERLOSS_SEED": str(seed), **environment}
    collector.start(ready=False)
    try:
        return collector.process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        collector.kill()
        return None


def normal(collector):
    """The collector without the shim, as after a repair."""
    collector.environment = {}
    collector.program = TRAPLINE
    return collector.start()


def prepared():
    """A collector whose folder a start and a stop in peace have made."""
    collector = Collector().start()
    collector.stop()
    return collector


def power_loss(tap):
    chance = random.Random(SEED)
    print(f"# {RUNS} runs, seed {SEED}", flush=True)
    collector = Collector()
    collector.data.mkdir()
    load = Load(collector.folder)
    ends = []
    for _ in range(RUNS):
        ends.append(lose_power(collector, chance.choice((chance.randint(1, 12), chance.randint(1, 500))), chance.randint(1, 1 << 30)))
        if ends[-1] != -signal.SIGKILL:
            break
    tap.same(ends, [-signal.SIGKILL] * RUNS, f"the power failed {RUNS} times, and every start in between worked") or print(
        "# " + collector.said()[-1500:].replace("\n", "\n# "))
    normal(collector)
    time.sleep(0.5)
    sender = load.stop()
    collector.stop()
    found = collector.count("--acked", load.acked)
    print(f"# sender {sender}\n# journal {found}", flush=True)
    tap.ok(found["acked"] > RUNS * 10, "informs were acknowledged between the failures", found)
    tap.same(found["acked_missing"], 0, "none acknowledged was lost")
    tap.same((found["acked_again"], found["again"]), (0, 0), "none is there twice")
    tap.same(harness.run([TRAPLINE, "verify", "--data", collector.data]).returncode, 0, "verify finds nothing")


def lost(collector, load):
    """How many acknowledged informs the journal does not hold; all of them if it cannot be read."""
    load.stop()
    done = harness.run([harness.COUNT, "--acked", load.acked, collector.data])
    if done.returncode != 0:
        return len(load.acked.read_text().split())
    return json.loads(done.stdout)["acked_missing"]


def control_no_sync(tap):
    """fsync says that it did and did not."""
    worst = 0
    for seed in range(1, 11):
        collector = prepared()
        load = Load(collector.folder)
        lose_power(collector, 200, seed, POWERLOSS_NOSYNC="1")
        worst = max(worst, lost(collector, load))
    tap.ok(worst > 0, "control: fsync made a no-op is seen to lose", worst)


def control_early_ack(tap):
    """Acknowledged before the commit."""
    worst = 0
    for seed in range(1, 6):
        collector = prepared()
        collector.program = EARLY_ACK
        load = Load(collector.folder)
        lose_power(collector, 40, seed)
        worst = max(worst, lost(collector, load))
    tap.ok(worst > 0, "control: acknowledgement before commit is seen to lose", worst)


def failing_sync(tap):
    """One fsync that fails, in every place of the first twenty: nothing is lost, and the collector recovers or refuses to start."""
    for at in range(1, 21, 3):
        collector = prepared()
        load = Load(collector.folder)
        collector.environment = {"LD_PRELOAD": str(SHIM), "POWERLOSS_DIR": str(collector.data), "POWERLOSS_FAIL": f"{at}:5"}
        collector.start(ready=False)
        time.sleep(2)
        alive = collector.process.poll() is None
        if alive:
            state = collector.status()["journal"]["state"]
            tap.same(state, "ok", f"fsync {at} fails: the collector writes again")
            collector.kill()
        else:
            tap.ok(collector.process.returncode > 0 and collector.said(), f"fsync {at} fails: the start says why", collector.said())
        normal(collector)
        time.sleep(0.3)
        collector.stop()
        tap.same(lost(collector, load), 0, f"fsync {at} fails: none acknowledged is lost")


if __name__ == "__main__":
    if not SHIM.exists():
        print(f"1..0 # SKIP {SHIM} is not built")
        sys.exit(0)
    harness.isolate()
    harness.main(power_loss, control_no_sync, control_early_ack, failing_sync)
