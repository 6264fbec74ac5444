// SPDX-License-Identifier: Apache-2.0
// strongSwan goes straight to the port that was registered for ESP in UDP, from its own port for NAT traversal, so one UDP
// port has to be open (docs/SITES.md).
#include "cli/site.h"

#include "ike/wire.h"

static void add_ours(const struct site_text *t, struct text *out)
{
	const struct config_identity *id = &t->config->identity;
	if (id->type == ID_FQDN || id->type == ID_EMAIL || id->type == ID_KEY_ID)
		text_bytes(out, span_of(id->data.at, id->data.n));
	else
		text_add(out, "%any");
}

static unsigned port_of(const struct config *c)
{
	enum { ESP_ENCAP = 2797 };
	for (size_t i = 0; i < c->tunnel_listen_count; i++)
		if (c->tunnel_listen[i].addr.port == ESP_ENCAP)
			return ESP_ENCAP;
	return c->tunnel_listen_count ? c->tunnel_listen[0].addr.port : ESP_ENCAP;
}

static void add_inner(const struct config *c, struct text *out)
{
	for (size_t i = 0; i < c->inner_count; i++) {
		char text[ADDR_TEXT];
		text_printf(out, "%s%s/%d", i ? "," : "", addr_ip_text(&c->inner[i], text),
		            addr_is_v4(&c->inner[i]) ? 32 : 128);
	}
}

void site_swanctl(const struct site_text *t, struct text *out)
{
	text_printf(out,
	            "# /etc/swanctl/conf.d/trapline.conf at site %s; then: swanctl --load-all\n"
	            "connections {\n"
	            "  trapline {\n"
	            "    version = 2\n"
	            "    remote_addrs = %s\n"
	            "    remote_port = %u\n"
	            "    local_port = 4500\n"
	            "    proposals = aes256gcm16-prfsha256-curve25519\n"
	            "    keyingtries = 0\n"
	            "    dpd_delay = 30s\n",
	            t->name, t->collector, port_of(t->config));
	if (t->address)
		text_printf(out, "    vips = 0.0.0.0\n");
	text_printf(out,
	            "    local {\n"
	            "      auth = psk\n"
	            "      id = %s\n"
	            "    }\n"
	            "    remote {\n"
	            "      auth = psk\n"
	            "      id = ",
	            t->identity);
	add_ours(t, out);
	text_printf(out,
	            "\n    }\n"
	            "    children {\n"
	            "      trapline {\n"
	            "        local_ts = %s\n"
	            "        remote_ts = ",
	            t->networks ? t->networks : "dynamic");
	add_inner(t->config, out);
	text_printf(out,
	            "\n"
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
	            "    id = %s\n"
	            "    secret = \"%s\"\n"
	            "  }\n"
	            "}\n",
	            t->identity, t->psk);
}

void site_join(const struct site_text *t, struct text *out)
{
	text_printf(out,
	            "# or, at another Trapline, with the secret below in the file psk:\n# trapline join --collector "
	            "%s:%u --identity %s --peer ",
	            t->collector, port_of(t->config), t->identity);
	add_ours(t, out);
	text_add(out, " --psk-file psk --inner ");
	add_inner(t->config, out);
	if (t->networks)
		text_printf(out, " --networks %s --tun DEVICE", t->networks);
	text_add(out, "\n");
}
