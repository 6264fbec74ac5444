// SPDX-License-Identifier: Apache-2.0
// `trapline join`: a site's end, which calls the collector by IKEv2 and stays connected.
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/credential.h"
#include "cli/run_loop.h"
#include "cli/secret.h"
#include "cli/when.h"
#include "ike/identity.h"
#include "tunnel/end.h"

enum { PSK_MAX = 256, PORT = 2797 };
static const int64_t DPD =
        INT64_C(5) * 1000000000; // a collector that lost its state says so at the next word (RFC 6290)
static const int64_t LIFE_MIN = INT64_C(10) * 1000000000;          // new keys are made in its last two seconds
static const int64_t LIFE_MAX = INT64_C(366) * 86400 * 1000000000; // longer is a mistake

struct join {
	const struct args *args;
	struct crypto *crypto;
	struct text psk;
	struct credential *credential;
	struct trust *trust;
	struct ike_made_identity local, remote;
	struct ike_site site;
	struct tun tun;
	struct addr inner;
	size_t inner_count;
	struct addr relay[RELAY_LISTENERS], collector[IKE_TS_MAX]; // the collector's addresses inside
	size_t relay_count, collector_count;
	struct end *end;
};

// HOST or HOST:PORT, IPv6 in brackets.
static int take_collector(struct join *j, const char *text)
{
	char host[256], port[8];
	const char *colon = strrchr(text, ':'), *bracket = strchr(text, ']');
	bool named = colon && (!bracket || colon > bracket) && (bracket || strchr(text, ':') == colon);
	size_t n = named ? (size_t)(colon - text) : strlen(text);
	const struct addrinfo want = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found = NULL;
	char *end = NULL;
	unsigned long number = named ? strtoul(colon + 1, &end, 10) : PORT;
	if (number == 0 || number > UINT16_MAX || (end && (*end || strchr("+- ", colon[1]))))
		return args_wrong(j->args, "--collector %s: the port is a number from 1 to 65535", text);
	if (bracket && n > 1)
		n = (size_t)(bracket - ++text);
	snprintf(host, sizeof host, "%.*s", (int)n, text);
	snprintf(port, sizeof port, "%lu", number);
	int error = getaddrinfo(host, port, &want, &found);
	if (error)
		return args_failed(j->args, "--collector %s: %s", host, gai_strerror(error));
	j->site.path.remote = addr_from_sockaddr(found->ai_addr);
	freeaddrinfo(found);
	return CLI_DONE;
}

static int take_networks(const struct join *j, const char *option, struct ike_ts_list *out, struct addr *first)
{
	size_t at = 0;
	for (const char *text; (text = args_next(j->args, option, &at));) {
		struct prefix p;
		if (prefix_parse(text, &p) != ST_OK || out->n == IKE_TS_MAX)
			return args_wrong(j->args, "--%s %s: write a prefix such as 10.1.0.0/24, %d at most", option,
			                  text, IKE_TS_MAX);
		if (first && !out->n)
			memcpy(first->ip, p.ip, sizeof first->ip);
		out->at[out->n++] = ike_ts_of(&p);
	}
	return CLI_DONE;
}

// What devices send to us has to be said to an address.
static int take_collector_inside(struct join *j)
{
	size_t at = 0;
	for (const char *text; (text = args_next(j->args, "inner", &at));) {
		struct prefix p;
		if (prefix_parse(text, &p) != ST_OK || p.bits != 128 || j->collector_count == IKE_TS_MAX)
			return args_wrong(
			        j->args, "--inner %s: --relay wants the collector's address itself, as in 10.99.2.1/32",
			        text);
		memcpy(j->collector[j->collector_count++].ip, p.ip, sizeof p.ip);
	}
	return CLI_DONE;
}

static int take_relay(struct join *j)
{
	size_t at = 0;
	for (const char *text; (text = args_next(j->args, "relay", &at));)
		if (j->relay_count == RELAY_LISTENERS || addr_parse(text, &j->relay[j->relay_count++]) != ST_OK)
			return args_wrong(j->args,
			                  "--relay %s: write an address and a port such as 0.0.0.0:2697, %d at most",
			                  text, RELAY_LISTENERS);
	if (j->relay_count && args_has(j->args, "tun"))
		return args_wrong(j->args, "--relay is for where there is no TUN device; keep one of both");
	return j->relay_count ? take_collector_inside(j) : CLI_DONE;
}

static int take_life(const struct join *j, const char *option, int64_t *out)
{
	const char *text = args_value(j->args, option);
	if (text && (when_span(text, out) != ST_OK || *out < LIFE_MIN || *out > LIFE_MAX))
		return args_wrong(j->args, "--%s %s: write a span such as 90s, 15m, 1h or 2d, from 10s to a year",
		                  option, text);
	return CLI_DONE;
}

static int take_identity(const struct join *j, const char *option, const char *text, struct ike_made_identity *out)
{
	return ike_parse_identity(text, out) == ST_OK ? CLI_DONE
	                                              : args_wrong(j->args,
	                                                           "--%s %s: write a host name, or fqdn:, email:, ip:, "
	                                                           "dn: or key-id: and what follows; a "
	                                                           "distinguished name as in dn:C=NL, O=Shop, CN=site1",
	                                                           option, text);
}

static int take_keys(struct join *j)
{
	const struct args *a = j->args;
	int code = secret_option(a, "psk", PSK_MAX, &j->psk);
	if (code == CLI_DONE)
		code = credential_options(a, j->crypto, &j->credential, &j->trust);
	if (code == CLI_DONE && !j->psk.n == !j->trust)
		code = args_wrong(
		        a, "name the key's file, --psk-file FILE; or certificates, with --cert-file, --key-file and "
		           "--ca-file");
	j->site.psk = span_of(j->psk.p, j->psk.n);
	j->site.credential = j->credential;
	j->site.trust = j->trust;
	return code;
}

static int take_options(struct join *j)
{
	const struct args *a = j->args;
	const char *collector = args_value(a, "collector"), *identity = args_value(a, "identity"),
	           *peer = args_value(a, "peer");
	if (!collector || !identity || !args_has(a, "inner"))
		return args_wrong(
		        a,
		        "name --collector HOST, --identity NAME and --inner PREFIX, as trapline site add printed them");
	j->site.name = identity;
	j->site.initiate = true;
	j->site.dpd = DPD;
	int code = take_identity(j, "identity", identity, &j->local);
	if (code == CLI_DONE)
		code = take_identity(j, "peer", peer ? peer : "trapline", &j->remote);
	j->site.local = ike_identity_of(&j->local);
	j->site.remote = ike_identity_of(&j->remote);
	if (code == CLI_DONE)
		code = take_collector(j, collector);
	if (code == CLI_DONE)
		code = take_networks(j, "networks", &j->site.here, &j->inner);
	if (code == CLI_DONE)
		code = take_networks(j, "inner", &j->site.there, NULL);
	j->inner_count = j->site.here.n > 0;
	if (!j->site.here.n) { // whatever is handed out
		static const struct prefix all = { .ip = { [10] = 0xff, 0xff }, .bits = 96 };
		j->site.here.at[j->site.here.n++] = ike_ts_of(&all);
		j->site.ask_address = true;
	}
	if (code == CLI_DONE)
		code = take_relay(j);
	if (code == CLI_DONE)
		code = take_life(j, "lifetime", &j->site.child_life);
	if (code == CLI_DONE)
		code = take_life(j, "ike-lifetime", &j->site.ike_life);
	return code == CLI_DONE ? take_keys(j) : code;
}

static void tell(void *arg, bool up, const uint8_t *address, enum st why)
{
	const struct join *j = arg;
	char peer[ADDR_TEXT];
	addr_text(&j->site.path.remote, peer);
	if (up && why)
		fprintf(stderr,
		        "connected to %s, but it takes none of our networks: compare --networks and --inner with "
		        "`trapline site "
		        "show` there\n",
		        peer);
	else if (up && address)
		fprintf(stderr, "connected to %s, inner address %u.%u.%u.%u\n", peer, address[0], address[1],
		        address[2], address[3]);
	else if (up)
		fprintf(stderr, "connected to %s\n", peer);
	else
		fprintf(stderr, "not connected to %s: %s%s\n", peer, st_text(why),
		        why == ST_IKE_REFUSED ? "; it does not know our identity, or our key or certificate is not the "
		                                "one it wants (`trapline "
		                                "status` there counts why)"
		                              : "");
}

static int open_end(struct join *j)
{
	const char *name = args_value(j->args, "tun"), *listen = args_value(j->args, "listen");
	struct end_config c = { .crypto = j->crypto,
		                .site = &j->site,
		                .tell = tell,
		                .arg = j,
		                .inner = &j->inner,
		                .inner_count = j->inner_count,
		                .relay = j->relay,
		                .relay_count = j->relay_count,
		                .collector = j->collector,
		                .collector_count = j->collector_count };
	char text[ADDR_TEXT];
	unsigned long keepalive = 0;
	enum st st = name ? tun_open(name, true, &j->tun) : ST_OK;
	if (st)
		return args_failed(j->args,
		                   st == ST_DENIED
		                           ? "%s is not ours; as root: ip tuntap add dev NAME mode tun user USER"
		                           : "%s cannot be opened",
		                   name);
	if (!args_number(j->args, "keepalive", 1, KEEPALIVE_MAX, &keepalive))
		return CLI_USAGE;
	c.keepalive = (unsigned)keepalive;
	c.tun = name ? &j->tun : NULL;
	(void)addr_parse(addr_is_v4(&j->site.path.remote) ? "0.0.0.0:0" : "[::]:0", &c.listen);
	if (listen && addr_parse(listen, &c.listen) != ST_OK)
		return args_wrong(j->args, "--listen %s: write for example 0.0.0.0:4500", listen);
	st = end_new(&c, &j->end);
	if (st)
		return args_failed(j->args, "%s%s: %s", addr_text(&c.listen, text),
		                   j->relay_count ? ", or a port of --relay" : "",
		                   st == ST_SYSTEM ? strerror(errno) : st_text(st));
	for (size_t i = 0; i < j->relay_count; i++)
		fprintf(stderr, "relaying what comes to udp:%s\n", addr_text(&j->relay[i], text));
	return CLI_DONE;
}

static void tell_relayed(const struct join *j)
{
	const struct relay_counters n = end_relayed(j->end);
	if (j->relay_count)
		fprintf(stderr,
		        "relayed %" PRIu64 " of %" PRIu64 " messages (%" PRIu64
		        " came while the tunnel was down), %" PRIu64 " answers, %" PRIu64 " questions; %" PRIu64
		        " packets nobody had asked for\n",
		        n.relayed, n.heard, n.down, n.answered, n.asked, n.strange);
}

int cmd_join(const struct args *a)
{
	struct join j = { .args = a, .tun.fd = -1 };
	if (crypto_init(&j.crypto))
		return args_failed(a, "OpenSSL or its legacy provider cannot be loaded; install libssl3 and openssl");
	int code = take_options(&j);
	if (code == CLI_DONE)
		code = open_end(&j);
	if (code == CLI_DONE)
		code = run_loop(a, end_loop(j.end));
	if (j.end)
		tell_relayed(&j);
	end_free(j.end);
	tun_close(&j.tun);
	secret_text_done(&j.psk);
	credential_free(j.credential);
	trust_free(j.trust);
	crypto_free(j.crypto);
	return code;
}
