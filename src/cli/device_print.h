// SPDX-License-Identifier: Apache-2.0
// What a printer said of itself when it was asked, laid out for a person.
#ifndef CLI_DEVICE_PRINT_H
#define CLI_DEVICE_PRINT_H

#include "alarm/words.h"

// Its status and errors on one line, each supply on one; nothing where it said nothing.
void device_print_readings(const struct device_readings *r);

#endif
