// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <limits.h>
#include <string.h>

#include "cli/user.h"

#define HELP                                                                                                           \
	{                                                                                                              \
		"help", 'h', NULL, NULL, "show this"                                                                   \
	}
#define CONFIG                                                                                                         \
	{                                                                                                              \
		"config", 'c', "FILE", COMPLETE_FILE, "the configuration (default: /etc/trapline/trapline.yaml)"       \
	}
#define DATA                                                                                                           \
	{                                                                                                              \
		"data", 0, "DIR", COMPLETE_FOLDER, "the data folder (default: as the configuration says)"              \
	}
#define JSON                                                                                                           \
	{                                                                                                              \
		"json", 0, NULL, NULL, "print JSON, one object a line"                                                 \
	}
#define KEEPALIVE                                                                                                      \
	{                                                                                                              \
		"keepalive", 0, "SECONDS", NULL, "behind a NAT: the silence after which its mapping is kept open (20)" \
	}
#define END                                                                                                            \
	{                                                                                                              \
		0                                                                                                      \
	}

static const struct cli_option serve_options[] = {
	CONFIG,
	DATA,
	{ "listen", 0, "udp|tcp:ADDR:PORT", NULL,
	  "where traps arrive, instead of the configured ones; may be repeated" },
	{ "web", 0, "ADDR:PORT", NULL, "where the page is served (not in force yet)" },
	{ "engine-id", 0, "HEX", NULL, "our SNMP engine ID" },
	{ "workers", 0, "N", NULL, "threads that receive (default: by the number of cores)" },
	{ "lab", 0, NULL, NULL, "serve sites whose tunnels have manual keys (lab-keys): for tests only" },
	HELP,
	END,
};

static const struct cli_option events_options[] = {
	{ "since", 0, "WHEN", NULL,
	  "from then on: 90s, 15m, 1h, 2d, 1w ago, or RFC 3339 such as 2026-11-20T22:33:28Z" },
	{ "until", 0, "WHEN", NULL, "before then" },
	{ "source", 0, "PREFIX", NULL, "from these senders: 10.0.0.0/8, or one address" },
	{ "oid", 0, "OID|NAME", NULL, "traps with this OID or below it" },
	{ "severity", 0, "SEVERITY", "critical major minor warning info cleared", "at least as severe" },
	{ "site", 0, "SITE", NULL, "from this site" },
	{ "device", 0, "ID", NULL, "from this device, under all its addresses, as it is known now" },
	{ "kind", 0, "KIND,...", "trap inform storm started stopped reloaded gap tick act poll rules all",
	  "these kinds of events (default: trap,inform,storm)" },
	{ "limit", 0, "N", NULL, "the newest N; 0: all (default: 50, with --json, --since or --until all)" },
	{ "follow", 0, NULL, NULL, "show new ones as they come, until interrupted" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option send_options[] = {
	{ "to", 0, "HOST[:PORT]", NULL, "the receiver (default: 127.0.0.1:2697)" },
	{ "tcp", 0, NULL, NULL, "over TCP instead of UDP" },
	{ "version", 0, "1|2c|3", "1 2c 3", "the SNMP version (default: 2c; 3 with --user)" },
	{ "community", 0, "COMMUNITY", NULL, "the community; other users of this machine can see it" },
	{ "community-file", 0, "FILE", COMPLETE_FILE, "a file that holds the community" },
	{ "data", 0, "DIR", COMPLETE_FOLDER,
	  "without a community: the first one of this collector; version 3 without --auth: its user" },
	{ "config", 'c', "FILE", COMPLETE_FILE, "or of this configuration" },
	CLI_USER_OPTIONS,
	{ "level", 0, "LEVEL", "noAuthNoPriv authNoPriv authPriv",
	  "version 3: the security level (default: the most the user can do)" },
	{ "extend", 0, "HOW", "blumenthal reeder",
	  "version 3: how keys for aes192 and aes256 are stretched: blumenthal (default) or reeder" },
	{ "context", 0, "NAME", NULL, "version 3: the context name" },
	{ "context-engine", 0, "HEX", NULL, "version 3: the context engine ID (default: our own)" },
	{ "engine-id", 0, "HEX", NULL, "version 3: our own engine ID (default: made once and kept)" },
	{ "state", 0, "DIR", COMPLETE_FOLDER,
	  "version 3: where our engine ID and boots are kept (default: $XDG_STATE_HOME/trapline/sender)" },
	{ "uptime", 0, "TICKS", NULL, "the sender's uptime in hundredths of a second (default: this machine's)" },
	{ "timeout", 0, "SECONDS", NULL, "how long to wait for an acknowledgement (default: 1)" },
	{ "retries", 0, "N", NULL, "how often to send again (default: 2)" },
	{ "enterprise", 0, "OID|NAME", NULL, "version 1: the enterprise (default: from the trap's OID, RFC 3584)" },
	{ "generic", 0, "N", NULL, "version 1: generic-trap, 0 to 6" },
	{ "specific", 0, "N", NULL, "version 1: specific-trap" },
	{ "agent", 0, "ADDR", NULL, "version 1: agent-addr (default: 0.0.0.0)" },
	HELP,
	END,
};

static const struct cli_option rules_options[] = {
	{ "since", 0, "WHEN", NULL,
	  "test: from then on: 90s, 15m, 1h, 2d, 1w ago, or RFC 3339 (default: all there is)" },
	{ "pcap", 0, "FILE", COMPLETE_FILE, "test: the traps of a capture (pcap or pcapng) instead" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option waiting_options[] = {
	{ "label", 0, "LABEL", NULL,
	  "allow: the name that events show for its community (default: the one it has elsewhere, or the address)" },
	{ "from", 0, "PREFIX", NULL, "allow: from these addresses (default: the sender's alone)" },
	CLI_USER_OPTIONS,
	{ "level", 0, "LEVEL", "noAuthNoPriv authNoPriv authPriv",
	  "version 3: the least security level accepted (default: the one it came with)" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option decode_options[] = {
	{ "hex", 0, "HEX", NULL, "the octets of one message instead of a capture; may be repeated" },
	{ "port", 0, "PORT", NULL, "look at datagrams to this UDP port besides 162 and 2697; may be repeated" },
	{ "esp-keys", 0, "FILE", COMPLETE_FILE,
	  "open ESP in UDP with these keys (those of trapline tunnel --lab), on any port; may be repeated" },
	{ "ike-keys", 0, "FILE", COMPLETE_FILE,
	  "open IKE with these keys: lines of Wireshark's ikev2_decryption_table; may be repeated" },
	{ "ignore-time", 0, NULL, NULL, "version 3: accept whatever the clocks say, and replays" },
	{ "community", 0, "COMMUNITY", NULL,
	  "a community to accept from everywhere, instead of those of the configuration" },
	{ "community-file", 0, "FILE", COMPLETE_FILE, "a file that holds it" },
	CLI_USER_OPTIONS,
	{ "level", 0, "LEVEL", "noAuthNoPriv authNoPriv authPriv",
	  "the least security level of that user (default: the most it can do)" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option engine_options[] = {
	{ "site", 0, "SITE", NULL, "the engine at this site (default: at the only one it is known at)" },
	{ "address", 0, "ADDR", NULL, "under this address only (default: under every one)" },
	{ "off", 0, NULL, NULL, "lenient: check the clock again" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option import_options[] = {
	{ "output", 'o', "FILE", COMPLETE_FILE,
	  "write to this new file, readable by its owner alone, instead of stdout" },
	HELP,
	END,
};

static const struct cli_option alarms_options[] = {
	{ "state", 0, "open|cleared|all", "open cleared all",
	  "the open ones, those that were cleared, or both (default: open and what flaps, with --json all)" },
	{ "site", 0, "SITE", NULL, "of this site" },
	{ "device", 0, "ID", NULL, "of this device" },
	{ "severity", 0, "SEVERITY", "critical major minor warning info", "at least as severe" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

#define WHO                                                                                                            \
	{ "note", 0, "TEXT", NULL, "why; it is kept and shown" },                                                      \
	{                                                                                                              \
		"by", 0, "NAME", NULL, "who does it (default: the user who calls, through sudo too)"                   \
	}

static const struct cli_option site_options[] = {
	{ "networks", 0, "PREFIX[,PREFIX]...", NULL, "add: the networks behind it" },
	{ "address", 0, "ADDRESS", NULL, "add: the inner address that it is given when it asks for one" },
	{ "identity", 0, "FQDN", NULL, "add: who its tunnel says it is (default: its name)" },
	{ "collector", 0, "HOST", NULL,
	  "add, rotate: how the site reaches this collector (default: COLLECTOR, to be filled in)" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option tunnel_options[] = {
	{ "lab", 0, "FILE", COMPLETE_FILE, "the keys of both ends (trapline.yaml(5), TUNNELS)" },
	{ "end", 0, "END", "site collector", "which end this is: site, or collector" },
	{ "tun", 0, "DEVICE", NULL,
	  "a TUN device for whole networks; without one it answers pings of its first inner address" },
	{ "listen", 0, "ADDR:PORT", NULL, "the UDP port (default: as the file says; a site: any)" },
	KEEPALIVE,
	{ "no-offload", 0, NULL, NULL, "no super-packets from and to the device" },
	HELP,
	END,
};

static const struct cli_option wrap_options[] = {
	{ "stack", 0, "ADDRESS", NULL, "the IPsec host" },
	{ "peer", 0, "LOCAL[=FAR:PORT]", NULL,
	  "a peer: our address that the stack takes for it, and where it is (repeatable)" },
	{ "spi", 0, "SPI=LOCAL", NULL, "packets with this SPI come from that peer, wherever it is (repeatable)" },
	{ "listen", 0, "ADDR:PORT", NULL, "the UDP port (2797; a client's: any)" },
	{ "draft", 0, NULL, NULL,
	  "draft-huttunen-ipsec-esp-in-udp-00: both ports 2797, no checksum, empty keepalives" },
	{ "no-follow", 0, NULL, NULL, "a peer stays where it first was" },
	HELP,
	END,
};

static const struct cli_option join_options[] = {
	{ "collector", 0, "HOST[:PORT]", NULL, "the collector (port 2797)" },
	{ "identity", 0, "NAME", NULL,
	  "who we say we are: a host name, or fqdn:, email:, ip:, dn: or key-id: and what follows" },
	{ "peer", 0, "NAME", NULL, "who the collector is, written alike (default: trapline)" },
	{ "psk-file", 0, "FILE", COMPLETE_FILE, "a file that holds the key" },
	{ "psk", 0, "KEY", NULL, "the key itself, which other users of this machine can see; better --psk-file" },
	{ "cert-file", 0, "FILE", COMPLETE_FILE,
	  "instead of a key: our certificate in PEM, and behind it those between it and its CA" },
	{ "key-file", 0, "FILE", COMPLETE_FILE, "its private key" },
	{ "ca-file", 0, "FILE", COMPLETE_FILE, "the CAs that the collector's certificate has to be of" },
	{ "crl-file", 0, "FILE", COMPLETE_FILE, "their revocation lists" },
	{ "networks", 0, "PREFIX", NULL,
	  "a network behind us (repeatable); without one an inner address is asked for" },
	{ "inner", 0, "PREFIX", NULL, "the collector's inner address (repeatable)" },
	{ "tun", 0, "DEVICE", NULL,
	  "a TUN device for these networks; without one pings of our inner address are answered" },
	{ "relay", 0, "ADDR:PORT", NULL,
	  "without a TUN device: what devices send here goes to that port of the collector (repeatable)" },
	{ "listen", 0, "ADDR:PORT", NULL, "our UDP port (default: any)" },
	KEEPALIVE,
	{ "lifetime", 0, "SPAN", NULL, "of a key of the traffic: 90s, 15m, 1h, 2d (1h); new ones are made before" },
	{ "ike-lifetime", 0, "SPAN", NULL, "the same of IKE's own keys (4h)" },
	HELP,
	END,
};

static const struct cli_option demo_options[] = {
	{ "speed", 0, "N", NULL, "so many times faster (1)" },
	{ "once", 0, NULL, NULL, "end when the story is over" },
	{ "remove", 0, NULL, NULL, "take away all that a demo left" },
	JSON,
	{ "data", 0, "DIR", COMPLETE_FOLDER, "its folder (./trapline-demo)" },
	HELP,
	END,
};

static const struct cli_option ack_options[] = {
	WHO, { "undo", 0, NULL, NULL, "take the acknowledgement back" }, JSON, CONFIG, DATA, HELP, END,
};

static const struct cli_option clear_options[] = { WHO, JSON, CONFIG, DATA, HELP, END };

static const struct cli_option silence_options[] = {
	{ "site", 0, "SITE", NULL, "of this site" },
	{ "device", 0, "ID", NULL, "of this device" },
	{ "code", 0, "N", NULL, "printer alerts of this code (prtAlertCode: 8 is a jam)" },
	{ "key", 0, "KEY", NULL, "alarms with this key, or whose key begins with these parts: link, printer/1/8.2" },
	{ "alarm", 0, "ID", NULL, "this alarm, also when it is raised again" },
	{ "for", 0, "SPAN", NULL, "so long: 30m, 2h, 1d, 1w" },
	{ "until", 0, "WHEN", NULL, "until then: 8h from now, or a moment such as 2026-11-20T22:33:28Z" },
	{ "from", 0, "WHEN", NULL, "from then on, a maintenance window (default: now)" },
	WHO,
	{ "all", 0, NULL, NULL, "list: those that ended too" },
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option devices_options[] = {
	{ "site", 0, "SITE", NULL, "of this site" },
	{ "device", 0, "ID", NULL, "this one" },
	WHO,
	JSON,
	CONFIG,
	DATA,
	HELP,
	END,
};

static const struct cli_option reading_options[] = { JSON, CONFIG, DATA, HELP, END };
static const struct cli_option explain_options[] = { JSON, HELP, END };
static const struct cli_option plain_options[] = { HELP, END };

static const struct command commands[] = {
	{ "serve", "", NULL, 0, 0, "receive, keep and acknowledge traps",
	  "Runs the collector in the foreground until SIGTERM or SIGINT. SIGHUP reads the configuration again; a bad "
	  "one changes "
	  "nothing and says why. Without a configuration it listens on 2697 and 162, and makes a community at random "
	  "that only "
	  "this machine may use.",
	  serve_options, cmd_serve },
	{ "events", "", NULL, 0, 0, "list what arrived, or follow it",
	  "Prints events of the journal, oldest first, in words or as JSON. It reads the files, so it works whether or "
	  "not the "
	  "collector runs. All filters must hold. The device is the one that the state of alarms knows the sender as "
	  "now; it "
	  "is left out where the state is behind.",
	  events_options, cmd_events },
	{ "send", "trap|inform [OID|NAME] [OID|NAME TYPE VALUE]...", "trap inform", 1, INT_MAX,
	  "send a trap or an inform",
	  "Sends one notification. Names are those of `trapline explain`, with a dotted instance where there is one: "
	  "prtAlertCode.1.5. TYPE is one of i INTEGER, u Unsigned32, c Counter32, C Counter64, t TimeTicks, a "
	  "IpAddress, o OID, "
	  "s text, x octets in hex, d octets in decimal, b bits, n NULL (with any VALUE). A trap is sent and nobody "
	  "answers; an "
	  "inform is sent again until it is acknowledged, and the exit code says whether it was. With --version 1 and "
	  "--enterprise the trap's OID may be left out. With version 3 the receiver of an inform is asked for its "
	  "engine first; when it refuses, its Report is explained.",
	  send_options, cmd_send },
	{ "status", "", NULL, 0, 0, "what the running collector counts and warns of",
	  "Asks the running collector over DIR/control. Every message that arrived since the start is in exactly one "
	  "of the "
	  "counts.",
	  reading_options, cmd_status },
	{ "waiting", "list|show|allow|deny|watch [ID]...", "list show allow deny watch", 1, INT_MAX,
	  "what is not allowed to send yet: see it, allow it, deny it",
	  "What an unknown sender says is neither believed nor thrown away: it waits, and nothing of it is "
	  "acknowledged. `list` and `show ID` say who it is and why it waits, with a running collector or on the data "
	  "of a stopped one; `watch` prints it as it comes. `allow ID` adds the sender's address and its community, or "
	  "its user and passwords, to DIR/local.yaml and moves what waited into the journal; a message outside the "
	  "time window moves alone. `deny ID` throws it away and keeps what comes later from waiting; to take that "
	  "back, remove its entry from `denied` in DIR/local.yaml and reload.",
	  waiting_options, cmd_waiting },
	{ "decode", "[FILE]", COMPLETE_FILE, 0, 1, "read traps from a capture or from hex, without a collector",
	  "Shows each SNMP message of a capture (pcap or pcapng; - for stdin) that was sent to a trap port, or of "
	  "--hex, "
	  "as a collector with these users and communities would take it at that time: in words with its variables, or "
	  "with --json as `events` does. What a collector would refuse is shown as far as it can be read, with the "
	  "reason. Users and communities come from the options, or from the configuration. Where no community is known "
	  "at all, messages of version 1 and 2c are shown whatever theirs. IKEv2 on any port is shown too, message by "
	  "message with its payloads in their order; what is encrypted needs --ike-keys. It sends nothing and changes "
	  "nothing.",
	  decode_options, cmd_decode },
	{ "engine", "list|lenient|reset [ENGINE-ID]", "list lenient reset", 1, 2,
	  "the SNMPv3 engines that were learned, and their clocks",
	  "An engine is learned when a message from it had the right digest. `list` shows each with its clock (boots "
	  "and seconds) and when it was heard; `shared` says that its ID was heard from another address within a day, "
	  "too: a copied device, or one that moved. `lenient` accepts an engine whatever its clock says, for devices "
	  "that never get it right; their events carry the flag \"lenient\". `reset` forgets the clock, for a device "
	  "that was replaced or set back: the next message sets it.",
	  engine_options, cmd_engine },
	{ "explain", "OID|NAME", NULL, 1, 1, "what an OID or a name means",
	  "Looks up a name or number in the built-in dictionary.", explain_options, cmd_explain },
	{ "check", "", NULL, 0, 0, "check the configuration and show the merged result",
	  "Reads the configuration and DIR/local.yaml as `serve` would. Complaints name file, line and column and go "
	  "to stderr; "
	  "the merged result, secrets hidden, goes to stdout. Exit code 3: there are errors.",
	  reading_options, cmd_check },
	{ "import", "FILE", COMPLETE_FILE, 1, 1, "make a configuration of an snmptrapd.conf",
	  "Reads Net-SNMP's snmptrapd.conf and the files it includes (- for stdin): communities with their sources, "
	  "users with their passwords and levels, addresses to listen on. Writes them as a configuration of Trapline, "
	  "secrets in it, and says on stderr, with file and line, what could not be carried over and why.",
	  import_options, cmd_import },
	{ "alarms", "[ID]", NULL, 0, 1, "what is wrong now, and what was",
	  "Prints the alarms that the collector made of the journal: what, where, who can put it right, since when and "
	  "how often; who acknowledged it and with which note; until when it is silenced; a cleared one with the "
	  "reason. "
	  "With an ID it prints that one with its history. A device or a site that is silent for longer than its habit "
	  "(three "
	  "times the longest gap it had) is an alarm as well. It reads the files, so it works whether or not the "
	  "collector "
	  "runs.",
	  alarms_options, cmd_alarms },
	{ "ack", "ID...", NULL, 1, INT_MAX, "acknowledge an alarm: somebody takes care of it",
	  "Keeps who takes care of an alarm, and the note, until it is cleared. It is an event of the journal, with "
	  "the "
	  "name given and the user that the kernel names; the command returns when it is on disk and `alarms` shows "
	  "it.",
	  ack_options, cmd_ack },
	{ "clear", "ID...", NULL, 1, INT_MAX, "clear an alarm by hand",
	  "For an alarm that nothing else will clear: its clear trap was lost, and the device cannot be asked. If it "
	  "is still "
	  "so, the next trap raises it again. A device or site that was taken away is missed no more when its silence "
	  "is "
	  "cleared.",
	  clear_options, cmd_clear },
	{ "silence", "[list|end ID]", "list end", 0, 2, "say nothing of some alarms for a while",
	  "Without a word it makes a silence of all the alarms, open ones and those to come, for which everything that "
	  "was named holds; it always has an end, --for or --until. With --from later than now it is a maintenance "
	  "window, shown as planned. A silenced alarm is still raised, counted and cleared. `list` shows them; `end "
	  "ID` "
	  "ends one early.",
	  silence_options, cmd_silence },
	{ "devices", "[list|show ID|merge ID INTO]", "list show merge", 0, 3, "who was heard",
	  "Prints the devices that sent something, with what is known of them, how many alarms are open, whether it is "
	  "silent for longer than its habit, and what asking them came to. `show ID` prints one with all that it is "
	  "known "
	  "by (addresses, engine IDs, serial number) and what it said of itself. `merge ID INTO` says that two are "
	  "one: the "
	  "first one's names, addresses and alarms are the second one's from then on; it cannot be taken back.",
	  devices_options, cmd_devices },
	{ "rebuild", "", NULL, 0, 0, "compute the state of alarms again and compare",
	  "Folds the journal again, from its begin or from the oldest snapshot that it reaches back to, and compares "
	  "every "
	  "row with "
	  "the state that is there, which it does not touch. Exit code 3: they differ; the first difference goes to "
	  "stdout.",
	  reading_options, cmd_rebuild },
	{ "site", "add|list|show|remove|rotate [NAME]", "add list show remove rotate", 1, 2,
	  "sites that are connected by IPsec: their identity and key, and how they are",
	  "A new site: `add NAME` makes an identity and a key, writes them to DIR/local.yaml (with a `tunnel` where "
	  "the "
	  "configuration has none), "
	  "brings them into force and prints a ready swanctl.conf for the site's strongSwan: the only time that the "
	  "key is shown. "
	  "`rotate NAME` makes another key and prints it again. `remove NAME` ends the tunnel and forgets the site. "
	  "`list` and "
	  "`show NAME` say which are connected: from where, whether through a NAT, by which suites, since when, and "
	  "what they sent. "
	  "Only sites that stand in DIR/local.yaml can be removed or given another key.",
	  site_options, cmd_site },
	{ "tunnel", "", NULL, 0, 0, "one end of an ESP tunnel with keys by hand, for the laboratory",
	  "Both ends read one file of keys; each reserves its counters on disk beside it (FILE.END.counter) before it "
	  "sends. A persistent "
	  "TUN device that belongs to its user needs no privilege: ip tuntap add dev NAME mode tun user USER. It "
	  "prints its counters when it "
	  "ends. Keys by hand are not for production; trapline site add makes a site by IKEv2.",
	  tunnel_options, cmd_tunnel },
	{ "wrap", "client|gateway", "client gateway", 1, 1, "carry the raw ESP of an IPsec host through a NAT, in UDP",
	  "For IPsec stacks that cannot wrap ESP in UDP themselves. The stack is configured with LOCAL, an address of "
	  "this host, as its "
	  "peer; raw ESP (protocol 50) from it goes out in UDP, and what comes back is raw ESP from LOCAL again. A "
	  "`client` has one far "
	  "end and keeps the NAT's mapping open; a `gateway` knows each peer by its own LOCAL, and by the SPI of its "
	  "packets, named by "
	  "--spi or pinned when it comes from where the peer is. No key is seen, so nothing can be authenticated: that "
	  "a pinned SPI is "
	  "followed to another address is limited to once in 5 seconds, counted, and switched off by --no-follow. IKE "
	  "is not carried: it "
	  "crosses a NAT by itself. It needs CAP_NET_RAW to start. Counters are printed at the end.",
	  wrap_options, cmd_wrap },
	{ "join", "", NULL, 0, 0, "connect this machine, and the networks behind it, to a collector by IPsec",
	  "The site's end of a tunnel: it calls the collector by IKEv2 with a pre-shared key or a certificate, from "
	  "behind any NAT, and "
	  "stays connected. "
	  "With --tun the kernel routes by a TUN device that was made before (ip tuntap add dev NAME mode tun user "
	  "USER; its addresses and "
	  "routes are yours to set). It needs no privilege.",
	  join_options, cmd_join },
	{ "demo", "", NULL, 0, 0, "a simulated fleet, with a collector of its own, to look at",
	  "Eleven devices on loopback addresses send real traps to a collector that the demo starts in a folder of its "
	  "own, and "
	  "answer when it asks them: presses, printers, a scanner, a label printer, a UPS and a switch, in a story of "
	  "three "
	  "minutes. When it is over, the alarms are compared with those that the story should leave (exit code 3: they "
	  "differ). "
	  "No other journal is touched: a folder that no demo made is refused. --remove takes the folder away.",
	  demo_options, cmd_demo },
	{ "rules", "[list|check FILE...|test FILE...]", "list check test", 0, UINT_MAX,
	  "rules for traps whose meaning is only in a vendor's numbers or text",
	  "A rule file is YAML (trapline.yaml(5), docs/RULES.md) and is named by `rules:` in the configuration. `list` "
	  "shows "
	  "the rules in force. `check` reads files and says file:line:column of each mistake (exit code 3). `test` "
	  "replays "
	  "what was heard, from --since on or out of a capture, with the rules in force and with these, and prints "
	  "every "
	  "alarm that would not be the same: - as it is, + as it would be. Exit code 3: some would not. It changes "
	  "nothing.",
	  rules_options, cmd_rules },
	{ "verify", "", NULL, 0, 0, "check every event of the journal for damage",
	  "Reads the whole journal: the database's structure, checksums, records, the order of ids. Findings go to "
	  "stdout, one a "
	  "line. Exit code 3: there are some. It changes nothing.",
	  reading_options, cmd_verify },
	{ "completion", "bash", "bash", 1, 1, "print a completion script for the shell",
	  "For bash: source <(trapline completion bash)", plain_options, cmd_completion },
	{ "help", "[COMMAND]", "@command", 0, 1, "explain a command",
	  "Shows the commands, or one command with its options.", plain_options, cmd_help },
	{ "version", "", NULL, 0, 0, "print the version", "Prints the program's name and version.", plain_options,
	  cmd_version },
};

const struct command *command_at(size_t i)
{
	return i < sizeof commands / sizeof *commands ? &commands[i] : NULL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}
