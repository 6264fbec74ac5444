// SPDX-License-Identifier: Apache-2.0
// Any bytes as a capture file and, on their own, as packets of each link type; what is in them goes through the decoder.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/capture.h"
#include "cli/decoder.h"
#include "fuzz.h"

enum { PACKETS_MAX = 64 }; // of one input: the file's size bounds it, but pcapng may have many empty ones

static struct decoder *decoder;

static void start(void)
{
	static struct policy nobody;
	static const char password[] = "correct horse";
	const struct usm_user alice = { .name = span_str("alice"),
		                        .auth = usm_auth_by_name("sha256"),
		                        .auth_password = span_str(password),
		                        .priv = usm_priv_by_name("aes128"),
		                        .priv_password = span_str(password) };
	const struct decoder_config config = { .policy = &nobody, .users = &alice, .user_count = 1 };
	if (decoder_new(&config, &decoder))
		abort();
}

static void decode(const struct packet *p, int64_t at)
{
	struct decoded m;
	struct text json = { 0 };
	const struct decoder_origin origin = { at, p->from, TRANSPORT_UDP, p->cut };
	if (p->kind != PACKET_UDP)
		return;
	decoder_take(decoder, &origin, p->payload, &m);
	if (m.refused)
		event_json_refused(&m.event, &m.words, m.refused, text_str(&m.reason), &json);
	else
		event_json(&m.event, &m.words, &json);
	if (json.bad || json.n < 2)
		abort();
	text_done(&json);
	decoded_done(&m);
}

static void read_file(uint8_t *copy, size_t n)
{
	struct capture *c = NULL;
	struct text why = { 0 };
	struct packet p;
	int64_t at;
	FILE *file = n ? fmemopen(copy, n, "rb") : NULL;
	if (file && capture_of(file, &c, &why) == ST_OK)
		for (int i = 0; i < PACKETS_MAX && capture_next(c, &p, &at, &why) == ST_OK; i++)
			decode(&p, at);
	capture_close(c);
	text_done(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int links[] = { 0, 1, 101, 113, 276 };
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	if (n)
		memcpy(copy, data, n);
	if (!decoder)
		start();
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct packet p = packet_parse(links[i], span_of(copy, n));
		decode(&p, 0);
	}
	read_file(copy, n);
	free(copy);
	return 0;
}
