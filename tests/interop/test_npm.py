#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""npm's net-snmp as a second sender (pinned in package.json; the script `install` gets it)."""
import harness
from harness import COMMUNITY, HERE, PORT, Collector, run


def senders(tap):
    harness.need("node")
    if not (HERE / "node_modules" / "net-snmp").exists():
        raise harness.Skip("npm's net-snmp is not installed (tests/interop/install)")
    with Collector() as collector:
        for host in ("127.0.0.1", "::1"):
            for kind, version in (("trap", "1"), ("trap", "2c"), ("inform", "2c")):
                name = f"{kind} v{version} to {host}"
                done = run(["node", HERE / "npm_sender.js", kind, version, host, PORT, COMMUNITY, name])
                tap.same(done.stdout.strip(), "acknowledged" if kind == "inform" else "sent", f"{name}: the sender's word")
                mine = lambda n=name: [e for e in collector.events() if any(v["value"] == n.encode().hex() for v in e["varbinds"])]
                found = harness.wait_until(mine) or []
                if not tap.same(len(found), 1, f"{name}: stored exactly once"):
                    continue
                seen = {k: found[0].get(k) for k in ("kind", "version", "oid", "uptime")}
                wanted = {"kind": kind, "version": version, "oid": "1.3.6.1.6.3.1.1.5.3", "uptime": 4711}
                tap.same(seen, wanted, f"{name}: shown as it was sent")


if __name__ == "__main__":
    harness.isolate()
    harness.main(senders)
