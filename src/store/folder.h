// SPDX-License-Identifier: Apache-2.0
// The data directory: made when missing, held by one process at a time, and its entries made durable.
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "base/json.h"
#include "base/span.h"
#include "base/status.h"

enum { FOLDER_MODE = 0750, FOLDER_FILE_MODE = 0640, FOLDER_PATH = 4096 };

// Makes DIR (not its parents) when it is missing and takes DIR/lock for as long as *lock stays open: flock, so that the
// kernel lets go when the process dies however it dies. ST_BUSY names the process that holds it. *folder is DIR itself.
enum st folder_take(const char *dir, int *folder, int *lock, struct text *why);
// Writes DIR/name into out[FOLDER_PATH]. ST_FULL when it does not fit.
enum st folder_path(const char *dir, const char *name, char *out);
// fsync of the directory: makes its entries (created, renamed) durable.
enum st folder_sync(const char *dir);
// Writes DIR/name as a whole: to a new file beside it, fsynced, renamed, and the rename made durable. The old content
// stays when anything fails (errno says what).
enum st folder_replace(const char *dir, const char *name, struct span content);
// Reads DIR/name whole, at most `max` bytes, behind what *out holds. ST_NONE when there is none, ST_FULL.
enum st folder_read(const char *dir, const char *name, size_t max, struct text *out);
// A status for the current errno after a failed system call on a file.
enum st folder_errno(void);

#endif
