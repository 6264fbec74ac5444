#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sites come and go by the hundred while others are added and taken away by reloads, and status is asked all the time: each
thread has its own view of the sites. The sanitizers look on in the asan build."""
import json
import threading

import harness

PSK, FLAPPING, SECONDS = "a-long-shared-key-of-the-test", 16, 6


def site_of(name):
    return {"name": name, "identity": {"fqdn": name}, "psk": PSK, "networks": ["10.99.1.0/24"]}


def sites_come_and_go(tap):
    usual = [site_of(f"s{i}") for i in range(1, FLAPPING + 1)]
    more = iter(range(1_000_000))
    with harness.Collector(tunnel={"listen": ["udp:127.0.0.1:2797"], "identity": {"fqdn": "coll"}, "inner": ["10.99.2.1"]}, sites=usual) as c:
        load = harness.start([harness.BUILD / "trapline-handshakes", "127.0.0.1:2797", "coll", "s", PSK, FLAPPING, SECONDS],
                             stdout=harness.subprocess.PIPE, text=True)
        asked, ends = [], threading.Event()

        def ask():
            while not ends.is_set():
                asked.append(len(c.status()["tunnel"]["sites"]))

        asking = threading.Thread(target=ask)
        asking.start()
        while load.poll() is None:
            c.config["sites"] = [*usual, *(site_of(f"more{next(more)}") for _ in range(20))]
            c.reload()
            harness.time.sleep(0.05)
        ends.set()
        asking.join()
        out = json.loads(load.communicate()[0])
        tap.ok(out["up"] > 20 * SECONDS, "sites came up all the time", out)
        tap.ok(len(asked) > SECONDS and max(asked) > FLAPPING, "status was told all the time", asked[-20:])
        last = len(c.config["sites"])
        tap.ok(harness.wait_until(lambda: len(c.status()["tunnel"]["sites"]) == last), "the last reload counts", last)
        tap.ok(c.process.poll() is None, "the collector lives", c.said())


if __name__ == "__main__":
    harness.isolate()
    harness.main(sites_come_and_go)
