// SPDX-License-Identifier: Apache-2.0
#ifndef CLI_STATUS_PRINT_H
#define CLI_STATUS_PRINT_H

#include <stdbool.h>
#include <stddef.h>

// Prints the JSON object of GET /api/v1/status for a person; keys that are missing count as 0. false: it is no object.
bool status_print(const char *text, size_t n);

#endif
