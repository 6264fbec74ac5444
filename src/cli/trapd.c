// SPDX-License-Identifier: Apache-2.0
#include "cli/trapd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/trapd_own.h"

void trapd_left_out(struct trapd *t, struct config_place at, const char *format, ...)
{
	char line[512];
	va_list list;
	va_start(list, format);
	vsnprintf(line, sizeof line, format, list);
	va_end(list);
	text_printf(&t->said, "%s:%u: ", at.file, at.line);
	text_clean(&t->said, span_str(line));
	text_add(&t->said, "\n");
	t->left_out++;
}

void *trapd_grow(struct trapd *t, void *list, size_t *count, size_t size)
{
	void **at = list;
	char *more = reallocarray(*at, *count + 1, size);
	if (!more) {
		t->no_memory = true;
		return NULL;
	}
	*at = more;
	return memset(more + size * (*count)++, 0, size);
}

char *trapd_copy(struct trapd *t, const char *text)
{
	char *copy = strdup(text);
	t->no_memory |= !copy;
	return copy;
}

static bool is_yes(const char *word)
{
	return word && (strcmp(word, "1") == 0 || strcasecmp(word, "yes") == 0 || strcasecmp(word, "true") == 0);
}

static void take_everybody(const struct trapd_directive *d)
{
	if (!is_yes(d->argument[0]))
		return;
	d->trapd->everybody = true;
	trapd_left_out(
	        d->trapd, d->at,
	        "disableAuthorization: Trapline stores only what is allowed; what others send waits, see trapline "
	        "waiting");
}

static void take_include(const struct trapd_directive *d)
{
	if (d->n == 0)
		trapd_left_out(d->trapd, d->at, "%s names nothing", d->name);
	else
		d->include(d->include_arg, d->argument[0], strcasecmp(d->name, "includeDir") == 0, d->at);
}

struct row {
	const char *name;
	trapd_take_fn *take;
	const char *why; // it cannot be carried over
};

static const char of_actions[] = "Trapline runs no program for a trap; its events can be followed as JSON";
static const char of_logs[] = "how traps were written to a log; trapline events shows them";
static const char of_process[] = "how the process runs; see trapline-serve(8)";
static const char of_groups[] = "users are allowed by name here, not by group or view";
static const char of_flags[] = "snmptrapd leaves some traps out by it; Trapline stores all that is allowed";

// What snmptrapd.conf(5) and snmp_config(5) list.
static const struct row rows[] = {
	{ "authCommunity", trapd_take_community, NULL },
	{ "authUser", trapd_take_grant, NULL },
	{ "createUser", trapd_take_user, NULL },
	{ "disableAuthorization", take_everybody, NULL },
	{ "snmpTrapdAddr", trapd_take_listen, NULL },
	{ "includeFile", take_include, NULL },
	{ "includeDir", take_include, NULL },
	{ "includeSearch", NULL, "which file it means depends on Net-SNMP's search path; import that file as well" },
	{ "usmUser", NULL, "it holds keys of one engine instead of passwords; add the user with its passwords" },
	{ "traphandle", NULL, of_actions },
	{ "perl", NULL, of_actions },
	{ "perlInitFile", NULL, of_actions },
	{ "forward", NULL, "Trapline does not send traps on yet" },
	{ "addForwarderInfo", NULL, "Trapline does not send traps on yet" },
	{ "authGroup", NULL, of_groups },
	{ "authAccess", NULL, of_groups },
	{ "setAccess", NULL, of_groups },
	{ "group", NULL, of_groups },
	{ "access", NULL, of_groups },
	{ "view", NULL, of_groups },
	{ "com2sec", NULL, "write the community as authCommunity, or add it to 'communities'" },
	{ "com2sec6", NULL, "write the community as authCommunity, or add it to 'communities'" },
	{ "format", NULL, of_logs },
	{ "format1", NULL, of_logs },
	{ "format2", NULL, of_logs },
	{ "outputOption", NULL, of_logs },
	{ "logOption", NULL, of_logs },
	{ "printEventNumbers", NULL, of_logs },
	{ "doNotLogTraps", NULL, of_flags },
	{ "ignoreAuthFailure", NULL, of_flags },
	{ "doNotRetainNotificationLogs", NULL, "there is no NOTIFICATION-LOG-MIB; events are in the journal" },
	{ "sqlMaxQueue", NULL, "there is no MySQL; events are in the journal" },
	{ "sqlSaveInterval", NULL, "there is no MySQL; events are in the journal" },
	{ "doNotFork", NULL, of_process },
	{ "pidFile", NULL, of_process },
	{ "agentuser", NULL, of_process },
	{ "agentgroup", NULL, of_process },
	{ "engineID", NULL, "informs find Trapline's own engine ID by themselves; 'engine-id' sets one" },
	{ "exactEngineID", NULL, "informs find Trapline's own engine ID by themselves; 'engine-id' sets one" },
	{ "engineIDType", NULL, "informs find Trapline's own engine ID by themselves" },
	{ "engineIDNic", NULL, "informs find Trapline's own engine ID by themselves" },
	{ "oldEngineID", NULL, "informs find Trapline's own engine ID by themselves" },
	{ "engineBoots", NULL, "Trapline counts its own boots" },
	{ "mibs", NULL, "names do not come from MIB files here" },
	{ "mibdirs", NULL, "names do not come from MIB files here" },
	{ "mibfile", NULL, "names do not come from MIB files here" },
};

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcasecmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

// A switch that is off changes nothing.
static bool is_off(const struct trapd_directive *d)
{
	const char *word = d->argument[0];
	return d->n == 1 && (strcmp(word, "0") == 0 || strcasecmp(word, "no") == 0 || strcasecmp(word, "false") == 0);
}

// A word that is no directive may be anything, so it is not repeated.
static void take_directive(struct trapd_directive *d)
{
	const struct row *row = find_row(d->name);
	if (!row) {
		trapd_left_out(d->trapd, d->at, "no directive of snmptrapd.conf that is known here");
		return;
	}
	d->name = row->name;
	if (row->take)
		row->take(d);
	else if (!is_off(d))
		trapd_left_out(d->trapd, d->at, "%s: %s", row->name, row->why);
}

// "[snmptrapd]" on a line of its own, or before one directive: lines may be for another program (snmp_config(5)).
static bool is_section(const char *word)
{
	size_t n = strlen(word);
	return n > 2 && word[0] == '[' && word[n - 1] == ']';
}

static bool is_ours(const char *section)
{
	return strcasecmp(section, "[snmptrapd]") == 0 || strcasecmp(section, "[snmp]") == 0;
}

void trapd_line(struct trapd *t, struct config_place at, struct span line, trapd_include_fn *include, void *arg)
{
	struct trapd_words w;
	if (!trapd_words_of(line, &w)) {
		trapd_left_out(t, at, "the line is longer than %d octets, or has a NUL in it", TRAPD_LINE_MAX);
		return;
	}
	size_t first = w.n && is_section(w.word[0]);
	bool other = first ? !is_ours(w.word[0]) : t->other_program;
	if (first && w.n == 1)
		t->other_program = other;
	if (w.n > first && other)
		trapd_left_out(t, at, "it is for another program than snmptrapd");
	else if (w.n > first) {
		struct trapd_directive d = { t, w.word[first], at, w.word + first + 1, w.n - first - 1, include, arg };
		take_directive(&d);
	}
	explicit_bzero(&w, sizeof w);
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void trapd_done(struct trapd *t)
{
	for (size_t i = 0; i < t->community_count; i++) {
		struct trapd_community *c = &t->communities[i];
		wipe(c->community);
		for (size_t k = 0; k < c->from_count; k++)
			free(c->from[k]);
		free(c->from);
	}
	for (size_t i = 0; i < t->user_count; i++) {
		free(t->users[i].name);
		wipe(t->users[i].auth_password);
		wipe(t->users[i].priv_password);
	}
	for (size_t i = 0; i < t->grant_count; i++)
		free(t->grants[i].name);
	for (size_t i = 0; i < t->listen_count; i++)
		free(t->listen[i]);
	free(t->communities);
	free(t->users);
	free(t->grants);
	free(t->listen);
	text_done(&t->said);
	*t = (struct trapd){ 0 };
}
