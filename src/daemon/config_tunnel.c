// SPDX-License-Identifier: Apache-2.0
// Our end of the tunnels: where ESP in UDP arrives, our addresses inside, sites with manual keys, and communities that are
// bound to sites.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_put.h"
#include "daemon/config_secret.h"
#include "daemon/limits.h"
#include "intake/limits.h"
#include "poll/limits.h"
#include "tunnel/lab_keys.h"

void config_tunnel_free(struct config *c)
{
	for (size_t i = 0; i < c->lab_count; i++) {
		lab_keys_wipe(c->labs[i].keys);
		free(c->labs[i].keys);
	}
	free(c->labs);
	free(c->tunnel_listen);
	free(c->inner);
}

void put_tunnel_listen(struct config_build *b, void *target, const struct setting *s)
{
	struct config *c = b->config;
	for (const struct setting *item = s->first; item; item = item->next) {
		struct config_listen *more = reallocarray(c->tunnel_listen, c->tunnel_listen_count + 1, sizeof *more);
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		c->tunnel_listen = more;
		struct config_listen *l = &more[c->tunnel_listen_count];
		if (config_parse_listen(item->text, l) != ST_OK)
			continue;
		c->tunnel_listen_count++;
		if (l->tcp)
			config_error(b->report, item->place, "'%s': tunnels arrive by UDP; write for example %s",
			             item->text, "udp:0.0.0.0:2797");
	}
}

void put_tunnel_inner(struct config_build *b, void *target, const struct setting *s)
{
	struct config *c = b->config;
	for (const struct setting *item = s->first; item; item = item->next) {
		struct addr *more = reallocarray(c->inner, c->inner_count + 1, sizeof *more);
		struct prefix p;
		if (!more) {
			b->st = ST_NO_MEMORY;
			return;
		}
		c->inner = more;
		if (prefix_parse(item->text, &p) != ST_OK)
			continue;
		more[c->inner_count] = (struct addr){ 0 };
		memcpy(more[c->inner_count++].ip, p.ip, sizeof p.ip);
	}
	if (c->inner_count > PLANE_INNER)
		config_error(b->report, s->place, "'inner' names %zu addresses, and a collector has at most %d inside",
		             c->inner_count, PLANE_INNER);
}

void put_community_sites(struct config_build *b, void *target, const struct setting *s)
{
	struct policy_community *c = target;
	for (const struct setting *item = s->first; item; item = item->next) {
		char **more = reallocarray(c->sites, c->site_count + 1, sizeof *more);
		if (more)
			c->sites = more;
		if (!more || !(more[c->site_count] = strdup(item->text))) {
			b->st = ST_NO_MEMORY;
			return;
		}
		c->site_count++;
	}
	if (!s->first)
		config_error(b->report, s->place, "'sites' is empty; name some, or leave the key out to mean all");
}

static bool read_keys(struct config_build *b, const struct setting *s, struct lab_keys *out)
{
	struct text why = { 0 };
	char *path = config_path(b, s);
	if (!path)
		return false;
	enum st st = lab_keys_read(path, out, &why);
	if (st == ST_IO)
		config_error(b->report, s->place, "%s: %s; name a file of keys", path, strerror(errno));
	else if (st == ST_DENIED)
		config_error(b->report, s->place, "%s can be read by everybody; chmod o= %s", path, path);
	else if (st)
		config_error(b->report, s->place, "%s: %s", path, why.n ? text_str(&why) : st_text(st));
	config_note_folder(b, path);
	text_done(&why);
	free(path);
	return st == ST_OK;
}

static bool spi_is_taken(const struct config *c, const struct lab_keys *keys)
{
	for (size_t i = 0; i < c->lab_count; i++)
		if (c->labs[i].keys->side[LAB_COLLECTOR].spi == keys->side[LAB_COLLECTOR].spi)
			return true;
	return false;
}

void put_site_lab_keys(struct config_build *b, void *target, const struct setting *s)
{
	struct config *c = b->config;
	struct config_lab *more = reallocarray(c->labs, c->lab_count + 1, sizeof *more);
	struct lab_keys *keys = calloc(1, sizeof *keys);
	if (more)
		c->labs = more;
	if (!more || !keys)
		b->st = ST_NO_MEMORY;
	if (b->st || !read_keys(b, s, keys)) {
		free(keys);
		return;
	}
	if (spi_is_taken(c, keys))
		config_error(b->report, s->place, "its collector.spi is another site's too; choose another");
	more[c->lab_count++] = (struct config_lab){ c->policy->site_count - 1, keys };
	config_warn(
	        b->report, s->place,
	        "manual keys are for the laboratory: without a key exchange they are never renewed, and old packets "
	        "are taken again after a restart; only serve --lab takes them");
}

static void check_ports(struct config_build *b, const struct setting *listen)
{
	const struct config *c = b->config;
	const struct setting *item = listen->first;
	for (size_t i = 0; item && i < c->tunnel_listen_count; i++, item = item->next) {
		const struct addr *a = &c->tunnel_listen[i].addr;
		for (size_t k = 0; k < c->listen_count; k++)
			if (!c->listen[k].tcp && addr_same_ip(&c->listen[k].addr, a) &&
			    c->listen[k].addr.port == a->port)
				config_error(b->report, item->place,
				             "'%s' stands in 'listen' too; a port takes either traps "
				             "or tunnels",
				             item->text);
	}
	if (c->listen_count + c->tunnel_listen_count > INTAKE_LISTENERS)
		config_error(b->report, listen->place,
		             "%zu listeners with those of 'listen'; a collector has at most %d",
		             c->listen_count + c->tunnel_listen_count, INTAKE_LISTENERS);
}

void config_check_tunnel(struct config_build *b, const struct setting *root)
{
	const struct setting *tunnel = setting_find(root, "tunnel"), *sites = setting_find(root, "sites");
	const struct setting *listen = tunnel ? setting_find(tunnel, "listen") : NULL;
	if (listen)
		check_ports(b, listen);
	for (size_t i = 0; b->config->inner_count && i < b->config->listen_count; i++)
		if (!b->config->listen[i].tcp && b->config->listen[i].addr.port == POLL_INNER_PORT)
			config_error(b->report, setting_find(root, "tunnel")->place,
			             "'listen' has UDP port %d, where devices inside tunnels answer our questions; "
			             "choose another",
			             POLL_INNER_PORT);
	for (const struct setting *s = sites ? sites->first : NULL; s; s = s->next) {
		const struct setting *keys = setting_find(s, "lab-keys"), *from = setting_find(s, "from");
		keys = keys ? keys : setting_find(s, "identity");
		if (keys && from)
			config_error(
			        b->report, from->place,
			        "'from' is for a site without a tunnel; what comes by a tunnel is known by its keys");
		if (keys && (!b->config->tunnel_listen_count || !b->config->inner_count))
			config_error(b->report, keys->place,
			             "a site with a tunnel needs tunnel: { listen: [ \"udp:0.0.0.0:2797\" ], inner: [ "
			             "10.99.2.1 ] }");
	}
}
