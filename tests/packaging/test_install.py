#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""test_install.py BUILD: what `meson install` puts where. The test tools are built, but not installed."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

WANTED = {  # below the prefix: may it be run?
    "bin/trapline": True,
    "lib/systemd/system/trapline.service": False,
    "lib/systemd/system/trapline-162.socket": False,
    "lib/systemd/system/trapline-2697.socket": False,
    "lib/sysctl.d/60-trapline.conf": False,
    "lib/sysusers.d/trapline.conf": False,
    "share/man/man1/trapline.1": False,
    "share/man/man5/trapline.yaml.5": False,
    "share/man/man8/trapline-serve.8": False,
    "share/bash-completion/completions/trapline": False,
}
PREFIX = "usr/local"


def installed(build, destination):
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet", "--destdir", destination], check=True,
                   stdout=subprocess.DEVNULL)
    top = Path(destination) / PREFIX
    return top, {str(p.relative_to(top)): os.access(p, os.X_OK) for p in top.rglob("*") if not p.is_dir()}


def main():
    with tempfile.TemporaryDirectory() as destination:
        top, files = installed(sys.argv[1], destination)
        for name in sorted(set(files) ^ set(WANTED)):
            print(f"{name}: {'not wanted' if name in files else 'missing'}")
        for name in sorted(n for n in files if files[n] != WANTED.get(n, files[n])):
            print(f"{name}: {'may be run' if files[name] else 'may not be run'}")
        unit = (top / "lib/systemd/system/trapline.service").read_text()
        starts = f"ExecStart=/{PREFIX}/bin/trapline serve --data %S/trapline\n" in unit
        if not starts:
            print("trapline.service does not start the installed program")
        said = subprocess.run([top / "bin/trapline", "version"], capture_output=True, text=True)
        print(f"{len(files)} files, {said.stdout.strip()}")
        return files != WANTED or not starts or said.returncode != 0


sys.exit(main())
