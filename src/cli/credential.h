// SPDX-License-Identifier: Apache-2.0
// Certificates on the command line: --cert-file, --key-file, --ca-file and --crl-file.
#ifndef CLI_CREDENTIAL_H
#define CLI_CREDENTIAL_H

#include "cli/options.h"
#include "crypto/cert.h"

// What they name; both stay NULL where none of them is given. CLI_DONE, or CLI_USAGE or CLI_FAILED after a line on stderr.
// The caller owns both.
int credential_options(const struct args *a, const struct crypto *crypto, struct credential **own,
                       struct trust **trust);

#endif
