// SPDX-License-Identifier: Apache-2.0
#include "cli/trapd_words.h"

#include <ctype.h>
#include <string.h>

struct splitting {
	const char *at; // NUL-terminated
	char *out;      // into the words' room
};

static void take(struct splitting *s)
{
	if (*s->at == '\\' && s->at[1])
		s->at++;
	*s->out++ = *s->at++;
}

static void take_word(struct splitting *s)
{
	char quote = *s->at == '"' || *s->at == '\'' ? *s->at : 0;
	if (quote) {
		for (s->at++; *s->at && *s->at != quote;)
			take(s);
		s->at += *s->at == quote;
	} else {
		while (*s->at && !isspace((unsigned char)*s->at))
			take(s);
	}
	*s->out++ = 0;
}

bool trapd_words_of(struct span line, struct trapd_words *out)
{
	char copy[TRAPD_LINE_MAX + 1];
	out->n = 0;
	out->word[0] = NULL;
	if (line.n > TRAPD_LINE_MAX || (line.n && memchr(line.p, 0, line.n)))
		return false;
	if (line.n)
		memcpy(copy, line.p, line.n);
	copy[line.n] = 0;
	struct splitting s = { copy, out->room };
	for (;;) {
		while (isspace((unsigned char)*s.at))
			s.at++;
		if (!*s.at || *s.at == '#' || out->n == TRAPD_WORDS_MAX)
			break;
		out->word[out->n++] = s.out;
		take_word(&s);
	}
	out->word[out->n] = NULL;
	explicit_bzero(copy, sizeof copy);
	return true;
}
