// SPDX-License-Identifier: Apache-2.0
#include "daemon/asking.h"

#include <stdlib.h>
#include <string.h>

static bool is_asked_as(const struct poll_access *a, struct span name)
{
	for (size_t i = 0; i < a->credential_count; i++)
		if (a->credentials[i].user && span_equal(span_str(a->credentials[i].user), name))
			return true;
	return false;
}

// Keys only for the users that are asked as: each costs milliseconds. The list points into the configuration.
static struct usm_user *users_asked_as(const struct config *c, size_t *n)
{
	struct usm_user *list = calloc(c->user_count + 1, sizeof *list);
	*n = 0;
	for (size_t i = 0; list && i < c->user_count; i++)
		if (is_asked_as(c->access, c->users[i].name))
			list[(*n)++] = c->users[i];
	return list;
}

enum st asking_access(struct asking_part *a, struct config *config, struct span engine)
{
	struct usm_users *users = NULL;
	size_t n, which;
	struct usm_user *list = users_asked_as(config, &n);
	enum st st = list ? usm_users_new(list, n, engine, NULL, &users, &which) : ST_NO_MEMORY;
	free(list); // the secrets in it are the configuration's
	if (st == ST_OK)
		st = poll_access_users(config->access, users, &which);
	if (st != ST_OK)
		return st;
	poller_set_access(a->poller, config->access);
	config->access = NULL;
	return ST_OK;
}

enum st asking_start(struct asking_part *a, const char *dir, struct writer *writer)
{
	struct poll_watch *watch = NULL;
	enum st st = poller_start(a->poller, writer);
	if (st == ST_OK)
		st = poll_watch_start(dir, a->poller, &watch);
	pthread_mutex_lock(&a->lock);
	a->watch = watch;
	pthread_mutex_unlock(&a->lock);
	return st;
}

void asking_heard(struct asking_part *a, int64_t device)
{
	pthread_mutex_lock(&a->lock);
	if (a->watch)
		poll_watch_heard(a->watch, device);
	pthread_mutex_unlock(&a->lock);
}

void asking_stop(struct asking_part *a)
{
	pthread_mutex_lock(&a->lock);
	struct poll_watch *watch = a->watch;
	a->watch = NULL;
	pthread_mutex_unlock(&a->lock);
	poll_watch_stop(watch);
	poller_stop(a->poller);
}

void asking_free(struct asking_part *a)
{
	poller_free(a->poller);
	a->poller = NULL;
	pthread_mutex_destroy(&a->lock);
}
