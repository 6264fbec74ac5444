#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the kernel says about a running collector: locked in, without capabilities as nobody, and still at work. (What is
refused inside is tried by tests/unit/io.)"""
import os
import re
import shutil

import harness
from harness import PORT, Collector

NOBODY = 65534


def fields(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return dict(re.findall(r"^(\w+):\s*(.*)$", f.read(), re.M))


def locked(tap):
    with Collector() as collector:
        threads = os.listdir(f"/proc/{collector.process.pid}/task")
        for thread in threads:
            f = fields(f"{collector.process.pid}/task/{thread}")
            tap.same((f["Seccomp"], f["NoNewPrivs"]), ("2", "1"), f"thread {f['Name']}: a filter, and no new privileges")


def nobody(tap):
    if os.geteuid() != 0 or os.environ.get("TRAPLINE_TEST_MAPPED"):
        raise harness.Skip("needs root to become nobody")
    program = harness.Path("/var/tmp") / f"trapline-test-{os.getpid()}"  # the build folder may be closed to nobody
    shutil.copy2(harness.TRAPLINE, program)
    try:
        collector = Collector()
        collector.folder.chmod(0o755)
        collector.data.mkdir()
        os.chown(collector.data, NOBODY, NOBODY)
        collector.write_config()
        os.chown(collector.file, NOBODY, NOBODY)
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--bounding-set=-all", program, "serve", "-c",
                   collector.file, "--data", collector.data]
        with open(collector.log, "a", encoding="utf-8") as log:
            collector.process = harness.start(command, stdout=log, stderr=log)
        collector.wait_ready()
        f = fields(collector.process.pid)
        tap.same((f["CapEff"], f["Uid"].split()[0]), ("0" * 16, str(NOBODY)), "runs as nobody without capabilities")
        result = harness.blast("--inform", "--count", "200", "--rate", "2000")
        tap.same(result["acknowledged"], 200, f"serves port {PORT} and keeps its journal")
        tap.same(collector.stop(), 0, "and stops in good order")
    finally:
        program.unlink()


if __name__ == "__main__":
    harness.isolate()
    harness.main(locked, nobody)
