#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Cookies (RFC 7296 2.6) between Trapline and strongSwan, in both roles, alone and with INVALID_KE_PAYLOAD in the same
negotiation: somebody begins many SAs and never goes on, and who is real comes up all the same."""
import harness
import ike_start
import places
import strongswan
from ike_sites import DEVICE, INNER, PSK, collector, site_of, tunnel_of
from strongswan import client, ping

OTHER_GROUP = "aes256gcm16-prfsha256-modp4096-modp2048-curve25519"  # the first one we do not have
EVERYONE, ADDRESS = 64, 8  # IKE_COOKIE_FROM, IKE_COOKIE_ADDRESS in src/ike/limits.h


def starts(swan, verb, which):
    """The payloads of each IKE_SA_INIT that strongSwan parsed or generated (`verb`), requests or responses, in order."""
    out = []
    for line in (swan.folder / "log").read_text(errors="replace").splitlines():
        _, found, rest = line.partition(f"{verb} IKE_SA_INIT {which} 0 [ ")
        if found:
            out.append(rest.rstrip(" ]").split())
    return out


def called(tap, router, c, name, what, **over):
    """A strongSwan behind the NAT calls the collector and comes up."""
    place = router.site(DEVICE)
    swan = strongswan.Charon(place)
    swan.load(*client(name, **over))
    good = swan.initiate(check=False).returncode == 0
    tap.ok(good and ping(place, DEVICE, INNER), f"{what}: up, and a ping is answered", swan.log() + c.said())
    return swan


def ours(tap):
    """strongSwan meets our cookies: first as the neighbour of a flood behind one NAT, then when everyone is asked."""
    router = places.Router()
    sources = [f"198.51.100.{n}" for n in range(100, 120)]
    for address in sources:
        places.HERE.add(f"{address}/24", "coll0")
    with collector(*map(site_of, ("rotterdam", "antwerp", "bergen", "oslo"))) as c:
        tap.same(ike_start.half_open(ADDRESS + 2, 2797, sources[0]), ADDRESS, "an address that begins and begins is asked for a cookie")
        swan = called(tap, router, c, "rotterdam", "a site at another address")
        tap.ok(starts(swan, "parsed", "response")[0][:1] != ["N(COOKIE)"], "is not asked", swan.log())
        refused = c.status()["tunnel"]["keyer"]["refused"]
        tap.same(refused.get("ike-cookie"), 2, "status counts who was asked")
        flood = router.site()
        flooding = f"import sys; sys.path.insert(0, {str(harness.HERE)!r}); import ike_start; ike_start.half_open({ADDRESS}, 2797, {flood.outer!r})"
        flood.run(harness.sys.executable, "-c", flooding)
        swan = called(tap, router, c, "antwerp", "a site behind the same NAT as a flood")
        answers, requests = starts(swan, "parsed", "response"), starts(swan, "generating", "request")
        tap.ok(answers[0] == ["N(COOKIE)"] and requests[1][0] == "N(COOKIE)" and len(requests) == 2, "was asked once, and answered with the cookie", swan.log())
        swan = called(tap, router, c, "bergen", "the same with another group first", proposals=OTHER_GROUP)
        answers = starts(swan, "parsed", "response")
        tap.ok(answers[:2] == [["N(COOKIE)"], ["N(INVAL_KE)"]] and "SA" in answers[-1], "was asked for a cookie and for another group", swan.log())
        for address in sources[1:]:
            ike_start.half_open(ADDRESS - 4, 2797, address)
        half = c.status()["tunnel"]["keyer"]["half_open"]
        tap.ok(half >= EVERYONE, "many half-open SAs from many addresses", half)
        tap.same(ike_start.half_open(1, 2797, sources[-1]), 0, "now everyone is asked")
        called(tap, router, c, "oslo", "a site meanwhile", proposals=OTHER_GROUP)
        view = tunnel_of(c, "rotterdam")
        tap.ok(view["up"] and c.status()["tunnel"]["keyer"]["refused"]["ike-cookie"] >= 6, "and those that are up stay", c.status()["tunnel"]["keyer"])


def theirs(tap):
    """`trapline join` meets strongSwan's cookies; then those of one that takes no group that join begins with."""
    router = places.Router()
    secret = places.scratch() / "psk"
    secret.write_text(PSK + "\n")
    places.HERE.add(f"{INNER}/32")
    places.HERE.add("198.51.100.100/24", "coll0")
    for name, group, answered in (("curve25519", ike_start.X25519, ["N(COOKIE)", "SA"]), ("modp2048", ike_start.MODP_2048, ["N(COOKIE)", "N(INVAL_KE)", "SA"])):
        swan = strongswan.Charon(places.HERE, port=0, port_nat_t=2797, more="cookie_threshold = 2\n  block_threshold = 0")
        swan.load({"t": {"version": 2, "proposals": f"aes256gcm16-prfsha256-{name}", "local": {"auth": "psk", "id": "coll"},
                         "remote": {"auth": "psk", "id": "rotterdam"},
                         "children": {"c": {"local_ts": f"{INNER}/32", "remote_ts": f"{DEVICE}/32", "esp_proposals": "aes256gcm16"}}}},
                  {"ike-1": {"id-1": "coll", "id-2": "rotterdam", "secret": f'"{PSK}"'}})
        ike_start.half_open(2, 2797, "198.51.100.100", group=group)
        before = len(starts(swan, "generating", "response"))
        place = router.site()
        end = place.start(harness.TRAPLINE, "join", "--collector", f"{places.COLLECTOR}:2797", "--identity", "rotterdam", "--peer", "coll",
                          "--psk-file", secret, "--networks", f"{DEVICE}/32", "--inner", f"{INNER}/32", stderr=harness.subprocess.DEVNULL)
        tap.ok(harness.wait_until(lambda: ping(places.HERE, INNER, DEVICE, patience=1)), f"{name}: join is up, and answers a ping", swan.log())
        tap.same([answer[0] for answer in starts(swan, "generating", "response")[before:]], answered, f"{name}: strongSwan answered with {' '.join(answered)}")
        tap.same(starts(swan, "parsed", "request")[-1][:3], ["N(COOKIE)", "SA", "KE"], f"{name}: the last request has the cookie in front")
        harness.stop(end)
        swan.kill()


if __name__ == "__main__":
    harness.isolate()
    harness.main(ours, theirs)
