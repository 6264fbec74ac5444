#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What strongSwan and a site said, altered thirty thousand times and sent to the collector from an address of its own, while the
site's tunnel goes on delivering. The sanitizers look on in the asan build."""
import random
import socket

import harness
import places
from ike_sites import DEVICE, INNER, collector, site_of, tunnel_of, up
from strongswan import ping

PACKETS = 30_000


def altered(dice, seed):
    b = bytearray(seed)
    for _ in range(dice.randrange(1, 6)):
        how = dice.randrange(4)
        if how == 0 and b:
            b[dice.randrange(len(b))] ^= 1 << dice.randrange(8)
        elif how == 1 and b:
            b[dice.randrange(len(b))] = dice.randrange(256)
        elif how == 2 and len(b) > 4:
            del b[dice.randrange(len(b)):]
        elif how == 3:
            at = dice.randrange(len(b) + 1)
            b[at:at] = dice.randbytes(dice.randrange(1, 40))
    if dice.random() < 0.5 and len(b) > 32:  # another initiator, and a length that is right: it gets to the payloads
        b[4:12] = dice.randbytes(8)
        b[28:32] = (len(b) - 4).to_bytes(4, "big")
    return bytes(b)


def seeds_of(capture):
    from scapy.layers.inet import UDP
    from scapy.packet import raw
    from scapy.utils import rdpcap
    return [raw(p[UDP].payload) for p in rdpcap(str(capture)) if UDP in p]


def attack(tap):
    place = places.Router().site(DEVICE)
    capture = places.scratch() / "c.pcap"
    dice = random.Random(2797)
    with collector(site_of("rotterdam")) as c:
        with harness.capturing(str(capture), "udp port 2797", on="coll0"):
            _, good = up(place, "rotterdam")
            tap.ok(good and ping(place, DEVICE, INNER, 3), "a tunnel is up")
        seeds = seeds_of(capture)
        pings = place.start("ping", "-q", "-n", "-i", "0.1", "-c", "20", "-W", "2", "-I", DEVICE, INNER, stdout=harness.subprocess.PIPE, text=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((places.COLLECTOR, 0))
            for i in range(PACKETS):
                s.sendto(altered(dice, dice.choice(seeds)), (places.COLLECTOR, dice.choice((2797, 4500))))
                if i % 200 == 0:
                    harness.time.sleep(0.01)
        said = pings.communicate(timeout=30)[0]
        tap.ok("20 received" in said, "it delivers all the time", said)
        tap.ok(harness.wait_until(lambda: ping(place, DEVICE, INNER)), "and afterwards")
        t = c.status()["tunnel"]
        tap.ok(t["keyer"]["sas"] < 2000 and t["pairs"] == 1 and len(t["keyer"]["refused"]) >= 6, "each was refused for its reason", t["keyer"])
        single = ("ike", "keepalive", "delivered", "answered", "probe", "forwarded", "fragment", "held")
        tap.same(sum(t[n] for n in single) + sum(t["dropped"].values()), t["received"], "the datagrams sum")
        tap.same(tunnel_of(c, "rotterdam")["up"], True, "the site is up")


if __name__ == "__main__":
    harness.isolate()
    harness.main(attack)
