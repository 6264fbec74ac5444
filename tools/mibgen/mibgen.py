#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the built-in dictionary (src/mib/tables.h) from the data files in mib/. Run by the build.

mibgen.py OBJECTS LABELS FINISHERS OUT

objects.csv: name, OID, syntax, meaning. labels.csv: convention, number, label; `X.bit` are the bits of object X,
PrtSubUnitStatusTC.flag the additive part of that convention. finishers.csv: the device numbers of the finishing
alerts, whose code is 30000 + 100 * device + generic code (IANA-PRINTER-MIB); their labels are made here by that rule.
A syntax that this program does not know stops the build: a kind must be chosen, never guessed.
"""
import csv
import re
import sys

NODES = {"SEQUENCE OF", "OBJECT-IDENTITY", "ENTERPRISE"}
KINDS = {
    "NOTIFICATION-TYPE": "NOTIFICATION",
    "OBJECT IDENTIFIER": "OIDVALUE", "AutonomousType": "OIDVALUE", "ProductID": "OIDVALUE",
    "TimeTicks": "TICKS", "IpAddress": "ADDRESS", "PhysAddress": "PHYS", "DateAndTime": "DATETIME",
    "DisplayString": "TEXT", "SnmpAdminString": "TEXT", "PrtLocalizedDescriptionStringTC": "TEXT",
    "PrtConsoleDescriptionStringTC": "TEXT", "OCTET STRING": "OCTETS", "SnmpEngineID": "OCTETS",
    "Integer32": "INTEGER", "Counter32": "INTEGER", "Counter64": "INTEGER", "Gauge32": "INTEGER",
    "InterfaceIndex": "INTEGER", "InterfaceIndexOrZero": "INTEGER", "IANACharset": "INTEGER",
    "PrtInterpreterLangFamilyTC": "INTEGER",
}
GENERIC_FIRST, GENERIC_LAST = 3, 38


def rows(path, columns):
    with open(path, encoding="utf-8", newline="") as f:
        reader = csv.reader(f)
        header = next(reader)
        if header != columns:
            sys.exit(f"{path}: columns are {header}, not {columns}")
        return list(reader)


def read_labels(labels_path, finishers_path):
    labels = {}
    for convention, number, label in rows(labels_path, ["convention", "number", "label"]):
        if labels.setdefault(convention, {}).setdefault(int(number), label) != label:
            sys.exit(f"{labels_path}: {convention} {number} stands twice")
    codes = labels["PrtAlertCodeTC"]
    for device, name in rows(finishers_path, ["number", "name"]):
        for generic in range(GENERIC_FIRST, GENERIC_LAST + 1):
            word = re.sub("^subunit", "", codes[generic])
            codes[30000 + 100 * int(device) + generic] = name + word[0].upper() + word[1:]
    return labels


def kind_of(name, syntax, labels):
    """The kind and the convention of an object."""
    if syntax in NODES:
        return "OTHER", None
    if syntax.endswith("(secret)"):
        return "SECRET", None
    if name + ".bit" in labels:
        return "BITS", name + ".bit"
    inline = re.fullmatch(r"INTEGER\{(.*)\}", syntax)
    if inline:
        values = {int(n): label for label, n in re.findall(r"([A-Za-z0-9]+)\((\d+)\)", inline[1])}
        if labels.setdefault(name, values) != values:
            sys.exit(f"{name}: its labels differ from labels.csv")
        return "ENUM", name
    base = re.sub(r" \(.*\)$", "", syntax)
    if base == "PrtSubUnitStatusTC":
        return "FLAGS", base
    if base in labels:
        return "ENUM", base
    if base == "OCTET STRING" and base != syntax:
        return "TEXT", None
    if base not in KINDS:
        sys.exit(f"{name}: unknown syntax {syntax!r}")
    return KINDS[base], None


def quote(text):
    if text is None:
        return "NULL"
    escaped = "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else "".join(f"\\{b:03o}" for b in c.encode())
                      for c in text)
    return f'"{escaped}"'


def main():
    objects_path, labels_path, finishers_path, out_path = sys.argv[1:]
    labels = read_labels(labels_path, finishers_path)
    entries = []
    for name, oid, syntax, meaning in rows(objects_path, ["name", "oid", "syntax", "meaning"]):
        kind, convention = kind_of(name, syntax, labels)
        entries.append((tuple(map(int, oid.split("."))), name, oid, syntax, meaning, kind, convention))
    entries.sort()
    place = {entry[0]: i for i, entry in enumerate(entries)}
    names = sorted(range(len(entries)), key=lambda i: entries[i][1])
    if len(place) != len(entries) or len({e[1] for e in entries}) != len(entries):
        sys.exit(f"{objects_path}: an OID or a name stands twice")

    out = ["// Made by tools/mibgen/mibgen.py from mib/*.csv. Included by src/mib/lookup.c alone.", ""]
    out.append("static const uint32_t arcs[] = {")
    offsets, n = [], 0
    for entry in entries:
        out.append("\t" + " ".join(f"{a}," for a in entry[0]))
        offsets.append(n)
        n += len(entry[0])
    out += ["};", "", "static const struct entry entries[] = {"]
    for entry, offset in zip(entries, offsets):
        parent = next((place[entry[0][:k]] for k in range(len(entry[0]) - 1, 0, -1) if entry[0][:k] in place), -1)
        _, name, oid, syntax, meaning, kind, convention = entry
        out.append(f"\t{{ {{ {quote(name)}, {quote(oid)}, {quote(syntax)}, {quote(meaning)}, MIB_{kind}, "
                   f"{quote(convention)} }}, {offset}, {len(entry[0])}, {parent} }},")
    out += ["};", "", "static const uint16_t by_name[] = {", "\t" + " ".join(f"{i}," for i in names), "};", ""]
    out.append("static const struct label labels[] = {")
    first, conventions = 0, []
    for convention in sorted(labels):
        values = labels[convention]
        conventions.append(f"\t{{ {quote(convention)}, {first}, {len(values)} }},")
        first += len(values)
        out += [f"\t{{ {number}, {quote(values[number])} }}," for number in sorted(values)]
    out += ["};", "", "static const struct convention conventions[] = {", *conventions, "};"]
    with open(out_path, "w", encoding="utf-8") as f:
        f.write("\n".join(out) + "\n")


main()
