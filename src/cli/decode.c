// SPDX-License-Identifier: Apache-2.0
// `trapline decode`: a capture or octets in hex, without a collector.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli/capture.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/decoder.h"
#include "cli/esp_opener.h"
#include "cli/ike_words.h"
#include "cli/place.h"
#include "cli/secret.h"
#include "cli/user.h"
#include "io/system.h"
#include "mib/mib.h"

enum { PORTS_MAX = 64 };

// What a command line asks for, and what was seen of it.
struct decoding {
	const struct args *args;
	struct config *config; // NULL: everything comes from options
	struct policy *policy; // of the options
	struct user_given given;
	struct usm_user *users; // the given one, then the configuration's
	size_t user_count;
	struct decoder *decoder;
	unsigned ports[PORTS_MAX];
	size_t port_count;
	bool json, colour;
	struct text line;
	uint64_t shown, unchecked, fragments, streams, broken;
	struct esp_opener *opener; // NULL: no keys of ESP
	int64_t at;                // when the datagram at hand was captured
	uint64_t opened;
	struct ike_opener *ike;
	uint64_t ike_seen;
};

static void print_varbinds(const struct event_words *w, struct text *out)
{
	struct ber walk = ber_of(w->notification.varbinds);
	struct snmp_varbind v;
	while (w->has_notification && snmp_notification_next(&walk, &v)) {
		struct oid o;
		if (oid_decode(v.oid, &o))
			continue;
		text_add(out, "\n    ");
		mib_name(&o, out);
		text_add(out, " = ");
		mib_render(&o, &v, out);
	}
}

static void write_text(const struct decoding *d, const struct decoded *m, struct text *out)
{
	event_line(&m->event, &m->words, d->colour, out);
	if (m->event.credential.n) {
		text_add(out, m->event.version == SNMP_V3 ? "\n    user " : "\n    community label ");
		text_clean(out, m->event.credential);
	}
	if (m->event.engine.n) {
		text_add(out, ", engine ");
		text_hex(out, m->event.engine);
	}
	print_varbinds(&m->words, out);
	if (m->refused)
		text_printf(out, "\n    refused (%s): %s", st_name(m->refused), text_str(&m->reason));
}

static void show(struct decoding *d, const struct decoder_origin *origin, struct span bytes)
{
	struct decoded m;
	decoder_take(d->decoder, origin, bytes, &m);
	text_clear(&d->line);
	if (d->json && m.refused)
		event_json_refused(&m.event, &m.words, m.refused, text_str(&m.reason), &d->line);
	else if (d->json)
		event_json(&m.event, &m.words, &d->line);
	else
		write_text(d, &m, &d->line);
	puts(text_str(&d->line));
	d->shown++;
	d->unchecked += m.unchecked;
	decoded_done(&m);
}

static bool wanted_port(const struct decoding *d, unsigned port)
{
	for (size_t i = 0; i < d->port_count; i++)
		if (d->ports[i] == port)
			return true;
	return false;
}

// What came out of ESP and is no trap.
static void show_inner(struct decoding *d, const struct packet *p, size_t octets)
{
	static const char *const kinds[] = { [PACKET_UDP] = "udp",
		                             [PACKET_TCP] = "tcp",
		                             [PACKET_FRAGMENT] = "fragment",
		                             [PACKET_OTHER] = "other",
		                             [PACKET_BROKEN] = "broken" };
	char from[ADDR_TEXT], to[ADDR_TEXT];
	text_clear(&d->line);
	addr_text(&p->from, from);
	addr_text(&p->to, to);
	if (d->json) {
		struct json j = json_of(&d->line);
		json_open(&j, '{');
		json_key_str(&j, "kind", "esp");
		json_key_str(&j, "from", from);
		json_key_str(&j, "to", to);
		json_key_str(&j, "protocol", kinds[p->kind]);
		json_key_uint(&j, "octets", octets);
		json_close(&j, '}');
	} else {
		text_printf(&d->line, "inside ESP: %s, %s to %s, %zu octets", kinds[p->kind], from, to, octets);
	}
	puts(text_str(&d->line));
}

// In transport mode there is no IP header: the ends are those of the datagram outside.
static struct packet inner_packet(const struct esp_opened *x)
{
	enum { LINKTYPE_RAW = 101 };
	static const enum packet_kind kinds[] = { [ESP_OPENED_UDP] = PACKET_UDP,
		                                  [ESP_OPENED_TCP] = PACKET_TCP,
		                                  [ESP_OPENED_OTHER] = PACKET_OTHER,
		                                  [ESP_OPENED_BROKEN] = PACKET_BROKEN };
	if (x->kind == ESP_OPENED_PACKET)
		return packet_parse(LINKTYPE_RAW, x->bytes);
	return (struct packet){ .kind = kinds[x->kind], .from = x->from, .to = x->to, .payload = x->payload };
}

static void take_inner(void *arg, const struct esp_opened *x)
{
	struct decoding *d = arg;
	const struct packet p = inner_packet(x);
	const struct decoder_origin origin = { .at = d->at, .peer = p.from, .transport = TRANSPORT_ESP };
	d->opened++;
	if (p.kind == PACKET_UDP && wanted_port(d, p.to.port))
		show(d, &origin, p.payload);
	else
		show_inner(d, &p, x->bytes.n);
}

static void take_ike(struct decoding *d, const struct packet *p)
{
	struct ike_seen seen;
	if (!ike_opener_take(d->ike, p->payload, &seen))
		return;
	const struct ike_shown shown = { d->at, p->from, p->to, &seen };
	text_clear(&d->line);
	(d->json ? ike_words_json : ike_words)(&shown, &d->line);
	puts(text_str(&d->line));
	d->ike_seen++;
}

static void take_packet(struct decoding *d, const struct packet *p, int64_t at)
{
	d->at = at;
	if (d->opener && p->kind == PACKET_UDP && !p->cut && esp_opener_take(d->opener, &p->from, &p->to, p->payload))
		return;
	const struct decoder_origin origin = { .at = at, .peer = p->from, .transport = TRANSPORT_UDP, .cut = p->cut };
	d->fragments += p->kind == PACKET_FRAGMENT;
	d->broken += p->kind == PACKET_BROKEN;
	if (!wanted_port(d, p->to.port)) {
		if (p->kind == PACKET_UDP && !p->cut)
			take_ike(d, p);
		return;
	}
	d->streams += p->kind == PACKET_TCP;
	if (p->kind == PACKET_UDP)
		show(d, &origin, p->payload);
}

static void say_left_out(const struct decoding *d)
{
	if (d->unchecked)
		fprintf(stderr,
		        "%" PRIu64 " message%s of version 1 or 2c: no community is known here, so none was compared\n",
		        d->unchecked, d->unchecked == 1 ? "" : "s");
	if (d->fragments)
		fprintf(stderr, "%" PRIu64 " IP fragments are not put together; what they carry is not shown\n",
		        d->fragments);
	if (d->streams)
		fprintf(stderr, "%" PRIu64 " TCP segments to these ports are not read\n", d->streams);
	if (d->broken)
		fprintf(stderr, "%" PRIu64 " packets end inside a header\n", d->broken);
	if (d->opener && esp_opener_dropped(d->opener))
		fprintf(stderr,
		        "%" PRIu64
		        " ESP packets of these keys were dropped: forged, seen before, or not of their networks\n",
		        esp_opener_dropped(d->opener));
	if (!d->shown && !d->opened && !d->ike_seen)
		fprintf(stderr, "no datagram to a trap port; name other ports with --port\n");
}

static int read_capture(struct decoding *d, const char *path)
{
	struct capture *c = NULL;
	struct text why = { 0 };
	struct packet p;
	int64_t at;
	enum st st = capture_open(path, &c, &why);
	while (st == ST_OK && (st = capture_next(c, &p, &at, &why)) == ST_OK)
		take_packet(d, &p, at);
	capture_close(c);
	fflush(stdout);
	if (c)
		say_left_out(d);
	int code = st == ST_NONE ? CLI_DONE : args_failed(d->args, "%s: %s", path, text_str(&why));
	text_done(&why);
	return code;
}

static int read_hex(struct decoding *d)
{
	const struct decoder_origin origin = { .at = clock_wall() };
	size_t at = 0;
	int code = CLI_DONE;
	for (const char *hex; code == CLI_DONE && (hex = args_next(d->args, "hex", &at));) {
		struct text octets = { 0 };
		if (!hex_read(span_str(hex), SNMP_DATAGRAM_MAX, &octets))
			code = args_wrong(d->args, "--hex: write at most %d octets in hex", SNMP_DATAGRAM_MAX);
		else
			show(d, &origin, span_of(octets.p, octets.n));
		text_done(&octets);
	}
	fflush(stdout);
	if (code == CLI_DONE)
		say_left_out(d);
	return code;
}

static int take_ports(struct decoding *d)
{
	static const unsigned usual[] = { 162, 2697 };
	size_t at = 0;
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		d->ports[d->port_count++] = usual[i];
	for (const char *text; (text = args_next(d->args, "port", &at));) {
		char *end;
		unsigned long port = strtoul(text, &end, 10);
		if (*end || !*text || port == 0 || port > UINT16_MAX || d->port_count == PORTS_MAX)
			return args_wrong(d->args, "--port %s: write a number from 1 to 65535, %d at most", text,
			                  PORTS_MAX - 2);
		d->ports[d->port_count++] = (unsigned)port;
	}
	return CLI_DONE;
}

// A community of the command line is allowed from everywhere.
static int take_community(struct decoding *d)
{
	struct text community = { 0 };
	int code = secret_option(d->args, "community", SNMP_COMMUNITY_MAX, &community);
	if (code != CLI_DONE || !community.n) {
		secret_text_done(&community);
		return code;
	}
	struct policy_community *c = calloc(1, sizeof *c);
	d->policy->communities = c;
	struct prefix *all = c ? calloc(2, sizeof *all) : NULL;
	if (all) {
		d->policy->community_count = 1;
		c->from = (struct prefixes){ all, 2 };
		prefix_parse("0.0.0.0/0", &all[0]);
		prefix_parse("::/0", &all[1]);
		c->label = strdup("given");
		c->community = (uint8_t *)community.p;
		c->n = community.n;
		return c->label ? CLI_DONE : args_failed(d->args, "out of memory");
	}
	secret_text_done(&community);
	return args_failed(d->args, "out of memory");
}

// Without any credential on the command line the usual configuration's are taken where it can be read.
static int take_config(struct decoding *d)
{
	const struct args *a = d->args;
	bool named = args_has(a, "config") || args_has(a, "data");
	if (named)
		return place_config(a, &d->config);
	if (d->given.user.name.n || d->policy->community_count)
		return CLI_DONE;
	struct config_report report = { 0 };
	const struct config_flags flags = { 0 };
	if (config_load(&flags, &d->config, &report))
		fprintf(stderr, "without the users and communities of the configuration, which cannot be read\n");
	text_done(&report.text);
	return CLI_DONE;
}

static int take_users(struct decoding *d)
{
	size_t more = d->config ? d->config->user_count : 0;
	d->users = calloc(more + 1, sizeof *d->users);
	if (!d->users)
		return args_failed(d->args, "out of memory");
	if (d->given.user.name.n)
		d->users[d->user_count++] = d->given.user;
	for (size_t i = 0; i < more; i++)
		d->users[d->user_count++] = d->config->users[i];
	return CLI_DONE;
}

static int make_decoder(struct decoding *d)
{
	const struct decoder_config config = {
		.policy = d->config && !d->policy->community_count ? d->config->policy : d->policy,
		.users = d->users,
		.user_count = d->user_count,
		.ignore_time = args_has(d->args, "ignore-time"),
	};
	enum st st = decoder_new(&config, &d->decoder);
	return st ? args_failed(d->args, "cannot decode: %s", st_text(st)) : CLI_DONE;
}

static int take_esp(struct decoding *d)
{
	size_t at = 0;
	int code = CLI_DONE;
	for (const char *file; code == CLI_DONE && (file = args_next(d->args, "esp-keys", &at));) {
		struct text why = { 0 };
		enum st st = d->opener ? ST_OK : esp_opener_new(take_inner, d, &d->opener);
		if (st == ST_OK)
			st = esp_opener_add(d->opener, file, &why);
		if (st != ST_OK)
			code = args_failed(d->args, "%s: %s", file, why.n ? text_str(&why) : st_text(st));
		text_done(&why);
	}
	return code;
}

static int take_ike_keys(struct decoding *d)
{
	size_t at = 0;
	enum st st = ike_opener_new(&d->ike);
	if (st != ST_OK)
		return args_failed(d->args, "cannot decode: %s", st_text(st));
	int code = CLI_DONE;
	for (const char *file; code == CLI_DONE && (file = args_next(d->args, "ike-keys", &at));) {
		struct text why = { 0 };
		st = ike_opener_read(d->ike, file, &why);
		if (st != ST_OK)
			code = args_failed(d->args, "%s: %s", file, why.n ? text_str(&why) : st_text(st));
		text_done(&why);
	}
	return code;
}

static int prepare(struct decoding *d)
{
	d->policy = policy_new();
	if (!d->policy)
		return args_failed(d->args, "out of memory");
	int code = take_ports(d);
	if (code == CLI_DONE)
		code = user_given_of(d->args, &d->given);
	if (code == CLI_DONE)
		code = take_community(d);
	if (code == CLI_DONE)
		code = take_config(d);
	if (code == CLI_DONE)
		code = take_users(d);
	if (code == CLI_DONE)
		code = take_esp(d);
	if (code == CLI_DONE)
		code = take_ike_keys(d);
	return code == CLI_DONE ? make_decoder(d) : code;
}

int cmd_decode(const struct args *a)
{
	struct decoding d = { .args = a, .json = args_has(a, "json"), .colour = place_colour() };
	bool hex = args_has(a, "hex");
	if (hex == (a->operand_count == 1))
		return args_wrong(a, "name a capture, or give octets with --hex");
	int code = prepare(&d);
	if (code == CLI_DONE)
		code = hex ? read_hex(&d) : read_capture(&d, a->operands[0]);
	decoder_free(d.decoder);
	esp_opener_free(d.opener);
	ike_opener_free(d.ike);
	free(d.users);
	user_given_done(&d.given);
	policy_free(d.policy);
	config_free(d.config);
	text_done(&d.line);
	return code;
}
