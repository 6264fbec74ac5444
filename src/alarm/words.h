// SPDX-License-Identifier: Apache-2.0
// Rows in words and as JSON, made when they are read: the lines of `alarms` and `devices`. The names of the members are a
// contract; what a row has not is null.
#ifndef ALARM_WORDS_H
#define ALARM_WORDS_H

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
void device_json(const struct device_row *d, struct text *out);
void silence_json(const struct silence_row *s, struct text *out);
// The address that a device last spoke from: "192.0.2.7"; nothing when it is not known.
void device_address(const struct device_row *d, struct text *out);

#endif
