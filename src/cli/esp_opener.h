// SPDX-License-Identifier: Apache-2.0
// ESP in UDP out of a capture, opened with keys by hand (tunnel/lab_keys.h), in both directions.
#ifndef CLI_ESP_OPENER_H
#define CLI_ESP_OPENER_H

#include "base/addr.h"
#include "base/json.h"
#include "base/span.h"
#include "base/status.h"

struct esp_opener;

enum esp_opened_kind {
	ESP_OPENED_PACKET, // tunnel mode: a whole packet, from its IP header on
	ESP_OPENED_UDP,    // transport mode: what stands behind the header outside
	ESP_OPENED_TCP,
	ESP_OPENED_OTHER,
	ESP_OPENED_BROKEN // UDP that lies
};

// What was inside.
struct esp_opened {
	enum esp_opened_kind kind;
	struct span bytes;
	struct addr from, to; // of transport mode
	struct span payload;  // of UDP there
};
typedef void esp_opened_fn(void *arg, const struct esp_opened *x);

enum st esp_opener_new(esp_opened_fn *fn, void *arg, struct esp_opener **out);
void esp_opener_free(struct esp_opener *o); // wipes the keys; NULL is fine
// Keys of one more tunnel. `why` says what is wrong with the file.
enum st esp_opener_add(struct esp_opener *o, const char *file, struct text *why);
// A UDP payload and from whom it went to whom. false: it is no ESP of these keys.
bool esp_opener_take(struct esp_opener *o, const struct addr *from, const struct addr *to, struct span datagram);
// Of these keys, and dropped: forged, seen before, not allowed by the selectors.
uint64_t esp_opener_dropped(struct esp_opener *o);

#endif
