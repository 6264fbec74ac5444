// SPDX-License-Identifier: Apache-2.0
// Secrets on the command line: --NAME SECRET, which other users of the machine can see, or --NAME-file FILE.
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include "base/json.h"
#include "cli/options.h"

// The secret that --NAME or --NAME-file gives, 1 to `max` octets, without the last line end of the file; *out stays empty
// when neither is given. CLI_DONE, or CLI_USAGE or CLI_FAILED after a line on stderr.
int secret_option(const struct args *a, const char *name, size_t max, struct text *out);
// Wipes and frees.
void secret_text_done(struct text *t);

#endif
