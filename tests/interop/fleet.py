# SPDX-License-Identifier: Apache-2.0
"""A collector, and devices on loopback addresses that send traps to it."""
import json
import socket

import harness
from harness import TRAPLINE, ber_integer, run, varbind

SITES = [{"name": "rotterdam", "from": ["127.0.0.0/8"]}, {"name": "oslo", "from": ["10.0.0.0/8"]}]
LINK_DOWN, LINK_UP = "1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4"
COLD_START = "1.3.6.1.6.3.1.1.5.1"
PRINTER = "1.3.6.1.2.1.43.18.2.0.1"
ALERT = "1.3.6.1.2.1.43.18.1.1"


class Fleet(harness.Collector):
    """A collector, and devices on loopback addresses that send to it."""

    def __init__(self, **config):
        super().__init__(sites=SITES, **config)
        self.ids = 0

    def send(self, host, trap_oid, *bindings):
        self.ids += 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((host, 0))
            s.sendto(harness.notification(self.ids, *bindings, trap_oid=trap_oid), ("127.0.0.1", harness.PORT))

    def alert(self, host, index, group, group_index, code, severity=3, location=-2, hr=1):
        values = ((1, index), (2, severity), (4, group), (5, group_index), (6, location), (7, code))
        self.send(host, PRINTER, *[varbind(f"{ALERT}.{c}.{hr}.{index}", ber_integer(v)) for c, v in values])

    def link(self, host, number, up=False):
        self.send(host, LINK_UP if up else LINK_DOWN, varbind(f"1.3.6.1.2.1.2.2.1.1.{number}", ber_integer(number)))

    def do(self, *words):
        return run([TRAPLINE, *words, "--data", self.data])

    def lines(self, *words):
        done = self.do(*words, "--json")
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def alarms(self, *options):
        return self.lines("alarms", *options)

    def wait_alarms(self, condition, patience=10):
        """All alarms as soon as the condition holds for them, or as they are when the patience ends."""
        def holds():
            try:
                return condition(self.alarms())
            except RuntimeError:  # a collector that began just now has no state yet
                return False

        harness.wait_until(holds, patience, 0.05)
        return self.alarms()

    def acts(self):
        return [e["note"] for e in self.events("--kind", "act")]
