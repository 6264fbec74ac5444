// SPDX-License-Identifier: Apache-2.0
#include "cli/replay.h"

#include "cli/capture.h"
#include "cli/cli.h"
#include "cli/decoder.h"
#include "cli/place.h"

struct playback {
	struct trial *trial;
	struct decoder *decoder;
	uint64_t events;
};

static enum st take(struct playback *r, const struct packet *p, int64_t at)
{
	const struct decoder_origin origin = { .at = at, .peer = p->from, .transport = TRANSPORT_UDP, .cut = p->cut };
	struct decoded m;
	enum st st = ST_OK;
	if (p->kind != PACKET_UDP || (p->to.port != 162 && p->to.port != 2697))
		return ST_OK;
	decoder_take(r->decoder, &origin, p->payload, &m);
	if (m.event.kind && !m.refused) {
		m.event.id = ++r->events;
		st = trial_event(r->trial, &m.event, at);
	}
	decoded_done(&m);
	return st;
}

static int read_packets(const struct args *a, struct playback *r, const char *path)
{
	struct capture *c = NULL;
	struct text why = { 0 };
	struct packet p;
	int64_t at;
	enum st st = capture_open(path, &c, &why);
	while (st == ST_OK && (st = capture_next(c, &p, &at, &why)) == ST_OK)
		st = take(r, &p, at);
	capture_close(c);
	int code = st == ST_NONE ? CLI_DONE : args_failed(a, "%s: %s", path, why.n ? text_str(&why) : st_text(st));
	text_done(&why);
	return code;
}

int replay_capture(const struct args *a, const char *path, struct trial *t, uint64_t *events)
{
	struct config *config = NULL;
	struct playback r = { .trial = t };
	int code = place_config(a, &config);
	if (code == CLI_DONE) {
		const struct decoder_config of = { .policy = config->policy,
			                           .users = config->users,
			                           .user_count = config->user_count,
			                           .ignore_time = true };
		enum st st = decoder_new(&of, &r.decoder);
		code = st ? args_failed(a, "cannot decode: %s", st_text(st)) : CLI_DONE;
	}
	if (code == CLI_DONE)
		code = read_packets(a, &r, path);
	decoder_free(r.decoder);
	config_free(config);
	*events = r.events;
	return code;
}
