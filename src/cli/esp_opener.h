// SPDX-License-Identifier: Apache-2.0
// ESP in UDP out of a capture, opened with keys by hand (tunnel/lab_keys.h), in both directions. Tunnel mode.
#ifndef CLI_ESP_OPENER_H
#define CLI_ESP_OPENER_H

#include "base/addr.h"
#include "base/json.h"
#include "base/span.h"
#include "base/status.h"

struct esp_opener;

// A whole inner packet, from its IP header on.
typedef void esp_opened_fn(void *arg, struct span inner);

enum st esp_opener_new(esp_opened_fn *fn, void *arg, struct esp_opener **out);
void esp_opener_free(struct esp_opener *o); // wipes the keys; NULL is fine
// Keys of one more tunnel. `why` says what is wrong with the file.
enum st esp_opener_add(struct esp_opener *o, const char *file, struct text *why);
// A UDP payload. false: it is no ESP of these keys.
bool esp_opener_take(struct esp_opener *o, struct span datagram);
// Of these keys, and dropped: forged, seen before, not allowed by the selectors.
uint64_t esp_opener_dropped(struct esp_opener *o);

#endif
