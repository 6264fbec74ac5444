#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`trapline join --relay`: a box without a TUN device and without privileges, behind a NAT, for devices on two networks around it:
one that the site's tunnel allows, which keeps its address, and one that it does not know, which has the box's."""
import json
import os
import threading
import time

import harness
import places
import test_poll
from harness import COMMUNITY, PORT
from ike_sites import INNER, PSK, collector, site_of, tunnel_of

BOX, KNOWN = "10.99.1.1", "10.99.1.5"  # of the site's network
OTHER_BOX, OTHER = "172.20.0.1", "172.20.0.5"  # of one that stays at the site


def box(router):
    """The box and its two devices."""
    place = router.site()
    devices = [places.Place(), places.Place()]
    places.wire(devices[0], "eth0", f"{KNOWN}/24", place, "lan0", f"{BOX}/24")
    places.wire(devices[1], "eth0", f"{OTHER}/24", place, "lan1", f"{OTHER_BOX}/24")
    return place, devices


def join(place, *more):
    secret = places.scratch() / "psk"
    secret.write_text(PSK + "\n")
    return place.start("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", harness.TRAPLINE,
                       "join", "--collector", places.COLLECTOR, "--identity", "rotterdam", "--peer", "coll", "--psk-file", secret, "--inner", f"{INNER}/32", *more,
                       stderr=harness.subprocess.PIPE, text=True)


def sends(place, how, to, number, tries=2):
    """Debian's snmptrap or snmpinform; its exit code."""
    return harness.run(place.command(f"snmp{how}", "-v2c", "-c", COMMUNITY, "-r", tries, "-t", "1", f"{to}:{PORT}", "''", "1.3.6.1.6.3.1.1.5.3",
                                     "1.3.6.1.2.1.2.2.1.1", "i", number)).returncode


def ended(end):
    end.send_signal(harness.signal.SIGTERM)
    return end.communicate(timeout=10)[1]


def relayed(tap):
    harness.need("snmpinform", "nft")
    router = places.Router()
    place, (known, other) = box(router)
    end = join(place, "--networks", f"{BOX}/32", "--networks", "10.99.1.0/24", "--relay", f"0.0.0.0:{PORT}")
    tap.ok("relaying what comes to udp:0.0.0.0:2697" in end.stderr.readline(), "the box says where it listens")
    early = sends(known, "inform", BOX, 1, tries=0)
    with collector(site_of("rotterdam")) as c:
        tap.ok(early != 0, "while the tunnel is down nothing is acknowledged")
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 20), "the box comes up", c.said())
        tap.ok("CapEff:\t0000000000000000" in harness.Path(f"/proc/{end.pid}/status").read_text(), "without a capability")
        tap.same([sends(known, "inform", BOX, 2), sends(known, "trap", BOX, 3), sends(other, "inform", OTHER_BOX, 4)], [0, 0, 0],
                 "a device's informs to the box are acknowledged through the tunnel, its trap is sent")
        events = c.wait_events(3)
        tap.same([(e["site"], e["transport"], e["kind"], e["peer"].split(":")[0]) for e in events],
                 [("rotterdam", "esp", "inform", KNOWN), ("rotterdam", "esp", "trap", KNOWN), ("rotterdam", "esp", "inform", BOX)],
                 "each event shows the site; and the device's address, or the box's where the tunnel does not allow the device's")
        blasts = [(known, BOX), (other, OTHER_BOX)]
        out = [None, None]

        def blast(i):
            device, to = blasts[i]
            done = harness.run(device.command(harness.BLAST, "--to", f"{to}:{PORT}", "--community", COMMUNITY, "--inform", "--count", "300", "--rate", "200"))
            out[i] = json.loads(done.stdout) if done.returncode == 0 else done.stderr

        threads = [threading.Thread(target=blast, args=(i,)) for i in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        tap.same([o and o.get("acknowledged") for o in out], [300, 300], "300 informs of each at once: each has its own answers")
        tap.same(len(c.events("--kind", "inform")), 602, "each is stored once")
        router.map(34000)
        tap.same(sends(known, "inform", BOX, 5), 0, "the NAT maps anew")
        said = ended(end)
    counts = [int(word) for word in said.splitlines()[-1].replace("(", "").split() if word.isdigit()]
    tap.ok("relayed" in said and counts[1] - counts[0] == counts[2] >= 1 and counts[3] >= 603 and counts[4:] == [0, 0], "what was relayed and answered is told", said)


def with_a_given_address(tap):
    """The collector hands out one inner address; every device has that."""
    harness.need("snmpinform", "nft")
    router = places.Router()
    place, (known, other) = box(router)
    end = join(place, "--relay", f"{BOX}:{PORT}", "--relay", f"{OTHER_BOX}:{PORT}")
    with collector(site_of("rotterdam", networks=[], address="10.99.1.7")) as c:
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 20), "the box comes up", c.said())
        tap.same([sends(known, "inform", BOX, 1), sends(other, "inform", OTHER_BOX, 2)], [0, 0], "informs of both are acknowledged")
        tap.same([e["peer"].split(":")[0] for e in c.wait_events(2)], ["10.99.1.7"] * 2, "from the address that was handed out")
        ended(end)


def spis(capture):
    """Of the ESP in a capture of Ethernet, in the order of their coming."""
    data, at, found = capture.read_bytes(), 24, []
    while at + 16 <= len(data):
        n = int.from_bytes(data[at + 8 : at + 12], "little")
        spi = data[at + 16 + 42 : at + 16 + 46].hex()
        found += [] if spi in found else [spi]
        at += 16 + n
    return found


def asked_back(tap):
    """A printer behind the box is asked by the collector, across rekeys; one that was masked is not."""
    harness.need("snmpd", "nft")
    router = places.Router()
    place, (known, other) = box(router)
    folder = places.scratch()
    config = folder / "snmpd.conf"
    config.write_text(f"agentAddress udp:{KNOWN}:161\nrocommunity s3cret\nsysName printer-2\n{test_poll.objects()}")
    known.start("snmpd", "-f", "-C", "-c", config, "-LE", "3", "-I", "-hr_device", env={**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "MIBS": ""},
                stdout=harness.subprocess.DEVNULL, stderr=open(folder / "log", "w"))
    end = join(place, "--networks", f"{BOX}/32", "--networks", "10.99.1.0/24", "--relay", f"0.0.0.0:{PORT}", "--lifetime", "10s")
    capture = folder / "pcap"
    out = f"udp src port 2797 and src host {places.COLLECTOR} and udp[8:4] != 0"
    with collector(site_of("rotterdam"), read=[{"site": "rotterdam", "community": "s3cret"}]) as c, harness.capturing(capture, out, on="coll0"):
        tap.ok(harness.wait_until(lambda: tunnel_of(c, "rotterdam")["up"], 20), "the box comes up", c.said())

        def trap(device, to, number):
            device.run("/usr/bin/python3", "-c", "import socket,sys;socket.socket(2,2).sendto(bytes.fromhex(sys.argv[1]),(sys.argv[2],int(sys.argv[3])))",
                       test_poll.trap(*number).hex(), to, PORT)

        def devices():
            return {d["address"]: d for d in test_poll.devices(c)}

        trap(known, BOX, (2, 6, 1, 3))
        trap(other, OTHER_BOX, (4, 8, 2, 8))
        harness.wait_until(lambda: len([d for d in devices().values() if d["asked"]]) == 2, 25, 0.3)
        found = devices()
        tap.same([found[KNOWN][k] for k in ("asked", "serial", "name")], ["ok", "SN-2", "printer-2"], "the printer is asked through tunnel and box")
        tap.same(found[BOX]["asked"], "it did not answer", "who stands at the box's address is not")
        rounds = c.status()["poller"]["answered"]
        time.sleep(10)
        trap(known, BOX, (2, 6, 1, 3))
        tap.ok(harness.wait_until(lambda: c.status()["poller"]["answered"] > rounds, 25, 0.3), "and again", c.status()["poller"])
        said = ended(end)
    tap.ok(len(spis(capture)) >= 2, "by another SA", spis(capture))
    tap.ok(" 0 questions" not in said and "questions" in said, "how many questions there were is told", said)


def misused(tap):
    for more, said in ((("--relay", "0.0.0.0:2697", "--tun", "x"), "no TUN device"), (("--relay", "2697"), "write an address and a port"),
                       (("--relay", "0.0.0.0:2697", "--inner", "10.99.3.0/24"), "the collector's address itself")):
        end = join(places.HERE, *more)
        text = end.communicate(timeout=10)[1]
        tap.ok(end.returncode == 2 and said in text, f"join {' '.join(more)} is refused", text)


if __name__ == "__main__":
    harness.isolate()
    harness.main(relayed, with_a_given_address, asked_back, misused)
