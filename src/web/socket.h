// SPDX-License-Identifier: Apache-2.0
// The listening unix socket of the API.
#ifndef WEB_SOCKET_H
#define WEB_SOCKET_H

#include "base/json.h"
#include "base/status.h"

// Binds `path` with mode 0660 and listens; see api_open.
enum st web_socket_listen(const char *path, int *fd, struct text *why);

#endif
