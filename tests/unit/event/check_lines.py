#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads what `lines` prints with Python's JSON reader and compares it with the contract (docs, design 6)."""
import json
import subprocess
import sys

CONTRACT = ["received", "site", "peer", "agent", "device", "transport", "version", "kind", "user", "community", "level",
            "engine", "context", "uptime", "oid", "name", "severity", "text", "flags", "varbinds"]
VALUES = [
    ("integer", -2147483648, "-2147483648"),
    ("gauge32", 4294967295, "4294967295"),
    ("counter32", 4294967295, "4294967295"),
    ("counter64", "18446744073709551615", "18446744073709551615"),
    ("timeticks", 4294967295, "497d 2h 27m 52.95s"),
    ("ipaddress", "10.0.0.5", "10.0.0.5"),
    ("oid", "1.3.6.1.4.1.1552.1", "oce.1"),
    ("octets", "6122625c63", "a\"b\\c"),
    ("octets", "", ""),
    ("octets", "00ff", "00ff"),
    ("null", None, ""),
    ("integer", 8, "jam (8)"),
    ("octets", "44", "noPaper, jammed"),
    ("octets", None, "(hidden)"),
    ("integer", None, "(hidden)"),
]
V2C = {
    "id": 4711, "received": "2026-11-20T22:33:28.123456789Z", "site": "rotterdam", "peer": "192.0.2.7:1024",
    "agent": None, "device": None, "transport": "udp", "version": "2c", "kind": "trap", "user": None,
    "community": "ops", "level": "noAuthNoPriv", "engine": None, "context": None, "uptime": 12345,
    "oid": "1.3.6.1.6.3.1.1.5.3", "name": "linkDown", "severity": "major", "text": "Interface 3 is down",
    "flags": ["lenient", "relayed"], "waiting": 12,
    "varbinds": [{"oid": "1.3.6.1.2.1.2.2.1.1.3", "name": "ifIndex.3", "type": "integer", "value": 3, "text": "3"}],
}


def no_twice(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key twice in {keys}"
    return dict(pairs)


def part(line, want):
    """Every key of want stands in line with that value."""
    for key, value in want.items():
        assert line[key] == value, f"{key} is {line[key]!r}, not {value!r}"


def test_contract(cases):
    for lines in cases.values():
        for line in lines:
            assert [key for key in CONTRACT if key not in line] == []


def test_v2c(cases):
    assert cases["v2c"] == [V2C]


def test_v3(cases):
    part(cases["v3"][0], {"peer": "[2001:db8::7]:162", "site": None, "transport": "esp", "version": "3",
                          "kind": "inform", "user": "alice", "community": None, "level": "authPriv",
                          "engine": "80001f88ab", "context": "", "varbinds": []})
    assert "id" not in cases["v3"][0]


def test_agent(cases):
    part(cases["v1"][0], {"agent": "10.0.0.9", "version": "1", "oid": "1.3.6.1.4.1.9999.0.17", "uptime": 12345})
    part(cases["v1 without an agent"][0], {"agent": None})
    part(cases["snmpTrapAddress"][0], {"agent": "10.9.8.7", "flags": []})


def test_values(cases):
    found = [line["varbinds"][0] for line in cases["value"]]
    assert [(v["type"], v["value"], v["text"]) for v in found] == VALUES
    assert "topsecret" not in json.dumps(cases["value"])


def test_hostile(cases):
    lines = cases["hostile"]
    assert len(lines) == 256
    for byte, line in enumerate(lines):
        assert line["varbinds"][1]["value"] == f"41{byte:02x}{255 - byte:02x}42e28080"
        for text in (line["text"], line["varbinds"][0]["text"], line["varbinds"][1]["text"]):
            assert all(c >= " " and not "\x7f" <= c <= "\x9f" for c in text), text


def test_storm(cases):
    storm = cases["storm"][0]
    part(storm, {"kind": "storm", "name": "linkDown", "severity": "major", "count": 412})
    part(storm["last"], {"name": "linkUp", "text": "Interface 4 is up", "severity": "cleared"})
    assert len(storm["last"]["varbinds"]) == 1
    part(cases["storm without a last"][0], {"last": None, "count": 412})


def test_notes(cases):
    assert [line["note"] for line in cases["note"]] == [
        {"version": "0.1.0", "a": [1, -2500.0, True, None, {"b": "\u00e9\n"}]}, {}, [], {"site": "Oc\u00e9"}]
    assert len(cases["text note"]) == 20
    assert all(isinstance(line["note"], str) for line in cases["text note"])
    part(cases["note"][0], {"kind": "started", "peer": None, "transport": None, "version": None, "oid": None,
                            "name": None, "severity": "info", "text": "The collector started", "varbinds": []})
    part(cases["no note"][0], {"kind": "stopped", "note": None})


def main():
    output = subprocess.run([sys.argv[1]], check=True, stdout=subprocess.PIPE).stdout.decode("utf-8", "strict")
    cases = {}
    for row in output.split("\n")[:-1]:
        name, line = row.split("\t", 1)
        cases.setdefault(name, []).append(json.loads(line, object_pairs_hook=no_twice))
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    print(f"1..{len(tests)}")
    for number, (name, test) in enumerate(tests, 1):
        try:
            test(cases)
            print(f"ok {number} - {name}")
        except (AssertionError, KeyError) as fault:
            print(f"not ok {number} - {name}\n# {fault!r}")


main()
