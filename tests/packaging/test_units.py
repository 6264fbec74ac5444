#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The shipped units, by systemd's own judgement: they are valid, and the service is closed (exposure at most 2.0)."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXPOSURE_MAX = 2.0
UNITS = Path(__file__).resolve().parents[2] / "packaging"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def units_are_valid(folder):
    code, said = run("systemd-analyze", "verify", "--man=no", *map(str, sorted(folder.iterdir())))
    ours = [line for line in said.splitlines() if "trapline" in line]
    return code == 0 and not ours, said


def service_is_closed(folder):
    code, said = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(folder / "trapline.service"))
    found = re.search(r"Overall exposure level.*?: ([0-9.]+)", said)
    return bool(found) and float(found[1]) <= EXPOSURE_MAX, said


def sysctl_is_understood(folder):
    said = (UNITS / "sysctl.d/60-trapline.conf").read_text()
    keys = [line.split("=")[0].strip() for line in said.splitlines() if line and not line.startswith("#")]
    missing = [k for k in keys if not Path("/proc/sys", *k.split(".")).exists()]
    return bool(keys) and not missing, f"no such setting: {missing}"


def main():
    if not shutil.which("systemd-analyze"):
        print("1..0 # SKIP systemd-analyze is not installed")
        return 0
    tests = [units_are_valid, service_is_closed, sysctl_is_understood]
    print(f"1..{len(tests)}")
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for unit in UNITS.glob("*.socket"):
            shutil.copy(unit, folder)
        template = (UNITS / "trapline.service.in").read_text()
        # verify wants a program that exists; which one does not matter to it
        (folder / "trapline.service").write_text(template.replace("@bindir@/trapline", "/bin/true"))
        for number, test in enumerate(tests, 1):
            fine, said = test(folder)
            print(f"{'ok' if fine else 'not ok'} {number} - {test.__name__}")
            if not fine:
                failed += 1
                print("".join(f"# {line}\n" for line in said.splitlines()), end="")
    return failed != 0


sys.exit(main())
