// SPDX-License-Identifier: Apache-2.0
// config_load over small files in a folder of its own: what each mistake is answered with, to the column; defaults, flags,
// secrets from files, local.yaml; nothing leaks (run under ASan).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/config.h"
#include "daemon/limits.h"

static char dir[] = "/tmp/trapline-config-XXXXXX";

static int enter(void **state)
{
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	static const char *const files[] = { "c.yaml", "local.yaml", "secret", "big", "local.yaml.new" };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(files[i]);
	return chdir("/") == 0 ? rmdir(dir) : -1;
}

static void put(const char *name, const char *text, size_t n, mode_t mode)
{
	unlink(name);
	FILE *f = fopen(name, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text), 0600);
}

// Loads c.yaml; the report's text is returned (free it), *c is NULL after an error.
static char *load(struct config **c, enum st want)
{
	const struct config_flags flags = { .file = "c.yaml", .data = dir };
	struct config_report report = { 0 };
	*c = NULL;
	enum st st = config_load(&flags, c, &report);
	if (st != want)
		print_message("%s", text_str(&report.text));
	assert_int_equal(st, want);
	assert_int_equal(st == ST_OK, report.errors == 0);
	char *text = strdup(text_str(&report.text));
	text_done(&report.text);
	return text;
}

#define TOP_KEYS                                                                                                       \
	"data, web, listen, user, workers, rate-limit, engine-id, communities, users, relays, retention, tunnel, "     \
	"sites, read, rules, denied"
#define DEEP "data: [[[[[[[[["

static const struct {
	const char *yaml, *complaint; // the complaint is the whole report; "" for none
} verdicts[] = {
	// what is right
	{ "data: /tmp\n", "" },
	{ "{}\n", "" },
	{ "---\nworkers: 2\n...\n", "" },
	{ "retention: { days: 0, size: 0 }\n", "" },
	{ "retention: { size: '20 GiB' }\n", "" },
	{ "communities:\n- { label: a, community: s, from: [ 10.0.0.0/8, '::1', 2001:db8::/32 ] }\n", "" },
	{ "communities: []\nsites: []\nrelays: []\n", "" },
	{ "listen: [ udp:127.0.0.1:0, 'udp:127.0.0.1:0' ]\n", "" },

	// asking back
	{ "read: [ { from: [ 10.0.0.0/8 ], community: s, version: 1, port: 1161 } ]\n", "" },
	{ "read: [ { community: s } ]\n",
	  "c.yaml:1:9: this entry names neither 'from' nor 'site', so its secret would go to "
	  "anybody; add for example from: [ 10.2.0.0/16 ]\n" },
	{ "read: [ { from: [ 10.0.0.0/8 ] } ]\n",
	  "c.yaml:1:9: this entry says not as whom to ask; add community: \"...\", "
	  "community-file: PATH or user: NAME\n" },
	{ "read: [ { from: [ 10.0.0.0/8 ], user: bob, version: 2c } ]\n",
	  "c.yaml:1:53: 'version' is for a community; with 'user' it is 3\n"
	  "c.yaml:1:39: 'users' has no 'bob'; add it there with its passwords\n" },
	{ "read: [ { from: [ 10.0.0.0/8 ], user: bob, community: s } ]\nusers: [ { name: bob, auth: md5, "
	  "auth-password: "
	  "12345678 } ]\n",
	  "c.yaml:1:39: 'user' and a community stand together; write an entry for each\n" },
	{ "read: [ { site: here, community: s, port: 0 } ]\n",
	  "c.yaml:1:43: nobody answers on port 0; leave 'port' out to mean 161\n"
	  "c.yaml:1:17: 'sites' has no 'here'; add it there, or name another\n" },
	{ "read: [ { from: [], community: s, version: 3 } ]\n", "c.yaml:1:44: '3' is not a version; write 1 or 2c\n" },

	// not YAML, or more YAML than a configuration needs
	{ "", "c.yaml:1:1: warning: the file is empty, so defaults stand; see trapline.yaml(5) for an example\n" },
	{ "# nothing\n",
	  "c.yaml:1:1: warning: the file is empty, so defaults stand; see trapline.yaml(5) for an example\n" },
	{ "~", "c.yaml:1:1: warning: the file is empty, so defaults stand; see trapline.yaml(5) for an example\n" },
	{ "retention:\n\tdays: 3\n", "c.yaml:2:1: a tab; YAML is indented with spaces only\n" },
	{ "user: \xc3\xa4\nretention:\n\tdays: 3\n", "c.yaml:3:1: a tab; YAML is indented with spaces only\n" },
	{ "listen: [ udp:0.0.0.0:1\nworkers: 1\n", "c.yaml:2:8: not YAML: did not find expected ',' or ']'; look at "
	                                           "the quotes, brackets and indentation here and just "
	                                           "above\n" },
	{ "user: \"nobody\n",
	  "c.yaml:2:1: not YAML: found unexpected end of stream; look at the quotes, brackets and indentation "
	  "here and just above\n" },
	{ "user: a\n\xff\n",
	  "c.yaml:2:1: a byte that is not text; save the file as UTF-8 without control characters\n" },
	{ "user: \x01\n", "c.yaml:1:7: a byte that is not text; save the file as UTF-8 without control characters\n" },
	{ "user: a\n---\nuser: b\n", "c.yaml:2:1: a second document begins here; keep one document in the file\n" },
	{ "user: *a\n", "c.yaml:1:7: an alias (*name); write the value out where it is needed\n" },
	{ "relays: &r [ *r ]\n", "c.yaml:1:9: an anchor (&name); write the value out where it is needed\n" },
	{ "user: !!str a\n", "c.yaml:1:7: a tag (!name); write the value alone\n" },
	{ DEEP, "c.yaml:1:14: lists and mappings more than 8 deep; the grammar needs 4, see trapline.yaml(5)\n" },
	{ "- user: a\n",
	  "c.yaml:1:1: the file is a list; it takes keys with values, for example data: /var/lib/trapline\n" },
	{ "hello\n",
	  "c.yaml:1:1: the file is a single value; it takes keys with values, for example data: /var/lib/trapline\n" },

	// keys
	{ "communitys: []\n", "c.yaml:1:1: 'communitys' is no key here; did you mean 'communities'?\n" },
	{ "retention: { day: 4 }\n", "c.yaml:1:14: 'day' is no key here; did you mean 'days'?\n" },
	{ "spoon: 1\n", "c.yaml:1:1: 'spoon' is no key here; the keys are " TOP_KEYS "\n" },
	{ "[ a ]: 1\n", "c.yaml:1:1: a key that is a list; a key is one word, here one of " TOP_KEYS "\n" },
	{ "<<: { user: a }\n", "c.yaml:1:1: '<<' is no key here; the keys are " TOP_KEYS "\n" },
	{ "user: a\nworkers: 1\nuser: b\n", "c.yaml:3:1: 'user' stands twice; keep one (the first is in line 1)\n" },
	{ "listen: [ udp:0.0.0.0:1 ]\n  user: a\n",
	  "c.yaml:2:3: not YAML: did not find expected key; look at the quotes, "
	  "brackets and indentation here and just above\n" },

	// shapes and types
	{ "listen: udp:0.0.0.0:2697\n",
	  "c.yaml:1:9: 'listen' is a single value; it takes a list, for example listen: [ udp:0.0.0.0:2697 ]\n" },
	{ "listen:\n", "c.yaml:1:8: 'listen' is empty; it takes a list, for example listen: [ udp:0.0.0.0:2697 ]\n" },
	{ "user: [ a ]\n", "c.yaml:1:7: 'user' is a list; it takes one value, for example user: rotterdam\n" },
	{ "user: ~\n", "c.yaml:1:7: 'user' is empty; it takes one value, for example user: rotterdam\n" },
	{ "retention: 3\n",
	  "c.yaml:1:12: 'retention' is a single value; it takes keys with values, for example retention: { "
	  "days: 400, size: 50GB }\n" },
	{ "relays: [ [ 10.0.0.1 ] ]\n",
	  "c.yaml:1:11: this entry of 'relays' is a list; write for example 10.0.0.0/8\n" },
	{ "communities: [ ops ]\n",
	  "c.yaml:1:16: this entry of 'communities' is a single value; write for example { label: ops, "
	  "community: \"...\", from: [ 10.0.0.0/8 ] }\n" },
	{ "user: \"a\\0b\"\n", "c.yaml:1:7: 'user' holds a zero octet; leave it out\n" },
	{ "workers: many\n", "c.yaml:1:10: 'many' is not a whole number from 0 to 16; write for example 10\n" },
	{ "workers: 17\n", "c.yaml:1:10: '17' is not a whole number from 0 to 16; write for example 10\n" },
	{ "rate-limit: -1\n", "c.yaml:1:13: '-1' is not a whole number from 0 to 1000000; write for example 10\n" },
	{ "retention: { days: 99999999999999999999999 }\n",
	  "c.yaml:1:20: '99999999999999999999999' is not a whole number from 0 to 36500; write for example 10\n" },
	{ "retention: { size: 50 gigs }\n",
	  "c.yaml:1:20: '50 gigs' is not a size; write a whole number and a unit such as 50GB, "
	  "500MB or 20GiB; 0 for no limit\n" },
	{ "retention: { size: 99999999TB }\n",
	  "c.yaml:1:20: '99999999TB' is not a size; write a whole number and a unit such as "
	  "50GB, 500MB or 20GiB; 0 for no limit\n" },
	{ "engine-id: 80zz\n",
	  "c.yaml:1:12: '80zz' is not an engine ID; write 5 to 32 octets in hex such as 80001f8804646f63 "
	  "(RFC 3411)\n" },
	{ "listen: [ 0.0.0.0:2697 ]\n", "c.yaml:1:11: '0.0.0.0:2697' is not a listener; write udp:ADDRESS:PORT or "
	                                "tcp:ADDRESS:PORT, IPv6 in brackets: udp:[::]:2697\n" },
	{ "listen: [ 'udp:::2697' ]\n", "c.yaml:1:11: 'udp:::2697' is not a listener; write udp:ADDRESS:PORT or "
	                                "tcp:ADDRESS:PORT, IPv6 in brackets: udp:[::]:2697\n" },
	{ "listen: [ udp:0.0.0.0:70000 ]\n",
	  "c.yaml:1:11: 'udp:0.0.0.0:70000' is not a listener; write udp:ADDRESS:PORT or "
	  "tcp:ADDRESS:PORT, IPv6 in brackets: udp:[::]:2697\n" },
	{ "listen: []\n",
	  "c.yaml:1:9: 'listen' is empty; name at least one, for example listen: [ udp:0.0.0.0:2697 ]\n" },
	{ "listen: [ udp:0.0.0.0:1, tcp:0.0.0.0:1, udp:0.0.0.0:1 ]\n",
	  "c.yaml:1:41: 'udp:0.0.0.0:1' is listened on twice; name it once\n" },
	{ "relays: [ 10.0.0.1/8 ]\n",
	  "c.yaml:1:11: '10.0.0.1/8' has bits set behind its /8; write 10.0.0.0/8 for the network or "
	  "10.0.0.1 for the one address\n" },
	{ "relays: [ '2001:db8::1/33' ]\n",
	  "c.yaml:1:11: '2001:db8::1/33' has bits set behind its /33; write 2001:db8::/33 for "
	  "the network or 2001:db8::1 for the one address\n" },
	{ "relays: [ 10.0.0.0/33 ]\n",
	  "c.yaml:1:11: '10.0.0.0/33' is not an address prefix; write ADDRESS/BITS such as "
	  "10.0.0.0/8 or 2001:db8::/32, or one address\n" },
	{ "relays: [ printer.example ]\n",
	  "c.yaml:1:11: 'printer.example' is not an address prefix; write ADDRESS/BITS such as "
	  "10.0.0.0/8 or 2001:db8::/32, or one address\n" },

	// communities
	{ "communities:\n- { label: a, community: public, from: [ 10.0.0.0/8 ] }\n",
	  "c.yaml:2:26: warning: this community is a default that everybody tries; choose another\n" },
	{ "communities:\n- { label: a, community: s }\n",
	  "c.yaml:2:3: warning: 'from' is missing, so nobody may use this "
	  "community; write for example from: [ 10.0.0.0/8 ]\n" },
	{ "communities:\n- { label: a, community: s, from: [] }\n",
	  "c.yaml:2:35: warning: 'from' is empty, so nobody may use this community; write for example from: [ "
	  "10.0.0.0/8 ]\n" },
	{ "communities:\n- { community: s, from: [ 10.0.0.1 ] }\n",
	  "c.yaml:2:3: this community has no label; add for example label: ops\n" },
	{ "communities:\n- { label: a, from: [ 10.0.0.1 ] }\n",
	  "c.yaml:2:3: this entry has no community; add community: \"...\" or community-file: PATH\n" },
	{ "communities:\n- { label: a, community: '', from: [ 10.0.0.1 ] }\n",
	  "c.yaml:2:26: this is not a secret; write 1 to 255 octets\n" },
	{ "communities:\n- { label: a, community-file: nowhere, from: [ 10.0.0.1 ] }\n",
	  "c.yaml:2:31: nowhere: No such file or directory; name a file that holds the secret and nothing else\n" },
	{ "communities:\n- { label: a, community-file: /dev, from: [ 10.0.0.1 ] }\n",
	  "c.yaml:2:31: /dev is no readable file; name a file that holds the secret and nothing else\n" },
	{ "communities:\n- { label: a, community: s, from: [ 10.0.0.1 ], listeners: [ udp:0.0.0.0:9 ] }\n",
	  "c.yaml:2:62: warning: 'udp:0.0.0.0:9' is not listened on; add it to 'listen' or take it out here\n" },
	{ "communities:\n- { label: a, community: s, from: [ 10.0.0.1 ], listeners: [] }\n",
	  "c.yaml:2:60: 'listeners' is empty; name some, or leave the key out to mean all\n" },
	{ "communities:\n- { label: a, comunity: s, from: [ 10.0.0.1 ] }\n",
	  "c.yaml:2:15: 'comunity' is no key here; did you mean 'community'?\n" },

	// our engine ID, twice in a Report that may be twice as long as the question
	{ "engine-id: 8000000005abababababababababababababababababab\n", "" },
	{ "engine-id: 8000000005ababababababababababababababababababab\n",
	  "c.yaml:1:12: warning: an engine ID of over 23 octets makes the answer to a short question for it too long "
	  "to be "
	  "sent, so some senders of informs never learn it; choose a shorter one\n" },

	// sites
	{ "sites:\n- { from: [ 10.0.0.0/8 ] }\n",
	  "c.yaml:2:3: this site has no name; add for example name: rotterdam\n" },
	{ "sites:\n- { name: a, from: [ 10.0.0.0/8 ] }\n- { name: b, from: [ 10.0.0.0/16, 10.0.0.0/8 ] }\n",
	  "c.yaml:3:35: '10.0.0.0/8' is claimed twice by sites; it stands in c.yaml:2 too: keep one\n" },
	{ "sites:\n- { name: a, from: [ 10.0.0.0/8 ] }\n- { name: a, from: [ 10.0.0.0/16 ] }\n",
	  "c.yaml:3:11: 'a' is the name of two sites; it stands in c.yaml:2 too: keep one\n" },

	// accepted, not in force; checked all the same
	{ "web: 127.0.0.1:8697\n", "c.yaml:1:1: warning: 'web' is accepted but not in force yet in this version\n" },
	{ "web: here\n",
	  "c.yaml:1:1: warning: 'web' is accepted but not in force yet in this version\n"
	  "c.yaml:1:6: 'here' is not an address with a port; write ADDRESS:PORT, IPv6 in brackets: [::1]:8697\n" },
	// users
	{ "users:\n- { name: al, auth: sha256, auth-password: long enough, priv: aes128, priv-password: long enough }\n"
	  "- { name: al, auth: md5, auth-password: long enough, level: authNoPriv }\n",
	  "" },
	{ "users:\n- { name: al, auth: sha256, auth-password: pw }\n",
	  "c.yaml:2:44: warning: this password is shorter than the 8 octets that RFC 3414 asks for\n" },
	{ "users:\n- { name: al }\n",
	  "c.yaml:2:3: warning: this user needs no password: everybody who knows the name is believed\n" },
	{ "users:\n- { auth: sha256, auth-password: long enough }\n",
	  "c.yaml:2:3: this user has no name; add for example name: alice\n" },
	{ "users:\n- { name: al, auth: sha256 }\n",
	  "c.yaml:2:21: 'auth' without a password; add auth-password: \"...\" or auth-password-file: PATH\n" },
	{ "users:\n- { name: al, auth: sha256, auth-password: long enough, priv: des }\n",
	  "c.yaml:2:63: 'priv' without a password; add priv-password: \"...\" or priv-password-file: PATH\n" },
	{ "users:\n- { name: al, priv: des, priv-password: long enough }\n",
	  "c.yaml:2:21: privacy needs authentication; add for example auth: sha256\n"
	  "c.yaml:2:3: warning: this user needs no password: everybody who knows the name is believed\n" },
	{ "users:\n- { name: al, auth: sha256, auth-password: long enough, level: authPriv }\n",
	  "c.yaml:2:64: level authPriv needs 'priv' and its password\n" },
	{ "users:\n- { name: al, auth: sha256, auth-password: long enough, auth-password-file: x }\n",
	  "c.yaml:2:77: 'auth-password' and 'auth-password-file' stand together; keep one\n"
	  "c.yaml:2:77: x: No such file or directory; name a file that holds the secret and nothing else\n" },
	{ "users:\n- { name: abcdefghijklmnopqrstuvwxyz0123456, auth: sha256, auth-password: long enough }\n",
	  "c.yaml:2:11: this name has 33 octets; a user name has at most 32\n" },
	{ "users:\n- { name: al, auth: sha2 }\n",
	  "c.yaml:2:21: 'sha2' is not an authentication; write one of md5 sha1 sha224 sha256 sha384 sha512\n" },
	{ "tunnel: { listen: [ udp:0.0.0.0:2797 ], identity: { fqdn: coll }, inner: [ 10.99.2.1 ] }\n", "" },
	{ "tunnel: { listen: [ udp:0.0.0.0:2797, tcp:0.0.0.0:2797 ] }\n",
	  "c.yaml:1:39: 'tcp:0.0.0.0:2797': tunnels arrive by UDP; write for example udp:0.0.0.0:2797\n" },
	{ "listen: [ udp:0.0.0.0:2797 ]\ntunnel: { listen: [ udp:0.0.0.0:2797 ] }\n",
	  "c.yaml:2:21: 'udp:0.0.0.0:2797' stands in 'listen' too; a port takes either traps or tunnels\n" },
	{ "listen: [ udp:0.0.0.0:40161, tcp:0.0.0.0:2697 ]\ntunnel: { listen: [ udp:0.0.0.0:2797 ], inner: [ 10.99.2.1 "
	  "] }\n",
	  "c.yaml:2:9: 'listen' has UDP port 40161, where devices inside tunnels answer our questions; choose "
	  "another\n" },
	{ "listen: [ udp:0.0.0.0:40161 ]\ntunnel: { listen: [ udp:0.0.0.0:2797 ] }\n", "" },
	{ "sites:\n- { name: a, lab-keys: nowhere }\n",
	  "c.yaml:2:24: nowhere: No such file or directory; name a file of keys\n"
	  "c.yaml:2:24: a site with a tunnel needs tunnel: { listen: [ \"udp:0.0.0.0:2797\" ], inner: [ 10.99.2.1 ] "
	  "}\n" },
	{ "tunnel: { listen: [ udp:0.0.0.0:2797 ], inner: [ 10.99.2.1 ] }\n"
	  "sites:\n- { name: a, lab-keys: nowhere, from: [ 10.0.0.0/8 ] }\n",
	  "c.yaml:3:24: nowhere: No such file or directory; name a file of keys\n"
	  "c.yaml:3:39: 'from' is for a site without a tunnel; what comes by a tunnel is known by its keys\n" },
	{ "communities:\n- { label: a, community: abc, from: [ 10.0.0.0/8 ], sites: [] }\n",
	  "c.yaml:2:60: 'sites' is empty; name some, or leave the key out to mean all\n" },
#define TUNNEL "tunnel: { listen: [ udp:0.0.0.0:2797 ], identity: { fqdn: coll }, inner: [ 10.99.2.1 ] }\n"
	{ TUNNEL "sites:\n- { name: a, identity: { fqdn: a }, psk: sixteen octets it is, networks: [ 10.1.0.0/24 ] }\n"
	         "- { name: b, identity: { ip: 192.0.2.7 }, psk: sixteen octets it is, address: 10.99.1.2 }\n",
	  "" },
	{ TUNNEL "sites:\n- { name: a, identity: { fqdn: a }, psk: sixteen octets it is, networks: [ 10.1.0.0/24 ],\n"
	         "    suites: [ aes256gcm16, aes128-sha1-96 ] }\n",
	  "c.yaml:4:28: warning: HMAC-SHA-1 is for gateways that know nothing newer; leave it out where you can\n" },
	{ TUNNEL "sites:\n- { name: b, identity: { fqdn: b }, psk: sixteen octets it is, networks: [ 10.1.0.0/24 ], "
	         "suites: [ des ] }\n",
	  "c.yaml:3:101: 'des' is not a suite of ESP; write one of aes128gcm16 aes256gcm16 chacha20poly1305 "
	  "aes128-sha256-128 aes256-sha256-128 aes128-sha1-96 aes256-sha1-96\n" },
	// certificates, whose files `check` and `serve` read
	{ TUNNEL
	  "sites:\n- { name: a, identity: { dn: \"C=NL, CN=a\" }, ca-file: c, networks: [ 10.1.0.0/24 ] }\n"
	  "- { name: b, identity: { dn: \"c=nl, CN=A\" }, ca-file: c, networks: [ 10.1.0.0/24 ] }\n"
	  "- { name: d, identity: { dn: x }, ca-file: c, psk: sixteen octets it is, networks: [ 10.1.0.0/24 ] }\n",
	  "c.yaml:5:30: 'x' is no dn; write for example \"C=NL, O=Shop, CN=site1\"\n"
	  "c.yaml:5:3: site 'd' has a tunnel and no identity; add for example identity: { fqdn: d }\n"
	  "c.yaml:5:3: site 'd' has a shared key and a ca-file; leave one of them out\n"
	  "c.yaml:3:1: sites 'a' and 'b' have the same identity; change one\n" },
	{ "tunnel: { cert-file: x, listen: [ udp:0.0.0.0:2797 ] }\n",
	  "c.yaml:1:22: cert-file and key-file go together: our certificate, and its private key\n" },
	{ TUNNEL "sites:\n- { name: a, identity: { fqdn: a }, psk: sixteen octets it is, networks: [ 10.1.0.0/24 ],\n"
	         "    lifetime: 10s, ike-lifetime: 9s }\n",
	  "c.yaml:4:34: '9s': keys live for 10 seconds at least\n" },
	{ TUNNEL
	  "sites:\n- { name: a, psk: short, networks: [ 10.1.0.0/24 ] }\n- { name: b, identity: { key-id: x } }\n",
	  "c.yaml:3:19: warning: this key has 5 octets, and whoever hears one handshake can guess a short one; make "
	  "one by openssl rand -base64 32\n"
	  "c.yaml:3:3: site 'a' has a tunnel and no identity; add for example identity: { fqdn: a }\n"
	  "c.yaml:4:3: site 'b' has a tunnel and no key; let trapline site rotate make one, or name a ca-file\n"
	  "c.yaml:4:3: site 'b' has a tunnel and no networks behind it; add for example networks: [ 10.99.1.0/24 ]\n" },
	{ TUNNEL "sites:\n- { name: a, identity: { fqdn: x }, psk: sixteen octets it is, address: 10.1.0.1 }\n"
	         "- { name: b, identity: { fqdn: x }, psk: sixteen octets it is, address: \"fd00::1\" }\n",
	  "c.yaml:4:73: 'fd00::1': addresses that are handed out are of IPv4\n"
	  "c.yaml:3:1: sites 'a' and 'b' have the same identity; change one\n" },
	{ TUNNEL
	  "sites:\n- { name: a, identity: {}, psk: sixteen octets it is, address: 10.1.0.1, from: [ 10.0.0.0/8 ] }\n",
	  "c.yaml:3:24: an identity is one of fqdn, email, ip, dn, key-id; write for example identity: { fqdn: site1 "
	  "}\n"
	  "c.yaml:3:80: 'from' is for a site without a tunnel; what comes by a tunnel is known by its keys\n"
	  "c.yaml:3:3: site 'a' has a tunnel and no identity; add for example identity: { fqdn: a }\n" },
	{ "sites:\n- { name: a, identity: { fqdn: x }, psk: sixteen octets it is, psk-file: f, networks: [ 10.1.0.0/24 "
	  "] }\n",
	  "c.yaml:2:74: f: No such file or directory; name a file that holds the secret and nothing else\n"
	  "c.yaml:2:24: a site with a tunnel needs tunnel: { listen: [ \"udp:0.0.0.0:2797\" ], inner: [ 10.99.2.1 ] }\n"
	  "c.yaml:2:1: sites with tunnels have to know us; add for example tunnel: { identity: { fqdn: coll } }\n" },

	{ "denied:\n- { from: [ 10.0.0.7 ], mark: 00112233445566778899aabbccddeeff0123456789abcdef, note: x }\n", "" },
	{ "denied:\n- { from: [ 10.0.0.7 ], mark: 00112233445566778899AABBCCDDEEFF0123456789abcdef }\n",
	  "c.yaml:2:31: '00112233445566778899AABBCCDDEEFF0123456789abcdef' is not a mark; only trapline waiting deny "
	  "can "
	  "make one\n" },
	{ "denied:\n- { from: [ 10.0.0.7 ] }\n", "c.yaml:2:3: an entry of 'denied' has 'from' and 'mark'\n" },
	{ "denied:\n- { mark: 7 }\n", "c.yaml:2:3: an entry of 'denied' has 'from' and 'mark'\n"
	                              "c.yaml:2:11: '7' is not a mark; only trapline waiting deny can make one\n" },

	// several at once, in the order of the file
	{ "workers: x\nspoon: 1\nrelays: [ 1, 2 ]\n",
	  "c.yaml:1:10: 'x' is not a whole number from 0 to 16; write for example 10\n"
	  "c.yaml:2:1: 'spoon' is no key here; the keys are " TOP_KEYS "\n"
	  "c.yaml:3:11: '1' is not an address prefix; write ADDRESS/BITS such as 10.0.0.0/8 or 2001:db8::/32, or one "
	  "address\n"
	  "c.yaml:3:14: '2' is not an address prefix; write ADDRESS/BITS such as 10.0.0.0/8 or 2001:db8::/32, or one "
	  "address\n" },
};

static void test_verdicts(void **state)
{
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		put_text("c.yaml", verdicts[i].yaml);
		const struct config_flags flags = { .file = "c.yaml", .data = dir };
		struct config_report report = { 0 };
		struct config *c = NULL;
		enum st st = config_load(&flags, &c, &report);
		if (strcmp(text_str(&report.text), verdicts[i].complaint) != 0)
			fail_msg("row %zu: %s\ngot  %swant %s", i, verdicts[i].yaml, text_str(&report.text),
			         verdicts[i].complaint);
		assert_int_equal(st == ST_OK, report.errors == 0);
		assert_int_equal(st == ST_OK, c != NULL);
		text_done(&report.text);
		config_free(c);
	}
}

static void test_files_that_cannot_be_read(void **state)
{
	struct config *c;
	unlink("c.yaml");
	char *text = load(&c, ST_SYNTAX);
	assert_string_equal(text, "c.yaml: No such file or directory; name a file that can be read\n");
	free(text);
	assert_int_equal(mkdir("c.yaml", 0700), 0);
	text = load(&c, ST_SYNTAX);
	assert_string_equal(text, "c.yaml: Is a directory; name a file that can be read\n");
	free(text);
	rmdir("c.yaml");
	char *big = malloc(CONFIG_FILE_MAX + 1);
	memset(big, '#', CONFIG_FILE_MAX + 1);
	put("c.yaml", big, CONFIG_FILE_MAX + 1, 0600);
	free(big);
	text = load(&c, ST_SYNTAX);
	assert_string_equal(text, "c.yaml: larger than 8 MiB; no configuration needs that\n");
	free(text);
}

static void test_the_report_ends(void **state)
{
	struct text yaml = { 0 };
	for (int i = 0; i < 500; i++)
		text_printf(&yaml, "spoon%d: 1\n", i);
	put_text("c.yaml", text_str(&yaml));
	text_done(&yaml);
	struct config *c;
	char *text = load(&c, ST_SYNTAX);
	size_t lines = 0;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, CONFIG_COMPLAINTS_MAX + 1);
	assert_non_null(strstr(text, "c.yaml: more than 100 complaints; the others are not shown\n"));
	free(text);
}

static void test_defaults(void **state)
{
	const struct config_flags flags = { .data = dir };
	struct config_report report = { 0 };
	struct config *c = NULL;
	unlink("local.yaml");
	if (access(CONFIG_DEFAULT_FILE, F_OK) == 0)
		skip();
	assert_int_equal(config_load(&flags, &c, &report), ST_OK);
	assert_string_equal(text_str(&report.text), "");
	assert_null(c->file);
	assert_string_equal(c->data, dir);
	assert_int_equal(c->listen_count, 6);
	assert_false(c->listen[1].tcp);
	assert_true(c->listen[2].tcp);
	assert_int_equal(c->listen[4].addr.port, 162);
	assert_int_equal(c->policy->community_count, 0);
	assert_int_equal(c->keep_ns, 400ll * 86400 * 1000000000);
	assert_int_equal(c->keep_bytes, 50000000000);
	config_free(c);
}

static const char everything[] =
        "data: state\nuser: nobody\nworkers: 3\nrate-limit: 50\nengine-id: 80001f8804646f63\n"
        "listen: [ \"udp:127.0.0.1:2697\", \"tcp:[::1]:2697\" ]\n"
        "communities:\n"
        "  - { label: ops, community: 'quo\"te\\ and: #', from: [ 10.0.0.0/8, 127.0.0.0/8 ] }\n"
        "  - { label: file, community-file: secret, from: [ '::1' ], listeners: [ 'tcp:[::1]:2697' ] }\n"
        "relays: [ 192.0.2.7/32 ]\nretention: { days: 7, size: 500MB }\n"
        "sites: [ { name: \"head office\", from: [ 10.2.0.0/16 ] } ]\n";

static void test_everything_is_put(void **state)
{
	put_text("c.yaml", everything);
	put("secret", "from a file\r\n", 13, 0600);
	const struct config_flags flags = { .file = "c.yaml" };
	struct config_report report = { 0 };
	struct config *c = NULL;
	assert_int_equal(config_load(&flags, &c, &report), ST_OK);
	assert_string_equal(text_str(&report.text), "");
	assert_string_equal(c->file, "c.yaml");
	assert_string_equal(c->data, "state");
	assert_string_equal(c->user, "nobody");
	assert_string_equal(c->engine_id, "80001f8804646f63");
	assert_int_equal(c->workers, 3);
	assert_int_equal(c->listen_count, 2);
	assert_int_equal(c->keep_ns, 7ll * 86400 * 1000000000);
	assert_int_equal(c->keep_bytes, 500000000);
	const struct policy *p = c->policy;
	assert_int_equal(p->rate, 50);
	assert_int_equal(p->community_count, 2);
	assert_string_equal(p->communities[0].label, "ops");
	assert_true(
	        span_equal(span_of(p->communities[0].community, p->communities[0].n), span_str("quo\"te\\ and: #")));
	assert_int_equal(p->communities[0].from.n, 2);
	assert_true(span_equal(span_of(p->communities[1].community, p->communities[1].n), span_str("from a file")));
	assert_int_equal(p->communities[1].listener_count, 1);
	assert_int_equal(p->communities[1].listeners[0].port, 2697);
	assert_string_equal(c->folders[0], ".");
	assert_null(c->folders[1]);
	assert_int_equal(p->relays.n, 1);
	assert_int_equal(p->site_count, 1);
	assert_string_equal(p->sites[0].name, "head office");
	struct text shown = { 0 };
	config_show(c, &shown);
	assert_string_equal(text_str(&shown),
	                    "data: state\nuser: nobody\nworkers: 3\nrate-limit: 50\nengine-id: 80001f8804646f63\n"
	                    "listen: [ \"udp:127.0.0.1:2697\", \"tcp:[::1]:2697\" ]\n"
	                    "communities:\n"
	                    "  - label: ops\n    community: \"(hidden)\"\n    from: [ 10.0.0.0/8, 127.0.0.0/8 ]\n"
	                    "  - label: file\n    community-file: secret\n    from: [ \"::1\" ]\n"
	                    "    listeners: [ \"tcp:[::1]:2697\" ]\n"
	                    "relays: [ 192.0.2.7/32 ]\nretention:\n  days: 7\n  size: 500MB\n"
	                    "sites:\n  - name: \"head office\"\n    from: [ 10.2.0.0/16 ]\n");
	text_done(&shown);
	config_free(c);
}

static void test_paths_are_beside_the_file(void **state)
{
	put_text("c.yaml", "data: state\n");
	char path[64];
	snprintf(path, sizeof path, "%s/c.yaml", dir);
	const struct config_flags flags = { .file = path };
	struct config_report report = { 0 };
	struct config *c = NULL;
	assert_int_equal(config_load(&flags, &c, &report), ST_OK);
	snprintf(path, sizeof path, "%s/state", dir);
	assert_string_equal(c->data, path);
	config_free(c);
}

static void test_flags_win(void **state)
{
	put_text("c.yaml", everything);
	put("secret", "s", 1, 0600);
	static const char *const listen[] = { "udp:127.0.0.1:7", "udp:[::1]:7" };
	const struct config_flags flags = {
		.file = "c.yaml",
		.data = dir,
		.listen = listen,
		.listen_count = 2,
		.workers = 9,
		.engine_id = "8000000001",
	};
	struct config_report report = { 0 };
	struct config *c = NULL;
	assert_int_equal(config_load(&flags, &c, &report), ST_OK);
	assert_string_equal(c->data, dir);
	assert_int_equal(c->workers, 9);
	assert_string_equal(c->engine_id, "8000000001");
	assert_int_equal(c->listen_count, 2);
	assert_int_equal(c->listen[0].addr.port, 7);
	config_free(c);
	text_done(&report.text);

	static const char *const wrong[] = { "127.0.0.1" };
	const struct config_flags bad = {
		.file = "c.yaml", .listen = wrong, .listen_count = 1, .web = "x", .workers = 999
	};
	report = (struct config_report){ 0 };
	assert_int_equal(config_load(&bad, &c, &report), ST_SYNTAX);
	assert_string_equal(
	        text_str(&report.text),
	        "--web: 'x' is not an address with a port; write ADDRESS:PORT, IPv6 in brackets: [::1]:8697\n"
	        "--workers: '999' is not a whole number from 0 to 16; write for example 10\n"
	        "--listen: '127.0.0.1' is not a listener; write udp:ADDRESS:PORT or tcp:ADDRESS:PORT, IPv6 in "
	        "brackets: udp:[::]:2697\n");
	text_done(&report.text);
}

static void test_readable_secrets_are_warned_of(void **state)
{
	static const char inline_yaml[] = "communities:\n- { label: a, community: s, from: [ 10.0.0.1 ] }\n";
	struct config *c;
	put("c.yaml", inline_yaml, sizeof inline_yaml - 1, 0644);
	char *text = load(&c, ST_OK);
	assert_string_equal(
	        text, "c.yaml:2:26: warning: 'community' stands in a file that everybody can read; chmod o= c.yaml\n");
	free(text);
	config_free(c);

	static const char with_file[] = "communities:\n- { label: a, community-file: secret, from: [ 10.0.0.1 ] }\n";
	put("c.yaml", with_file, sizeof with_file - 1, 0644);
	put("secret", "s\n", 2, 0644);
	text = load(&c, ST_OK);
	assert_string_equal(text, "c.yaml:2:31: warning: secret can be read by everybody; chmod o= secret\n");
	free(text);
	config_free(c);

	put("secret", "\n", 1, 0600);
	text = load(&c, ST_SYNTAX);
	assert_string_equal(text, "c.yaml:2:31: secret holds nothing; a secret has 1 to 255 octets\n");
	free(text);
	char big[300];
	memset(big, 'x', sizeof big);
	put("secret", big, sizeof big, 0600);
	text = load(&c, ST_SYNTAX);
	assert_string_equal(text, "c.yaml:2:31: secret holds too much; a secret has 1 to 255 octets\n");
	free(text);
	unlink("secret");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),          cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_the_report_ends),   cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_is_put), cmocka_unit_test(test_paths_are_beside_the_file),
		cmocka_unit_test(test_flags_win),         cmocka_unit_test(test_readable_secrets_are_warned_of),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
