#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""New keys by our own lifetimes, every few seconds: the collector's towards a strongSwan that called it, and those of
`trapline join` towards a strongSwan that it called. Every ping is answered meanwhile."""
import subprocess

import harness
import places
import strongswan
from ike_sites import DEVICE, INNER, PSK, acts_of, collector, site_of, tunnel_of, up

FAR, HERE = "10.99.3.1", "10.99.1.2"  # the inner addresses of the strongSwan that is called, and of who calls it
PINGS = 260


def pinging(place, source, destination):
    return place.start("ping", "-q", "-n", "-i", "0.1", "-c", PINGS, "-I", source, destination, stdout=subprocess.PIPE, text=True)


def joined(router):
    """`trapline join` behind the NAT, with keys that live for ten seconds, and the strongSwan that it calls, which would keep them for hours."""
    places.HERE.add(f"{FAR}/32")
    swan = strongswan.Charon(places.HERE, port=0, port_nat_t=2797)
    swan.load({"t": {"version": 2, "proposals": "aes256gcm16-prfsha256-curve25519", "local": {"auth": "psk", "id": "far"},
                     "remote": {"auth": "psk", "id": "oslo"},
                     "children": {"c": {"local_ts": f"{FAR}/32", "remote_ts": f"{HERE}/32", "esp_proposals": "aes256gcm16"}}}},
              {"ike-1": {"id-1": "far", "id-2": "oslo", "secret": f'"{PSK}"'}})
    place = router.site()
    place.run("ip", "tuntap", "add", "dev", "join0", "mode", "tun")
    place.run("ip", "link", "set", "dev", "join0", "mtu", "1400", "up")
    place.add(f"{HERE}/32", "join0")
    place.run("ip", "route", "add", f"{FAR}/32", "dev", "join0", "src", HERE)
    secret = places.scratch() / "psk"
    secret.write_text(PSK + "\n")
    place.start(harness.TRAPLINE, "join", "--collector", f"{places.COLLECTOR}:2797", "--identity", "oslo", "--peer", "far", "--psk-file", secret,
                "--networks", f"{HERE}/32", "--inner", f"{FAR}/32", "--tun", "join0", "--lifetime", "10s", "--ike-lifetime", "12s")
    return place, swan


def lines(swan, text):
    return [line for line in (swan.folder / "log").read_text(errors="replace").splitlines() if text in line]


def rekeyed(swan):
    """How often strongSwan was asked for new keys: of IKE, of traffic."""
    asked = lines(swan, "parsed CREATE_CHILD_SA request")
    return len([a for a in asked if " TSi " not in a]), len([a for a in asked if "N(REKEY_SA)" in a])


def by_our_lifetimes(tap):
    router = places.Router()
    far, called = joined(router)
    with collector(site_of("rotterdam", lifetime="10s", **{"ike-lifetime": "12s"}),
                   tunnel={"listen": ["udp:0.0.0.0:4500"], "identity": {"fqdn": "coll"}, "inner": [INNER]}) as c:
        place = router.site(DEVICE)
        caller, good = up(place, "rotterdam", remote_port=4500)
        tap.ok(good, "strongSwan calls the collector", caller.log())
        tap.ok(harness.wait_until(lambda: strongswan.ping(far, HERE, FAR)), "join calls a strongSwan", called.log())
        pings = {"answered by the collector": (pinging(place, DEVICE, INNER), caller), "of join": (pinging(far, HERE, FAR), called)}
        for whose, (process, swan) in pings.items():
            said = process.communicate(timeout=60)[0]
            tap.ok(f"{PINGS} received" in said, f"every ping {whose} comes back, for {PINGS / 10:.0f} seconds", said + swan.log())
            ike, child = rekeyed(swan)
            tap.ok(ike >= 2 and child >= 2, f"{whose}: new keys of IKE ({ike} times) and of traffic ({child}) by our lifetimes", swan.log())
            tap.same(lines(swan, "generating CREATE_CHILD_SA request"), [], "strongSwan wanted none")
            tap.ok("no longer" not in swan.sas() and swan.sas().count("INSTALLED") == 1, "one pair is left of each", swan.sas())
        view = tunnel_of(c, "rotterdam")
        tap.ok(view["rekeys"] >= 2 and view["pairs"] == 1, "status counts them", view)
        tap.same([n["up"] for n in acts_of(c)], [True], "no site went down")


if __name__ == "__main__":
    harness.isolate()
    harness.main(by_our_lifetimes)
