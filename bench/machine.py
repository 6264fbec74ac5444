# SPDX-License-Identifier: Apache-2.0
"""What the benchmark ran on, and what it asks of the machine: socket buffers, processors, a real disk."""
import os
import platform
import re
import subprocess
from pathlib import Path

SHIPPED_SYSCTL = Path(__file__).resolve().parent.parent / "packaging" / "60-trapline.conf"


def read(path):
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def first(pattern, text, default="?"):
    found = re.search(pattern, text, re.M)
    return found[1].strip() if found else default


def file_system(folder):
    """Type and device of the file system that holds the folder."""
    out = subprocess.run(["stat", "--file-system", "--format=%T", str(folder)], capture_output=True, text=True)
    mounts = [line.split() for line in read("/proc/self/mounts").splitlines()]
    holding = [m for m in mounts if os.path.realpath(folder).startswith(m[1].rstrip("/") + "/") or m[1] == "/"]
    return out.stdout.strip(), max(holding, key=lambda m: len(m[1]))[0] if holding else "?"


def describe(folder):
    cpu = read("/proc/cpuinfo")
    kind, device = file_system(folder)
    return {
        "processor": first(r"^model name\s*:\s*(.*)", cpu),
        "cores": os.cpu_count(),
        "memory_gib": round(int(first(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"), "0")) / (1 << 20), 1),
        "virtual": "hypervisor" in first(r"^flags\s*:(.*)", cpu),
        "kernel": platform.release(),
        "system": first(r'^PRETTY_NAME="(.*)"', read("/etc/os-release")),
        "file_system": kind,
        "device": device,
    }


def sync_time(folder, count=200):
    """Median microseconds of a 4 KiB write with fdatasync in the folder."""
    import time
    path, times = Path(folder) / "sync-time", []
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        for i in range(count):
            start = time.perf_counter()
            os.pwrite(fd, b"x" * 4096, i * 4096)
            os.fdatasync(fd)
            times.append(time.perf_counter() - start)
    finally:
        os.close(fd)
        path.unlink()
    return round(sorted(times)[count // 2] * 1e6)


class Sysctl:
    """Sets kernel settings for a while: `with Sysctl({"net.core.rmem_max": 1 << 26}):`. What cannot be set stays."""

    def __init__(self, wanted):
        self.wanted, self.before = wanted, {}

    @staticmethod
    def path(name):
        return Path("/proc/sys") / name.replace(".", "/")

    def __enter__(self):
        for name, value in self.wanted.items():
            self.before[name] = read(self.path(name))
            self.path(name).write_text(str(value))
        return self

    def __exit__(self, *_):
        for name, value in self.before.items():
            self.path(name).write_text(value)


def shipped_sysctl():
    """The settings of the sysctl.d file that is installed."""
    lines = [line.split("=", 1) for line in read(SHIPPED_SYSCTL).splitlines() if "=" in line and not line.startswith("#")]
    return {name.strip(): value.strip() for name, value in lines}


class Usage:
    """Processor time and memory of a process, read while it lives."""

    TICK = os.sysconf("SC_CLK_TCK")

    def __init__(self, pid):
        self.pid = pid
        self.start = self.cpu()

    def cpu(self):
        fields = read(f"/proc/{self.pid}/stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / self.TICK

    def since_start(self):
        return self.cpu() - self.start

    def memory(self):
        """Resident and peak resident MiB."""
        status = read(f"/proc/{self.pid}/status")
        return tuple(round(int(first(rf"^{name}:\s*(\d+)", status, "0")) / 1024, 1) for name in ("VmRSS", "VmHWM"))
