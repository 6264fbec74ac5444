// SPDX-License-Identifier: Apache-2.0
// Every limit of the event folder, why, and what happens at it.
#ifndef EVENT_LIMITS_H
#define EVENT_LIMITS_H

enum event_limits {
	EVENT_SENTENCE_MAX = 512, // octets of a sentence, so that a line stays a line; longer: cut, "..." behind it
	EVENT_WORDS_MAX = 120,    // octets of one text of a device inside a sentence; longer: cut the same way
	EVENT_NOTE_DEPTH = 8,     // JSON nesting of a note that is passed on as JSON; deeper: it goes out as a string
};

#endif
