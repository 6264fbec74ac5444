# SPDX-License-Identifier: Apache-2.0
"""Places for tests across a NAT: network namespaces held by a process each, the wires between them, and a router that
rewrites ports. The collector stands in the test's own namespace (harness.isolate), as 198.51.100.2; sites stand behind the
NAT. Everything goes when the processes that hold it do."""
import subprocess
import tempfile
from pathlib import Path

import harness

COLLECTOR = "198.51.100.2"
ROUTER = "198.51.100.1"
NAT = """table ip nat {{
  chain post {{
    type nat hook postrouting priority 100; policy accept;
    oifname "out" ip protocol udp masquerade to :{first}-{last}
    oifname "out" masquerade
  }}
}}
"""


class Place:
    """A network namespace; None as its holder: the one we are in."""

    def __init__(self, held=True):
        self.holder = harness.start(["unshare", "--net", "sh", "-c", "echo; exec sleep 3600"], stdout=subprocess.PIPE) if held else None
        if held:
            self.holder.stdout.readline()
            self.run("ip", "link", "set", "lo", "up")

    def command(self, *words):
        inside = ["nsenter", "--net", "--target", str(self.holder.pid), "--"] if self.holder else []
        return [*inside, *[str(w) for w in words]]

    def run(self, *words, **more):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, **more)
        if done.returncode:
            raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr}{done.stdout}")
        return done.stdout

    def start(self, *words, **more):
        return harness.start(self.command(*words), **more)

    def add(self, address, device="lo"):
        self.run("ip", "addr", "add", address, "dev", device)


HERE = Place(held=False)


def wire(one, name_one, address_one, other, name_other, address_other):
    """A veth pair between two places, up, with addresses."""
    HERE.run("ip", "link", "add", "wire-a", "type", "veth", "peer", "name", "wire-b")
    for place, end, name, address in ((one, "wire-a", name_one, address_one), (other, "wire-b", name_other, address_other)):
        if place.holder:
            HERE.run("ip", "link", "set", end, "netns", place.holder.pid)
        place.run("ip", "link", "set", "dev", end, "name", name)
        place.add(address, name)
        place.run("ip", "link", "set", "dev", name, "up")


class Router(Place):
    """The NAT between sites (10.1.N.0/24 each) and the collector."""

    def __init__(self):
        super().__init__()
        self.sites = 0
        # The wire of the router before goes when the kernel has taken its namespace down, which is a while after its holder ended.
        harness.wait_until(lambda: "coll0" not in HERE.run("ip", "-br", "link"), 20)
        wire(HERE, "coll0", f"{COLLECTOR}/24", self, "out", f"{ROUTER}/24")
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.map(33000)

    def map(self, first, count=100):
        """New mappings are made from these ports; those there are forgotten."""
        with tempfile.NamedTemporaryFile("w", suffix=".nft") as rules:
            rules.write(NAT.format(first=first, last=first + count - 1))
            rules.flush()
            self.run("nft", "flush", "ruleset")
            self.run("nft", "-f", rules.name)
        self.run("conntrack", "-F")

    def site(self, *inner):
        """A place behind the NAT, with these addresses on its lo."""
        self.sites += 1
        place = Place()
        place.outer = f"10.1.{self.sites}.2"
        wire(place, "up0", f"{place.outer}/24", self, f"in{self.sites}", f"10.1.{self.sites}.1/24")
        place.run("ip", "route", "add", "default", "via", f"10.1.{self.sites}.1")
        for address in inner:
            place.add(f"{address}/32")
        return place


def scratch(prefix="trapline-test-"):
    path = Path(tempfile.mkdtemp(prefix=prefix))
    path.chmod(0o755)
    harness.atexit.register(harness.shutil.rmtree, path, True)
    return path
