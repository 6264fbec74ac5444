// SPDX-License-Identifier: Apache-2.0
// strongSwan goes straight to the port that was registered for ESP in UDP, from its own port for NAT traversal, so one UDP
// port has to be open (docs/SITES.md).
#include "cli/site.h"

#include <ctype.h>
#include <string.h>

#include "crypto/dn.h"
#include "ike/wire.h"

static void add_ip(const struct config_octets *ip, struct text *out)
{
	struct addr a = { .ip = { [10] = 0xff, 0xff } };
	char text[ADDR_TEXT];
	if (ip->n <= sizeof a.ip)
		memcpy(a.ip + sizeof a.ip - ip->n, ip->at, ip->n);
	text_add(out, addr_ip_text(&a, text));
}

static bool is_plain(const struct text *word)
{
	for (const char *c = text_str(word); *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(".-_@:/", *c))
			return false;
	return word->n;
}

// As it stands, or between quotation marks where that could be misread.
static void add_word(const struct text *word, char mark, const char *escaped, struct text *out)
{
	const char quote[2] = { mark, 0 };
	if (is_plain(word)) {
		text_add(out, text_str(word));
		return;
	}
	text_add(out, quote);
	for (const char *c = text_str(word); *c; c++)
		if (*c == mark)
			text_add(out, escaped);
		else
			text_printf(out, *c == '\\' && mark == '"' ? "\\%c" : "%c", *c);
	text_add(out, quote);
}

static void add_value(const struct config_identity *id, struct text *out)
{
	if (id->type == ID_DN)
		(void)dn_text(span_of(id->data.at, id->data.n), out);
	else if (id->type == ID_IPV4 || id->type == ID_IPV6)
		add_ip(&id->data, out);
	else
		text_bytes(out, span_of(id->data.at, id->data.n));
}

// strongSwan guesses the kind of what has no kind in front: a host name has letters, and nothing but those, digits, - and dots.
static bool is_host_name(const struct config_identity *id)
{
	bool letters = false;
	for (size_t i = 0; i < id->data.n; i++) {
		uint8_t c = id->data.at[i];
		letters |= isalpha(c) != 0;
		if (!isalnum(c) && c != '-' && c != '.')
			return false;
	}
	return letters;
}

static void add_for_swan(const struct config_identity *id, struct text *out)
{
	static const char *const kinds[] = { [ID_IPV4] = "", [ID_FQDN] = "fqdn:", [ID_EMAIL] = "email:",
		                             [ID_IPV6] = "", [ID_DN] = "",        [ID_KEY_ID] = "keyid:" };
	struct text word = { 0 };
	text_add(&word, id->type == ID_FQDN && is_host_name(id) ? "" : kinds[id->type]);
	add_value(id, &word);
	add_word(&word, '"', "\\\"", out);
	text_done(&word);
}

static void add_for_join(const struct config_identity *id, struct text *out)
{
	static const char *const kinds[] = { [ID_IPV4] = "ip:", [ID_FQDN] = "",  [ID_EMAIL] = "email:",
		                             [ID_IPV6] = "ip:", [ID_DN] = "dn:", [ID_KEY_ID] = "key-id:" };
	struct text word = { 0 };
	text_add(&word, id->type == ID_FQDN && !is_host_name(id) ? "fqdn:" : kinds[id->type]);
	add_value(id, &word);
	add_word(&word, '\'', "'\\''", out);
	text_done(&word);
}

static unsigned port_of(const struct config *c)
{
	enum { ESP_ENCAP = 2797 };
	for (size_t i = 0; i < c->tunnel_listen_count; i++)
		if (c->tunnel_listen[i].addr.port == ESP_ENCAP)
			return ESP_ENCAP;
	return c->tunnel_listen_count ? c->tunnel_listen[0].addr.port : ESP_ENCAP;
}

// Our addresses inside, with something before each, between them and behind the last.
static void add_inner(const struct config *c, const char *before, const char *between, const char *behind,
                      struct text *out)
{
	for (size_t i = 0; i < c->inner_count; i++) {
		char text[ADDR_TEXT];
		text_printf(out, "%s%s/%d%s", before, addr_ip_text(&c->inner[i], text),
		            addr_is_v4(&c->inner[i]) ? 32 : 128, i + 1 < c->inner_count ? between : behind);
	}
}

enum {
	DPD = 30,
	RETRANSMISSION = 165, // seconds: strongSwan's six sendings from 4 s on, each wait 1.8 times the one before
};

void site_swanctl(const struct site_text *t, struct text *out)
{
	text_printf(out,
	            "# /etc/swanctl/conf.d/trapline.conf at site %s; then: swanctl --load-all\n"
	            "# When the collector or this end was killed, the tunnel is back within %d s: dpd_delay, and %d s "
	            "of strongSwan's\n"
	            "# retransmissions (charon.retransmit_tries, _timeout and _base).\n"
	            "connections {\n"
	            "  trapline {\n"
	            "    version = 2\n"
	            "    remote_addrs = %s\n"
	            "    remote_port = %u\n"
	            "    local_port = 4500\n"
	            "    proposals = aes256gcm16-prfsha256-curve25519\n"
	            "    keyingtries = 0\n"
	            "    dpd_delay = %ds\n",
	            t->name, DPD + RETRANSMISSION, RETRANSMISSION, t->collector, port_of(t->config), DPD);
	if (t->address)
		text_printf(out, "    vips = 0.0.0.0\n");
	text_printf(out, "    local {\n"
	                 "      auth = psk\n"
	                 "      id = ");
	add_for_swan(t->theirs, out);
	text_add(out, "\n"
	              "    }\n"
	              "    remote {\n"
	              "      auth = psk\n"
	              "      id = ");
	add_for_swan(&t->config->identity, out);
	text_printf(out,
	            "\n    }\n"
	            "    children {\n"
	            "      trapline {\n"
	            "        local_ts = %s\n"
	            "        remote_ts = ",
	            t->networks ? t->networks : "dynamic");
	add_inner(t->config, "", ",", "", out);
	text_printf(out, "\n"
	                 "        esp_proposals = aes256gcm16\n"
	                 "        start_action = start\n"
	                 "        close_action = start\n"
	                 "        dpd_action = restart\n"
	                 "      }\n"
	                 "    }\n"
	                 "  }\n"
	                 "}\n"
	                 "secrets {\n"
	                 "  ike-trapline {\n"
	                 "    id = ");
	add_for_swan(t->theirs, out);
	text_printf(out,
	            "\n"
	            "    secret = \"%s\"\n"
	            "  }\n"
	            "}\n",
	            t->psk);
}

void site_join(const struct site_text *t, struct text *out)
{
	text_add(out,
	         "# or, at another Trapline, with the secret below in the file psk (back within seconds when either "
	         "end was killed):\n");
	if (t->networks) {
		text_add(out, "# ip tuntap add dev trapline0 mode tun user \"$USER\"; ip link set trapline0 up\n");
		add_inner(t->config, "# ip route add ", " dev trapline0\n", " dev trapline0\n", out);
	}
	text_printf(out,
	            "# trapline join --collector "
	            "%s:%u --identity ",
	            t->collector, port_of(t->config));
	add_for_join(t->theirs, out);
	text_add(out, " --peer ");
	add_for_join(&t->config->identity, out);
	text_add(out, " --psk-file psk");
	add_inner(t->config, " --inner ", "", "", out);
	if (t->networks)
		text_printf(out, " --networks %s --tun trapline0", t->networks);
	text_add(out, "\n");
}
