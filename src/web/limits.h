// SPDX-License-Identifier: Apache-2.0
// Every limit of the HTTP API, why, and what happens at it.
#ifndef WEB_LIMITS_H
#define WEB_LIMITS_H

enum api_limits {
	API_CONNECTIONS_MAX = 32,        // at once; more are closed when they come
	API_CONNECTION_BYTES = 32 << 10, // memory of a connection, so of a request's head; more: 431
	API_BODY_MAX = 1 << 20,          // octets of a request's body; more: 413
	API_IDLE_SECONDS = 30,           // without a word; then the connection is closed
};

#endif
