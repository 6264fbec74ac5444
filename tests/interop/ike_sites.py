# SPDX-License-Identifier: Apache-2.0
"""A collector whose sites come by IKEv2, and what is asked of it; for the tests with strongSwan."""
import harness
import strongswan
from harness import COMMUNITY, PORT
from strongswan import client

PSK = "a-long-shared-key-of-the-test"
INNER = "10.99.2.1"
DEVICE = "10.99.1.1"


def site_of(name, **more):
    return {"name": name, "identity": {"fqdn": name}, "psk": PSK, "networks": ["10.99.1.0/24"], **more}


def collector(*sites, **config):
    return harness.Unprivileged(**{
        "tunnel": {"listen": ["udp:0.0.0.0:2797", "udp:0.0.0.0:4500", "udp:0.0.0.0:500"] if config.pop("privileged", False)
                   else ["udp:0.0.0.0:2797", "udp:0.0.0.0:4500"], "identity": {"fqdn": "coll"}, "inner": [INNER]},
        "sites": list(sites), "communities": [{"label": "ops", "community": COMMUNITY, "from": ["10.99.1.0/24"]}], **config})


def tunnel_of(c, name):
    return [s for s in c.status()["tunnel"]["sites"] if s["name"] == name][0]


def acts_of(c, kind="site"):
    """The collector's own events of a kind, oldest first."""
    return [e["note"] for e in c.events("--kind", kind)]


def sends(place, how, number):
    """Debian's snmptrap or snmpinform from a device; its exit code (of an inform: whether it was acknowledged)."""
    done = harness.run(place.command(f"snmp{how}", "-v2c", "-c", COMMUNITY, "-r", "2", "-t", "1", f"{INNER}:{PORT}", "''", "1.3.6.1.6.3.1.1.5.3",
                                     "1.3.6.1.2.1.2.2.1.1", "i", number))
    return done.returncode


def up(place, *arguments, **over):
    swan = strongswan.Charon(place)
    swan.load(*client(*arguments, **over))
    done = swan.initiate(check=False)
    return swan, done.returncode == 0
