// SPDX-License-Identifier: Apache-2.0
// What every fuzz target provides and libFuzzer or replay.c calls. A target copies the input to a heap block of exactly
// its size, so that AddressSanitizer sees a read past its end; it returns 0.
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
