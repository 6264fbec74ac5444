#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of alarm from a stranger's trap on the wire to what `alarms` and `devices` say: Net-SNMP's snmptrap is the
sender. Hours pass by a clock that the test moves (clock_ahead.c), for what expires and for who falls silent."""
import datetime
import os
import struct

import harness
from fleet import ALERT, COLD_START, LINK_DOWN, PRINTER, Fleet

AUTHENTICATION = "1.3.6.1.6.3.1.1.5.5"
WARM_START = "1.3.6.1.6.3.1.1.5.2"
HEARTBEAT = "1.3.6.1.4.1.8072.4.0.2"  # says nothing that is wrong
UPS = "1.3.6.1.2.1.33"
ON_BATTERY = f"{UPS}.1.6.3.2"
PACKED = "1.3.6.1.4.1.11.2.3.9.4.2.1.6.2.0"
SENSOR = "1.3.6.1.2.1.99.1.1.1"
ROOM = "1.3.6.1.4.1.99999.7"  # a maker's sensor that tells of a threshold
RULES = f"""
rules:
- {{ name: too warm, trap: {ROOM}.0.1, do: raise, key: "warm/{{{ROOM}.1}}", severity: major, words: "Sensor {{{ROOM}.1}} is at {{{SENSOR}.4}}", who: anyone }}
- {{ name: cool again, trap: {ROOM}.0.2, do: clear, key: "warm/{{{ROOM}.1}}" }}
- {{ name: door, trap: {ROOM}.0.3, do: raise, key: door, words: "Somebody is in there", expires: 2s }}
"""


class Strangers(Fleet):
    """snmptrap sends from a device's address; the collector's clock goes ahead when it is told to."""

    def __init__(self, **config):
        super().__init__(**config)
        (self.folder / "kinds.yaml").write_text(RULES)
        self.clock = self.folder / "clock"
        self.clock.write_bytes(bytes(8))
        self.environment = {"LD_PRELOAD": harness.BUILD / "tests/interop/libclock_ahead.so", "CLOCK_AHEAD": self.clock,
                            "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.ahead = self.sent = 0

    def settled(self):
        """Waits until all that was sent is in the journal and in the alarms."""
        def is_settled():
            status = self.status()
            return status["stored"] >= self.sent and status["followers"][0]["lag"] == 0

        harness.wait_until(is_settled)

    def later(self, seconds):
        """The clock moves when all that was sent is there: the time of an event is that of its commit."""
        self.settled()
        self.ahead += seconds
        self.move()

    def move(self):
        with open(self.clock, "r+b") as file:
            file.write(struct.pack("q", self.ahead))

    def trap(self, host, oid, *bindings):
        done = harness.run(["snmptrap", "-v", "2c", "-c", harness.COMMUNITY, "-Ln", "-m", "", f"--clientaddr={host}",
                            f"127.0.0.1:{harness.PORT}", "4711", oid, *bindings], env={**os.environ, "MIBS": ""})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.sent += 1

    def printer(self, host, index, group, group_index, code, severity=3, location=-2, text=None):
        columns = ((1, index), (2, severity), (4, group), (5, group_index), (6, location), (7, code))
        bindings = [word for c, v in columns for word in (f"{ALERT}.{c}.1.{index}", "i", v)]
        self.trap(host, PRINTER, *bindings, *([f"{ALERT}.8.1.{index}", "s", text] if text else []))

    def of(self, host):
        """The alarms of the device at an address."""
        ids = {d["id"] for d in self.lines("devices") if d["address"] == host}
        return [a for a in self.alarms() if a["device"] in ids]

    def wait_of(self, host, condition):
        harness.wait_until(lambda: (self.data / "state.db").exists() and condition(self.of(host)), 10, 0.05)
        return self.of(host)


def ended(found):
    return [a["cleared_because"] for a in found]


def any_open(found):
    return any(a["state"] == "open" for a in found)


def printers(tap):
    """What printers say, in numbers; whatever the language of the text beside them."""
    now = datetime.datetime.now(datetime.timezone.utc)
    with Strangers() as fleet:
        fleet.later((14 * 60 + 32 - now.hour * 60 - now.minute) % 1440 * 60 - now.second)
        fleet.printer("127.0.0.7", 4, 8, 2, 8)
        jam = fleet.wait_of("127.0.0.7", any_open)
        tap.same([(a["text"], a["severity"], a["who"], a["first"][11:16]) for a in jam],
                 [("Paper jam in input tray 2 (critical); a trained operator can clear it", "critical", "a trained operator", "14:32")],
                 "a paper jam at 14:32")
        shown = fleet.do("alarms", jam[0]["id"]).stdout
        tap.ok("Paper jam in input tray 2" in shown and "T14:32:" in shown, "in words too", shown)

        fleet.printer("127.0.0.8", 1, 8, 1, 808)
        fleet.printer("127.0.0.8", 2, 8, -1, 808, severity=4)
        empty = fleet.wait_of("127.0.0.8", lambda found: len(found) == 2)
        tap.same([(a["text"], a["severity"], a["who"]) for a in empty],
                 [("Input tray 1 is out of paper (critical); anyone can refill it", "critical", "anyone"),
                  ("An input tray is out of paper (warning); anyone can refill it", "warning", "anyone")], "out of paper")

        fleet.printer("127.0.0.9", 5, 10, 1, 1003, text="Fixiereinheit gestört")
        fleet.printer("127.0.0.9", 6, 2, -1, 2)
        fleet.settled()
        fuser = fleet.of("127.0.0.9")
        tap.same([(a["key"], a["severity"], a["who"]) for a in fuser], [("printer/1/10.1/-2/1003", "critical", "a service engineer")],
                 "fuser failing: from the code, with the generic alert behind it in one alarm")
        tap.ok(fuser and fuser[0]["text"].startswith("Timing failure in the fuser of print engine 1 (critical)")
               and "Fixiereinheit gestört" in fuser[0]["text"], "the printer's own words are quoted", fuser)

        values = struct.pack(">6i", 3, 3, 6, 1, -2, 3).hex()
        fleet.trap("127.0.0.10", "1.3.6.1.4.1.11.2.3.9.1.0.1", PACKED, "x", values)
        packed = fleet.wait_of("127.0.0.10", any_open)
        tap.same([(a["key"], a["severity"], a["kind"]) for a in packed], [("printer/0/6.1/-2/3", "critical", "printer")],
                 "six values packed as one octet string are the same alert")
        fleet.trap("127.0.0.10", "1.3.6.1.4.1.11.2.3.9.1.0.1", PACKED, "x", struct.pack(">6i", 4, 4, 6, 1, -2, 4).hex())
        tap.same(ended(fleet.wait_of("127.0.0.10", lambda found: found and not any_open(found))), ["opposite code"], "and so is its end")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


def others(tap):
    """UPSes, sensors, access, and a start that ends what a start ends."""
    with Strangers(rules=["kinds.yaml"]) as fleet:
        battery = (f"{UPS}.1.2.3.0", "i", 12, f"{UPS}.1.2.2.0", "i", 5, f"{UPS}.1.9.7.0", "i", 2)
        for _ in range(2):  # it comes every minute while it is so (RFC 1628)
            fleet.trap("127.0.0.7", f"{UPS}.2.1", *battery)
            fleet.later(60)
        cut = fleet.wait_of("127.0.0.7", lambda found: found and found[0]["count"] == 2)
        tap.same([(a["key"], a["kind"], a["severity"]) for a in cut], [("ups/2", "ups", "major")], "a power cut: on battery, counted")
        tap.ok(cut and "battery" in cut[0]["text"], "says so", cut)
        fleet.trap("127.0.0.7", f"{UPS}.2.4", f"{UPS}.1.6.2.1.1.1", "i", 1, f"{UPS}.1.6.2.1.2.1", "o", ON_BATTERY)
        tap.same(ended(fleet.wait_of("127.0.0.7", lambda found: found and not any_open(found))), ["opposite code"], "power is back")
        fleet.trap("127.0.0.7", f"{UPS}.2.3", f"{UPS}.1.6.2.1.1.2", "i", 2, f"{UPS}.1.6.2.1.2.2", "o", f"{UPS}.1.6.3.3")
        tap.same([a["key"] for a in fleet.wait_of("127.0.0.7", any_open)], ["ups/2", "ups/3"], "an entry of its alarm table: battery low")

        for state in (3, 2):
            fleet.trap("127.0.0.8", "1.3.6.1.4.1.99999.8.0.1", f"{SENSOR}.5.1003", "i", state)
        sensor = fleet.wait_of("127.0.0.8", lambda found: found and found[0]["count"] == 2)
        tap.same([(a["key"], a["kind"], a["state"]) for a in sensor], [("sensor/1003", "sensor", "open")],
                 "a sensor's entPhySensorOperStatus in any notification")
        fleet.trap("127.0.0.8", "1.3.6.1.4.1.99999.8.0.1", f"{SENSOR}.5.1003", "i", 1)
        tap.same(ended(fleet.wait_of("127.0.0.8", lambda found: found and not any_open(found))), ["opposite code"], "and ok again")
        for oid, value in ((f"{ROOM}.0.1", 41), (f"{ROOM}.0.2", 24)):
            fleet.trap("127.0.0.9", oid, f"{ROOM}.1.0", "i", 4, f"{SENSOR}.4.1004", "i", value)
        warm = fleet.wait_of("127.0.0.9", lambda found: found and not any_open(found))
        tap.same([(a["key"], a["text"], a["severity"], a["who"], a["cleared_because"]) for a in warm],
                 [("rule/warm/4", "Sensor 4 is at 41", "major", "anyone", "rule")], "a sensor over its threshold and back, by a rule")

        fleet.trap("127.0.0.10", AUTHENTICATION)
        fleet.trap("127.0.0.10", LINK_DOWN, "1.3.6.1.2.1.2.2.1.1.3", "i", 3)
        fleet.printer("127.0.0.10", 2, 6, 1, 3)
        tap.same([(a["kind"], a["severity"]) for a in fleet.wait_of("127.0.0.10", lambda found: len(found) == 3)],
                 [("access", "warning"), ("link", "major"), ("printer", "critical")], "authenticationFailure, beside two others")
        fleet.trap("127.0.0.10", COLD_START)
        tap.same(ended(fleet.wait_of("127.0.0.10", lambda found: sum(a["state"] == "open" for a in found) == 1)),
                 [None, "device restart", "device restart"], "coldStart ends them; not that somebody tried a wrong community")
        fleet.trap("127.0.0.7", WARM_START)
        tap.same(ended(fleet.wait_of("127.0.0.7", lambda found: not any_open(found))), ["opposite code", "device restart"], "warmStart does, too")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


def expired(tap):
    """What nothing ends is over after its time, and the reason says so."""
    with Strangers(rules=["kinds.yaml"]) as fleet:
        fleet.trap("127.0.0.7", AUTHENTICATION)
        fleet.trap("127.0.0.8", f"{UPS}.2.1")
        fleet.printer("127.0.0.9", 4, 8, 2, 8, severity=4)
        fleet.printer("127.0.0.9", 5, 6, 1, 3)
        tap.same(len(fleet.wait_alarms(lambda found: len(found) == 4)), 4, "an access, a battery, a warning that comes once, a cover")
        kinds = {a["id"]: (a["kind"], a["severity"]) for a in fleet.alarms()}

        def gone():
            return sorted(kinds[a["id"]][0] for a in fleet.alarms() if a["cleared_because"] == "expired")

        for seconds, more in ((880, []), (30, ["ups"]), (2670, ["ups"]), (30, ["access", "ups"]), (82770, ["access", "ups"]),
                              (30, ["access", "printer", "ups"])):
            fleet.later(seconds)
            before = gone()
            harness.wait_until(lambda: gone() != before, 5 if more != before else 0.5, 0.1)
            tap.same(gone(), more, f"{fleet.ahead} seconds later: {' and '.join(more) or 'none'}")
        tap.same([a["key"] for a in fleet.alarms("--state", "open")], ["printer/1/6.1/-2/3"], "the cover stays open until somebody closes it")
        for _ in range(2):
            fleet.trap("127.0.0.9", f"{ROOM}.0.3")
            harness.time.sleep(0.7)
        door = fleet.wait_of("127.0.0.9", lambda found: found[-1]["state"] == "cleared")[-1]
        tap.same((door["text"], door["count"], door["cleared_because"]), ("Somebody is in there", 2, "expired"),
                 "a rule's own time, here of two seconds from the last one on")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


def silent(tap):
    """Silence is not health: who speaks each five minutes is missed after three times that, a device and a whole site."""
    sites = [{"name": "quay", "from": ["127.0.7.0/24"]}, {"name": "mill", "from": ["127.0.8.0/24"]}]
    press, shelf, mill = "127.0.7.1", "127.0.7.2", "127.0.8.1"
    with Strangers() as fleet:
        fleet.config["sites"] = sites
        fleet.reload()
        harness.wait_until(lambda: "reloaded" in fleet.said())
        for _ in range(12):
            fleet.later(300)
            for host in (press, shelf, mill):
                fleet.trap(host, HEARTBEAT)
        for _ in range(2):
            fleet.later(430)
            fleet.trap(shelf, HEARTBEAT)
        fleet.settled()
        harness.time.sleep(0.5)  # what is due is seen when nothing is left to fold
        tap.same(fleet.alarms(), [], "14 minutes: nobody is missed yet")
        fleet.later(300)
        found = fleet.wait_alarms(lambda found: len(found) == 2)
        addresses = {d["id"]: d["address"] for d in fleet.lines("devices")}
        tap.same(sorted((a["kind"], a["site"], addresses.get(a["device"]), a["severity"]) for a in found),
                 [("silent", "quay", press, "major"), ("site-silent", "mill", None, "major")],
                 "a device is missed, and a site; not each device of that site")
        tap.same({d["address"]: d["silent"] for d in fleet.lines("devices")}, {press: True, shelf: False, mill: False}, "devices says who is silent")
        fleet.trap(press, HEARTBEAT)
        fleet.trap(mill, HEARTBEAT)
        found = fleet.wait_alarms(lambda found: not any_open(found))
        tap.same(ended(found), ["heard again", "heard again"], "both end when they are heard")
        for stop in (fleet.stop, fleet.kill):
            fleet.trap(shelf, HEARTBEAT)
            fleet.settled()
            stop()
            fleet.ahead += 36000
            fleet.move()
            fleet.start()
            fleet.sent = 0
            fleet.trap("127.0.9.1", HEARTBEAT)
            fleet.settled()
            harness.time.sleep(0.5)
            tap.same(len(fleet.alarms()), 2, f"ten hours without a collector ({stop.__name__}): nobody is missed for that")
        fleet.later(2000)
        tap.same(len(fleet.wait_alarms(lambda found: len(found) == 4)), 4, "but who does not speak after it is")
        tap.same(fleet.do("rebuild").returncode, 0, "rebuilt it is the same")


harness.isolate()
harness.need("snmptrap")
harness.main(printers, others, expired, silent)
