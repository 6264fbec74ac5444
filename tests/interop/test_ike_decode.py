#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`decode --ike-keys` on captures of real strongSwan handshakes, beside what tshark makes of them with the same keys. The keys
are charon's own words (its log at the level that tells secrets), written as lines of Wireshark's table."""
import json
import re

import harness
import places
import strongswan
from ike_sites import DEVICE, INNER, collector, site_of
from strongswan import client, ping

NONE, NOTIFY = "NONE [RFC4306]", 41
INSIDE = (2, 3)  # proposals and transforms, which tshark lists among the payloads
SUITES = {  # what differs from `client`; the words of Wireshark's table; of charon itself
    "gcm": ({}, "AES-GCM-256 with 16 octet ICV [RFC5282]", NONE, ""),
    "cbc": ({"proposals": "aes128-sha256-ecp256"}, "AES-CBC-128 [RFC3602]", "HMAC_SHA2_256_128 [RFC4868]", ""),
    "fragments": ({"proposals": "aes128gcm16-prfsha256-curve25519", "fragmentation": "force"}, "AES-GCM-128 with 16 octet ICV [RFC5282]", NONE,
                  "fragment_size = 200"),
}
EXCHANGES = {34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA", 37: "INFORMATIONAL"}
SECRETS = "filelog {{\n    secrets {{\n      path = {file}\n      default = -1\n      ike = 4\n      flush_line = yes\n    }}\n  }}\n  {more}"


def secrets_of(file):
    """SK_ei and so on of each IKE SA, in the order in which charon derived them."""
    out, name = [], None
    for line in file.read_text(errors="replace").splitlines():
        begin = re.search(r"Sk_(ai|ar|ei|er|d) secret => (\d+) bytes", line)
        octets = re.search(r"\s\d+: ((?:[0-9A-F]{2} )+)", line)
        if begin:
            name = begin[1]
            if name == "d":
                out.append({"ai": "", "ar": "", "ei": "", "er": ""})
            out[-1][name] = ""
        elif octets and name:
            out[-1][name] += octets[1].replace(" ", "").lower()
        else:
            name = None
    return out


def table_of(secrets, spis, cipher, check):
    """Lines of Wireshark's ikev2_decryption_table."""
    return [f'{i},{r},{s["ei"]},{s["er"]},"{cipher}",{s["ai"]},{s["ar"]},"{check}"' for s, (i, r) in zip(secrets, spis)]


def ours(capture, *options):
    done = harness.run([harness.TRAPLINE, "decode", capture, "--json", *options])
    if done.returncode:
        raise RuntimeError(done.stderr)
    return [line for line in map(json.loads, done.stdout.splitlines()) if line["kind"] == "ike"]


def theirs(capture, table):
    """Of each IKE message: its exchange and message ID, and the types of all payloads, as tshark lists them."""
    tables = [word for line in table for word in ("-o", f"uat:ikev2_decryption_table:{line}")]
    done = harness.run(["tshark", "-r", capture, "-d", "udp.port==2797,udpencap", *tables, "-Y", "isakmp", "-T", "fields", "-e", "isakmp.exchangetype",
                        "-e", "isakmp.messageid", "-e", "isakmp.typepayload", "-e", "isakmp.notify.msgtype"])
    out = []
    for line in done.stdout.splitlines():
        exchange, number, payloads, notifies = [[int(word, 0) for word in field.split(",") if word] for field in line.split("\t")]
        out.append((EXCHANGES[exchange[0]], number[0], [p for p in payloads if p not in INSIDE], notifies))
    return out


def one_suite(tap, router, c, name):
    over, cipher, check, more = SUITES[name]
    place, folder = router.site(DEVICE), places.scratch()
    capture, secrets = folder / "c.pcap", folder / "secrets"
    with harness.capturing(capture, "udp port 2797", on="coll0"):
        swan = strongswan.Charon(place, more=SECRETS.format(file=secrets, more=more))
        swan.load(*client(name, **over))
        tap.ok(swan.initiate(check=False).returncode == 0 and ping(place, DEVICE, INNER), f"{name}: up", swan.log())
        swan.rekey("--child", "c")
        swan.rekey("--ike", "t")
        harness.wait_until(lambda: "deleting IKE_SA" in swan.log(), 5)
        swan.swanctl("--terminate", "--ike", "t", check=False)
    blind, secrets = ours(capture), secrets_of(secrets)
    spis = list(dict.fromkeys((line["spi_i"], line["spi_r"]) for line in blind if line["exchange"] != "IKE_SA_INIT"))
    table = table_of(secrets, spis, cipher, check)
    keys = folder / "keys"
    keys.write_text("\n".join(["# of a test", *table]) + "\n")
    lines = ours(capture, "--ike-keys", keys)
    seen = [(line["exchange"], line["message_id"], [p["type"] for p in line["payloads"]], [p["notify"] for p in line["payloads"] if p["type"] == NOTIFY])
            for line in lines]
    tap.ok(len(seen) >= 14 and all(line.get("opened", "yes") in ("yes", "ike-fragment") for line in lines), f"{name}: every message is opened", lines)
    tap.same(seen, theirs(capture, table), f"{name}: exchanges, payloads and notifications are those that tshark sees")
    tap.same([[p["type"] for p in line["payloads"]] for line in blind],
             [[p["type"] for p in line["payloads"] if "encrypted" not in p] for line in lines], f"{name}: without keys, those in clear")
    said = {p["payload"]: p["content"] for line in lines if line["exchange"] == "IKE_AUTH" for p in line["payloads"] if "content" in p}
    tap.same((said["IDi"], said["IDr"], said["TSi"], said["TSr"]), (f"fqdn {name}", "fqdn coll", f"{DEVICE}-{DEVICE}", f"{INNER}-{INNER}"),
             f"{name}: identities and selectors")
    text = harness.run([harness.TRAPLINE, "decode", capture, "--ike-keys", keys]).stdout
    tap.ok(f"IDi fqdn {name}" in text and not any(s["ei"][:16] in text for s in secrets), f"{name}: in words, and no key among them", text)
    return lines, capture, table


def refused(tap, capture, table):
    """Keys that are wrong, cut or of another SA."""
    folder = places.scratch()

    def with_keys(text):
        (folder / "keys").write_text(text)
        return harness.run([harness.TRAPLINE, "decode", capture, "--json", "--ike-keys", folder / "keys"])

    fields = table[0].split(",")
    for what, change, says in (("a short key", {2: fields[2][:-2]}, "line 2: an SK_e has another size"), ("a strange cipher", {4: '"ROT13"'}, "line 2: no such"),
                               ("half an SPI", {0: fields[0][:8]}, "line 2: an SPI has 16"), ("no hex", {3: "spoon"}, "line 2: an SK_e has another size")):
        done = with_keys("# keys\n" + ",".join(change.get(i, field) for i, field in enumerate(fields)) + "\n")
        tap.ok(done.returncode == 1 and says in done.stderr and done.stdout == "", f"{what} is told", done)
    done = with_keys(",".join([*fields[:2], fields[3], fields[2], *fields[4:]]))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    tap.same({line["opened"] for line in lines if "opened" in line}, {"forged", "no-key"}, "with the two keys the wrong way round nothing opens")


def beside_tshark(tap):
    harness.need("tshark")
    router = places.Router()
    with collector(*map(site_of, SUITES)) as c:
        lines, capture, table = {name: one_suite(tap, router, c, name) for name in SUITES}["fragments"]
        tap.ok(any(line.get("fragments", 0) > 1 for line in lines), "there were fragments", lines)
        refused(tap, capture, table)


if __name__ == "__main__":
    harness.isolate()
    harness.main(beside_tshark)
