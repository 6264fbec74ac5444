#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments under inform load. trapline-blast goes on over every restart and sends again what was not
answered; at the end every inform that was ever acknowledged must stand in the journal exactly once, and nothing twice.

    MOMENTS=100 SEED=1 tests/crash/kill9.py
"""
import json
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
import harness  # noqa: E402
from harness import BLAST, BUILD, COMMUNITY, PORT, Collector  # noqa: E402

MOMENTS = int(os.environ.get("MOMENTS", "100"))
SEED = int(os.environ.get("SEED", time.time_ns() % 1000000))
RATE = 4000
SHORTEST, LONGEST = 0.01, 0.6  # seconds that a collector lives


def kill_again_and_again(tap):
    chance = random.Random(SEED)
    print(f"# {MOMENTS} moments, seed {SEED}", flush=True)
    collector = Collector()
    acked = collector.folder / "acked"
    sender = harness.start([BLAST, "--to", f"127.0.0.1:{PORT}", "--community", COMMUNITY, "--inform", "--rate", RATE, "--seconds",
                            3600, "--timeout-ms", 150, "--window", 2000, "--linger-ms", 20000, "--late-ack", acked],
                           stdout=harness.subprocess.PIPE, text=True)
    for _ in range(MOMENTS):
        collector.start(ready=False)
        time.sleep(chance.uniform(SHORTEST, LONGEST))
        if collector.process.poll() is not None:
            tap.ok(False, "the collector starts again", collector.said()[-2000:])
            return
        collector.kill()
    collector.start()
    sender.terminate()
    out, _ = sender.communicate(timeout=60)
    harness.STARTED.remove(sender)
    result = json.loads(out)
    status = collector.status()
    collector.stop()
    found = collector.count("--acked", acked)
    print(f"# sender {result}\n# journal {found}", flush=True)
    tap.ok(result["acknowledged"] > MOMENTS * 10, "informs were acknowledged between the kills", result)
    tap.ok(result["retransmitted"] > MOMENTS, "and sent again over them", result)
    tap.same(found["acked"], result["acknowledged"], "every acknowledgement was written down")
    tap.same(found["acked_missing"], 0, f"none acknowledged is missing after {MOMENTS} kills")
    tap.same((found["acked_again"], found["again"]), (0, 0), "none is there twice")
    tap.same(harness.ends_of(status), status["received"], "the ends sum to received")
    done = harness.run([harness.TRAPLINE, "verify", "--data", collector.data])
    tap.same(done.returncode, 0, "verify finds nothing")


def control(tap):
    """A collector that acknowledges before it commits (early_ack.c) must be seen to lose."""
    worst = 0
    for _ in range(5):
        collector = Collector(program=BUILD / "tests" / "crash" / "trapline-early-ack").start()
        acked = collector.folder / "acked"
        sender = harness.start([BLAST, "--to", f"127.0.0.1:{PORT}", "--community", COMMUNITY, "--inform", "--rate", RATE, "--seconds",
                                60, "--late-ack", acked], stdout=harness.subprocess.DEVNULL)
        time.sleep(0.5)
        collector.kill()
        harness.stop(sender)
        worst = max(worst, collector.count("--acked", acked)["acked_missing"])
    tap.ok(worst > 0, "control: acknowledgement before commit is seen to lose", worst)


if __name__ == "__main__":
    harness.isolate()
    harness.main(kill_again_and_again, control)
