# SPDX-License-Identifier: Apache-2.0
"""strongSwan as a peer: one charon-systemd in a place of its own, ESP by kernel-libipsec, driven by swanctl."""
import subprocess
import time

import harness
import places

PLUGINS = ("random nonce openssl pem pkcs1 pkcs8 pubkey x509 revocation constraints hmac kdf sha1 sha2 aes gcm aesni ccm ctr chapoly "
           "curve25519 gmp xcbc kernel-libipsec kernel-netlink socket-default vici updown")
CHARON = """charon-systemd {{
  load = {plugins}
  port = {port}
  port_nat_t = {port_nat_t}
  {more}
  plugins {{
    vici {{
      socket = unix://{folder}/vici
    }}
  }}
  filelog {{
    log {{
      path = {folder}/log
      default = 1
      ike = 2
      net = 1
      flush_line = yes
    }}
  }}
}}
swanctl {{
  load = random nonce openssl pem pkcs1 pkcs8 pubkey x509 sha1 sha2 hmac aes
}}
"""


def block(name, parts, depth=0):
    """strongSwan's own form: one setting a line, blocks in braces."""
    pad = "  " * depth
    lines = [f"{pad}{name} {{"]
    for key, value in parts.items():
        lines += block(key, value, depth + 1) if isinstance(value, dict) else [f"{pad}  {key} = {value}"]
    return [*lines, f"{pad}}}"]


def merged(base, over):
    out = dict(base)
    for key, value in (over or {}).items():
        out[key] = merged(out.get(key, {}), value) if isinstance(value, dict) else value
    return out


def installed():
    harness.need("charon-systemd", "swanctl", "nft", "conntrack")


class Charon:
    def __init__(self, place, port=500, port_nat_t=4500, more=""):
        installed()
        self.place, self.folder = place, places.scratch("trapline-test-swan-")
        (self.folder / "conf").write_text(CHARON.format(plugins=PLUGINS, port=port, port_nat_t=port_nat_t, folder=self.folder, more=more))
        self.environment = {"STRONGSWAN_CONF": str(self.folder / "conf"), "SWANCTL_DIR": str(self.folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        self.begin()

    def begin(self):
        self.process = self.place.start("charon-systemd", env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not harness.wait_until(lambda: (self.folder / "vici").is_socket() and self.swanctl("--stats", check=False).returncode == 0, 10):
            raise RuntimeError(f"charon does not start\n{self.log()}")

    def kill(self):
        harness.stop(self.process, harness.signal.SIGKILL)
        (self.folder / "vici").unlink(missing_ok=True)
        self.place.run("sh", "-c", "ip link del ipsec0 2>/dev/null; ip route flush table 220 2>/dev/null; true")

    def swanctl(self, *words, check=True, patience=15):
        done = subprocess.run(self.place.command("swanctl", *words, "--uri", f"unix://{self.folder}/vici"), env=self.environment,
                              capture_output=True, text=True, timeout=patience)
        if check and done.returncode:
            raise RuntimeError(f"swanctl {' '.join(words)}: {done.stderr}{done.stdout}\n{self.log()}")
        return done

    def load(self, connections, secrets):
        """Connections and secrets as nested dictionaries, in the form of swanctl.conf."""
        self.load_text("\n".join([*block("connections", connections), *block("secrets", secrets)]) + "\n")

    def put(self, kind, name, octets):
        """A file where swanctl looks for certificates (x509, x509ca), revocation lists (x509crl) and keys (private)."""
        (self.folder / kind).mkdir(exist_ok=True)
        (self.folder / kind / name).write_bytes(octets)

    def load_text(self, text):
        (self.folder / "swanctl.conf").write_text(text)
        self.swanctl("--load-all", "--noprompt", "--file", str(self.folder / "swanctl.conf"))

    def initiate(self, child="c", patience=10, check=True):
        return self.swanctl("--initiate", "--child", child, "--timeout", str(patience), check=check, patience=patience + 5)

    def rekey(self, *what):
        return self.swanctl("--rekey", *what, check=False)

    def sas(self):
        return self.swanctl("--list-sas").stdout

    def log(self):
        path = self.folder / "log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-60:]) if path.exists() else ""


def client(name="site1", psk="a-long-shared-key-of-the-test", here="10.99.1.1", there="10.99.2.1", port=2797, **over):
    """What a site's swanctl.conf says: initiator, PSK, straight to the port."""
    connection = {"version": 2, "remote_addrs": places.COLLECTOR, "remote_port": port, "local_port": 500 if port == 500 else 4500,
                  "proposals": "aes256gcm16-prfsha256-curve25519", "dpd_delay": "2s",
                  "local": {"auth": "psk", "id": name}, "remote": {"auth": "psk", "id": "coll"},
                  "children": {"c": {"local_ts": f"{here}/32", "remote_ts": f"{there}/32", "esp_proposals": "aes256gcm16"}}}
    return {"t": merged(connection, over)}, {"ike-1": {"id-1": name, "id-2": "coll", "secret": f'"{psk}"'}}


def ping(place, source, destination, count=1, patience=2):
    done = subprocess.run(place.command("ping", "-n", "-q", "-c", count, "-i", "0.2", "-W", patience, "-I", source, destination),
                          capture_output=True, text=True)
    return done.returncode == 0
