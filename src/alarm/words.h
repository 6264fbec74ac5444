// SPDX-License-Identifier: Apache-2.0
// Rows in words and as JSON, made when they are read: the lines of `alarms` and `devices`. The names of the members are a
// contract; what a row has not is null.
#ifndef ALARM_WORDS_H
#define ALARM_WORDS_H

#include "alarm/fold.h"
#include "alarm/rows.h"

// One plain sentence, without control characters.
void alarm_sentence(const struct alarm_row *a, struct text *out);
// Who can put it right, or NULL where nothing is known of that. Good as long as `a`; `scratch` is for its own use.
const char *alarm_who(const struct alarm_row *a, struct text *scratch);
// One JSON object each, no newline. `silence`: the one that the alarm names, or NULL where it is not known.
void alarm_json(const struct alarm_row *a, const struct silence_row *silence, struct text *out);
// The same without its end, for members of the caller's.
void alarm_json_open(struct json *j, const struct alarm_row *a, const struct silence_row *silence);
void change_json(struct json *j, const struct change_row *c);
// What a printer said of itself (struct reading_row), by enum reading_what; no n where it did not.
struct device_readings {
	struct text value[READING_SUPPLIES + 1];
	int64_t time; // of the latest
};
// A fold_visit_fn: takes a row of a device into struct device_readings, which device_readings_done gives back.
enum st device_reading(void *arg, enum row_table t, const void *row);
void device_readings_done(struct device_readings *r);
void device_json(const struct device_row *d, const struct device_readings *r, struct text *out);
// The same without its end, for members of the caller's.
void device_json_open(struct json *j, const struct device_row *d, const struct device_readings *r);
// A name that the device is known by: "address 192.0.2.7", "engine 80001f88...", "serial SN-1"; as JSON with `shared`.
void alias_line(const struct alias_row *a, struct text *out);
void alias_json(struct json *j, const struct alias_row *a);
void silence_json(const struct silence_row *s, struct text *out);
// The address that a device last spoke from: "192.0.2.7"; nothing when it is not known.
void device_address(const struct device_row *d, struct text *out);

#endif
