// SPDX-License-Identifier: Apache-2.0
// See options.h.
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"
#include "event/event.h"

enum option_id {
	OPT_TO = 1,
	OPT_VERSION,
	OPT_RATE,
	OPT_SECONDS,
	OPT_COUNT,
	OPT_INFORM,
	OPT_TIMEOUT,
	OPT_LINGER,
	OPT_WINDOW,
	OPT_SOURCES,
	OPT_ESP,
	OPT_INNER,
	OPT_SIZE,
	OPT_FIRST,
	OPT_COMMUNITY,
	OPT_GSO,
	OPT_ACKED,
	OPT_USER,
	OPT_AUTH,
	OPT_AUTH_PASSWORD,
	OPT_PRIV,
	OPT_PRIV_PASSWORD,
	OPT_ENGINES,
	OPT_HELP
};

static const struct option names[] = {
	{ "to", required_argument, NULL, OPT_TO },
	{ "version", required_argument, NULL, OPT_VERSION },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "count", required_argument, NULL, OPT_COUNT },
	{ "inform", no_argument, NULL, OPT_INFORM },
	{ "timeout-ms", required_argument, NULL, OPT_TIMEOUT },
	{ "linger-ms", required_argument, NULL, OPT_LINGER },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ "sources", required_argument, NULL, OPT_SOURCES },
	{ "esp", required_argument, NULL, OPT_ESP },
	{ "inner", required_argument, NULL, OPT_INNER },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "seq-start", required_argument, NULL, OPT_FIRST },
	{ "community", required_argument, NULL, OPT_COMMUNITY },
	{ "gso", required_argument, NULL, OPT_GSO },
	{ "late-ack", required_argument, NULL, OPT_ACKED },
	{ "user", required_argument, NULL, OPT_USER },
	{ "auth", required_argument, NULL, OPT_AUTH },
	{ "auth-password", required_argument, NULL, OPT_AUTH_PASSWORD },
	{ "priv", required_argument, NULL, OPT_PRIV },
	{ "priv-password", required_argument, NULL, OPT_PRIV_PASSWORD },
	{ "engines", required_argument, NULL, OPT_ENGINES },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static const char help[] =
        "trapline-blast: sends printer traps or informs, each with its own sequence number, and prints one JSON "
        "object.\n"
        "  --to ADDR:PORT      where to\n"
        "  --version 1|2c|3    (2c)\n"
        "  --community NAME    (public)\n"
        "  --user NAME         v3, with --auth ALG --auth-password P --priv ALG --priv-password P\n"
        "  --engines N         v3 traps come from so many engines (100)\n"
        "  --rate N            messages a second, 0 as fast as it goes (1000)\n"
        "  --seconds S         how long, or\n"
        "  --count N           how many\n"
        "  --size BYTES        of each message (247); not of v3\n"
        "  --sources N         source addresses, from 127.1.0.1 on (1: the kernel's choice)\n"
        "  --esp FILE          sealed in ESP with keys by hand, as the site of FILE; traps only\n"
        "  --inner ADDR:PORT   with --esp: whom they are for, inside\n"
        "  --seq-start N       the first sequence number (0)\n"
        "  --gso on|off        trains by UDP_SEGMENT (on)\n"
        "  --inform            informs: counts and times acknowledgements, sends again what stays unanswered\n"
        "  --timeout-ms N      until an inform is sent again, with the same request-id (1000)\n"
        "  --window N          informs outstanding at most (10000)\n"
        "  --linger-ms N       how long to go on with unanswered informs after the last new one (5000)\n"
        "  --late-ack FILE     appends every acknowledged sequence number to FILE, a line each, at once\n";

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	errno = 0;
	unsigned long long v = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || v > max)
		return false;
	*out = v;
	return true;
}

static bool milliseconds(const char *text, int64_t *out)
{
	uint64_t v;
	if (!number(text, 86400000, &v))
		return false;
	*out = (int64_t)v * 1000000;
	return true;
}

static bool seconds(const char *text, int64_t *out)
{
	char *end;
	double v = strtod(text, &end);
	if (end == text || *end || !(v > 0) || v > 86400)
		return false;
	*out = (int64_t)(v * 1e9);
	return true;
}

// One of two words.
static bool choice(const char *text, const char *yes, const char *no, bool *out)
{
	*out = !strcmp(text, yes);
	return *out || !strcmp(text, no);
}

static bool take_numbers(struct options *o, int id, const char *text)
{
	uint64_t v;
	switch (id) {
	case OPT_RATE:
		return number(text, 100000000, &o->rate);
	case OPT_COUNT:
		return number(text, UINT64_MAX / 2, &o->count);
	case OPT_FIRST:
		return number(text, UINT64_MAX / 4, &o->first);
	case OPT_SECONDS:
		return seconds(text, &o->duration);
	case OPT_TIMEOUT:
		return milliseconds(text, &o->timeout);
	case OPT_LINGER:
		return milliseconds(text, &o->linger);
	case OPT_WINDOW:
		if (!number(text, WINDOW_MAX, &v) || !v)
			return false;
		o->window = (uint32_t)v;
		return true;
	case OPT_SOURCES:
		if (!number(text, TRAIN_SOURCES, &v) || !v)
			return false;
		o->train.sources = (uint32_t)v;
		return true;
	case OPT_ESP:
		o->train.esp = text;
		return true;
	case OPT_INNER:
		return addr_parse(text, &o->train.inner) == ST_OK;
	case OPT_SIZE:
		if (!number(text, MAKER_SIZE_MAX, &v))
			return false;
		o->message.size = v;
		return true;
	default:
		return false;
	}
}

static bool version(const char *text, int32_t *out)
{
	static const int32_t versions[] = { SNMP_V1, SNMP_V2C, SNMP_V3 };
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (!strcmp(text, event_version_name((unsigned)versions[i]))) {
			*out = versions[i];
			return true;
		}
	return false;
}

static bool take_user(struct maker_user *u, int id, const char *text)
{
	const char **const to[] = { [OPT_USER - OPT_USER] = &u->name,
		                    [OPT_AUTH - OPT_USER] = &u->auth,
		                    [OPT_AUTH_PASSWORD - OPT_USER] = &u->auth_password,
		                    [OPT_PRIV - OPT_USER] = &u->priv,
		                    [OPT_PRIV_PASSWORD - OPT_USER] = &u->priv_password };
	uint64_t v;
	if (id != OPT_ENGINES) {
		*to[id - OPT_USER] = text;
		return true;
	}
	if (!number(text, TRAIN_SOURCES, &v) || !v)
		return false;
	u->engines = (uint32_t)v;
	return true;
}

static bool take(struct options *o, int id, const char *text)
{
	if (id >= OPT_USER && id <= OPT_ENGINES)
		return take_user(&o->message.user, id, text);
	switch (id) {
	case OPT_TO:
		return addr_parse(text, &o->train.to) == ST_OK;
	case OPT_VERSION:
		return version(text, &o->message.version);
	case OPT_INFORM:
		o->message.inform = true;
		return true;
	case OPT_COMMUNITY:
		o->message.community = text;
		return true;
	case OPT_GSO:
		return choice(text, "on", "off", &o->train.segment);
	case OPT_ACKED:
		o->acked_file = text;
		return true;
	default:
		return take_numbers(o, id, text);
	}
}

// What contradicts itself, or NULL.
static const char *contradiction(const struct options *o)
{
	if (!o->train.to.port)
		return "--to ADDR:PORT is missing";
	if (!o->count == !o->duration)
		return "one of --seconds and --count is wanted";
	if (o->message.inform && o->message.version == SNMP_V1)
		return "v1 has no informs";
	if ((o->message.version == SNMP_V3) != (o->message.user.name != NULL))
		return "--version 3 and --user go together";
	if (o->message.version == SNMP_V3 && o->message.size)
		return "the size of v3 messages is not chosen";
	if (o->acked_file && !o->message.inform)
		return "--late-ack needs --inform";
	return NULL;
}

int options_parse(int argc, char **argv, struct options *out)
{
	struct options o = {
		.message = { .version = SNMP_V2C, .community = "public", .user.engines = 100 },
		.train = { .segment = true, .sources = 1 },
		.rate = 1000,
		.timeout = 1000000000,
		.linger = 5000000000,
		.window = 10000,
	};
	int id, index = 0;
	while ((id = getopt_long(argc, argv, "", names, &index)) != -1) {
		if (id == OPT_HELP) {
			fputs(help, stdout);
			return 1;
		}
		if (id == '?' || !take(&o, id, optarg)) {
			if (id != '?')
				fprintf(stderr, "trapline-blast: --%s: not usable: %s\n", names[index].name, optarg);
			return 3;
		}
	}
	const char *wrong = optind < argc ? argv[optind] : contradiction(&o);
	if (wrong) {
		fprintf(stderr, "trapline-blast: %s (see --help)\n", wrong);
		return 3;
	}
	*out = o;
	return 0;
}
