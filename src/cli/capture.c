// SPDX-License-Identifier: Apache-2.0
#include "cli/capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

static const int64_t SECOND = 1000000000;

struct capture {
	pcap_t *pcap;
	int link;
};

enum st capture_of(FILE *file, struct capture **out, struct text *why)
{
	char said[PCAP_ERRBUF_SIZE] = "";
	struct capture *c = calloc(1, sizeof *c);
	if (!c) {
		fclose(file);
		return ST_NO_MEMORY;
	}
	c->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, said);
	if (!c->pcap) {
		fclose(file);
		free(c);
		text_printf(why, "it is no capture: %s", said);
		return ST_SYNTAX;
	}
	c->link = pcap_datalink(c->pcap);
	if (!packet_link_known(c->link)) {
		const char *name = pcap_datalink_val_to_name(c->link);
		text_printf(why, "packets of its kind (%s) are not understood", name ? name : "unknown");
		capture_close(c);
		return ST_SYNTAX;
	}
	*out = c;
	return ST_OK;
}

enum st capture_open(const char *path, struct capture **out, struct text *why)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	if (!file) {
		text_add(why, strerror(errno));
		return ST_IO;
	}
	return capture_of(file, out, why);
}

// As asked for, the fraction is nanoseconds. A second beyond what 64 bits of them hold is cut.
static int64_t time_of(const struct pcap_pkthdr *head)
{
	int64_t second = head->ts.tv_sec, most = INT64_MAX / SECOND - 1;
	second = second > most ? most : second < -most ? -most : second;
	return second * SECOND + (head->ts.tv_usec % SECOND);
}

enum st capture_next(struct capture *c, struct packet *out, int64_t *at, struct text *why)
{
	struct pcap_pkthdr *head;
	const uint8_t *bytes;
	switch (pcap_next_ex(c->pcap, &head, &bytes)) {
	case 1:
		*at = time_of(head);
		*out = packet_parse(c->link, span_of(bytes, head->caplen));
		return ST_OK;
	case PCAP_ERROR_BREAK:
		return ST_NONE;
	default:
		text_add(why, pcap_geterr(c->pcap));
		return ST_DAMAGED;
	}
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	pcap_close(c->pcap);
	free(c);
}
