# SPDX-License-Identifier: Apache-2.0
"""What the tests of version 3 share: the matrix of digests and ciphers, its users, and Net-SNMP's commands for it."""
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor

from harness import PORT, run

DIGESTS = {"md5": "MD5", "sha1": "SHA", "sha224": "SHA-224", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
# Our name: Net-SNMP's, and which way it stretches keys (--extend).
CIPHERS = {"none": (None, None), "des": ("DES", None), "aes128": ("AES", None), "aes192": ("AES-192", "blumenthal"),
           "aes256": ("AES-256", "blumenthal"), "aes192c": ("AES-192-C", "reeder"), "aes256c": ("AES-256-C", "reeder")}
AUTH, PRIV = "quay-side-auth", "quay-side-priv"
COLD_START, SYSNAME = "1.3.6.1.6.3.1.1.5.1", "1.3.6.1.2.1.1.5.0"
ENGINE = "8000000001020304050607"
HERE = f"127.0.0.1:{PORT}"
AT_ONCE = 6


def ours(cipher):
    """The cipher as we spell it: both ways to stretch a key are one."""
    return cipher.rstrip("c") if cipher.startswith("aes") else cipher


def pairs():
    return [(digest, cipher) for digest in DIGESTS for cipher in CIPHERS]


def user_name(digest, cipher):
    return f"{digest}-{cipher}"


def entry(digest, cipher, **more):
    """The user of a pair, for our configuration."""
    out = {"name": user_name(digest, cipher), "auth": digest, "auth-password": AUTH}
    if cipher != "none":
        out |= {"priv": ours(cipher), "priv-password": PRIV}
    return out | more


def net_snmp(digest, cipher, auth=AUTH, priv=PRIV, level=None, user=None):
    """The options of Net-SNMP's commands for the pair's user."""
    out = ["-v", "3", "-u", user or user_name(digest, cipher), "-a", DIGESTS[digest], "-A", auth]
    if cipher != "none":
        out += ["-x", CIPHERS[cipher][0], "-X", priv]
    return out + ["-l", level or ("authNoPriv" if cipher == "none" else "authPriv")]


def trapline_options(digest, cipher):
    """The same for `trapline send`."""
    out = ["--user", user_name(digest, cipher), "--auth", digest, "--auth-password", AUTH]
    if cipher != "none":
        out += ["--priv", ours(cipher), "--priv-password", PRIV]
    if CIPHERS[cipher][1]:
        out += ["--extend", CIPHERS[cipher][1]]
    return out


def snmp(kind, options, text, to=HERE, source=None, engine=ENGINE, clock=None):
    """snmptrap or snmpinform with `text` as its one variable."""
    command = [f"snmp{kind}", *options, "-t", "3", "-r", "0", "-Le", "-m", ""]
    if source:
        command += [f"--clientaddr={source}"]
    if kind == "trap":
        command += ["-e", f"0x{engine}"]
        if clock:
            command += ["-Z", clock]
    # Net-SNMP's tools keep users in files, which they spoil for each other when they run at the same time.
    with tempfile.TemporaryDirectory(prefix="trapline-test-") as folder:
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": folder, "SNMPCONFPATH": folder}
        return run([*command, to, "4711", COLD_START, SYSNAME, "s", text], env=environment)


def all_at_once(jobs):
    """Runs functions beside each other; their answers in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [f.result() for f in [pool.submit(job) for job in jobs]]
