// SPDX-License-Identifier: Apache-2.0
// `trapline tunnel --lab FILE`: one end of a tunnel with keys by hand (tunnel/lab_keys.h), for tests and measurements.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/run_loop.h"
#include "io/system.h"
#include "tunnel/end.h"

static const char warning[] = "keys by hand are for the laboratory: nobody agrees on new ones, so what is recorded can "
                              "be read with a key that is stolen "
                              "in years;\nold packets are taken again after a restart; and a counter that is used "
                              "twice breaks AES-GCM. For a real site: "
                              "trapline site add\n";

struct tunnel {
	const struct args *args;
	const char *file;
	enum lab_end us;
	struct lab_keys keys;
	struct lab_counter counter;
	struct tun tun;
	struct addr inner;
	struct end *end;
};

static int read_keys(struct tunnel *t)
{
	struct text why = { 0 };
	char *path = NULL;
	enum st st = lab_keys_read(t->file, &t->keys, &why);
	int code = st ? args_failed(t->args, "%s: %s", t->file,
	                            st == ST_IO ? strerror(errno)
	                            : why.n     ? text_str(&why)
	                                        : st_text(st))
	              : CLI_DONE;
	if (code == CLI_DONE && asprintf(&path, "%s.%s.counter", t->file, t->us == LAB_SITE ? "site" : "collector") < 0)
		path = NULL;
	if (code == CLI_DONE)
		st = path ? lab_counter_open(path, &t->keys, t->us, &t->counter) : ST_NO_MEMORY;
	if (code == CLI_DONE && st)
		code = args_failed(t->args, "no counters can be reserved in %s: %s", path ? path : t->file,
		                   st == ST_BUSY ? "another process uses these keys"
		                   : st == ST_IO ? strerror(errno)
		                                 : st_text(st));
	free(path);
	text_done(&why);
	return code;
}

static int open_device(struct tunnel *t)
{
	const char *name = args_value(t->args, "tun");
	enum st st = name ? tun_open(name, !args_has(t->args, "no-offload"), &t->tun) : ST_OK;
	if (st == ST_DENIED)
		return args_failed(t->args, "%s is not ours; as root: ip tuntap add dev %s mode tun user %d", name,
		                   name, (int)getuid());
	return st ? args_failed(t->args, "%s: %s", name, st == ST_SYSTEM ? strerror(errno) : st_text(st)) : CLI_DONE;
}

static int open_end(struct tunnel *t)
{
	const char *listen = args_value(t->args, "listen");
	struct end_config c = {
		.keys = &t->keys, .us = t->us, .counter = &t->counter, .inner = &t->inner, .inner_count = 1
	};
	char text[ADDR_TEXT];
	unsigned long keepalive = 0;
	if (!args_number(t->args, "keepalive", 1, KEEPALIVE_MAX, &keepalive))
		return CLI_USAGE;
	c.keepalive = (unsigned)keepalive;
	c.tun = t->tun.fd >= 0 ? &t->tun : NULL;
	c.listen = t->keys.side[t->us].address;
	if (!c.listen.port)
		(void)addr_parse(t->us == LAB_SITE ? "0.0.0.0:0" : "0.0.0.0:2797", &c.listen);
	if (listen && addr_parse(listen, &c.listen) != ST_OK)
		return args_wrong(t->args, "--listen %s: write for example 0.0.0.0:2797", listen);
	memcpy(t->inner.ip, t->keys.side[t->us].first.ip, sizeof t->inner.ip);
	enum st st = crypto_init(&c.crypto);
	if (st == ST_OK)
		st = end_new(&c, &t->end);
	if (st)
		return args_failed(t->args, "%s: %s", addr_text(&c.listen, text),
		                   st == ST_SYSTEM ? strerror(errno) : st_text(st));
	fprintf(stderr, "listening on udp:%s%s%s\n", addr_text(end_local(t->end), text), c.tun ? ", device " : "",
	        c.tun ? args_value(t->args, "tun") : "");
	return CLI_DONE;
}

static void put_reasons(struct json *j, const char *name, const uint64_t counts[static ST_COUNT])
{
	json_key(j, name);
	json_open(j, '{');
	for (int i = 0; i < ST_COUNT; i++)
		if (counts[i])
			json_key_uint(j, st_name((enum st)i), counts[i]);
	json_close(j, '}');
}

static void tell(const struct tunnel *t)
{
	const struct plane_counters *c = end_counters(t->end);
	struct text out = { 0 };
	struct json j = json_of(&out);
	json_open(&j, '{');
	json_key_uint(&j, "received", c->received);
#define X(member, name) json_key_uint(&j, name, c->member);
	PLANE_ENDS(X)
#undef X
	put_reasons(&j, "dropped", c->dropped);
	put_reasons(&j, "unsealed", c->unsealed);
	json_key_uint(&j, "sent", c->sent);
	json_key_uint(&j, "unsent", c->unsent);
	json_close(&j, '}');
	puts(text_str(&out));
	text_done(&out);
}

int cmd_tunnel(const struct args *a)
{
	const char *end = args_value(a, "end");
	struct tunnel t = { .args = a, .file = args_value(a, "lab") };
	t.counter.fd = t.tun.fd = -1;
	if (!t.file)
		return args_wrong(a, "name the keys: --lab FILE; a real site is made by trapline site add");
	if (!end || (strcmp(end, "site") != 0 && strcmp(end, "collector") != 0))
		return args_wrong(a, "say which end this is: --end site or --end collector");
	t.us = strcmp(end, "site") == 0 ? LAB_SITE : LAB_COLLECTOR;
	fputs(warning, stderr);
	int code = read_keys(&t);
	if (code == CLI_DONE)
		code = open_device(&t);
	if (code == CLI_DONE)
		code = open_end(&t);
	if (code == CLI_DONE)
		code = run_loop(a, end_loop(t.end));
	if (code == CLI_DONE) {
		tell(&t);
		if (end_why(t.end))
			code = args_failed(a, "stopped: no more counters can be reserved: %s", st_text(end_why(t.end)));
	}
	end_free(t.end);
	tun_close(&t.tun);
	lab_counter_close(&t.counter);
	lab_keys_wipe(&t.keys);
	return code;
}
