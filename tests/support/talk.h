/* SPDX-License-Identifier: MIT */
/* talk.h - clients of rilld: one for which everything must succeed, and one that the registry may
 * fail. They wait only for answers that must come. */
#ifndef RILL_TEST_TALK_H
#define RILL_TEST_TALK_H

#include "client.h"
#include "support.h"

/* --- everything must succeed --- */

/* A connection to the registry of the test's namespace, when there is one. */
int talk_open(void);
void talk_send(int fd, const void *message);
/* Sends a request, and takes its answer (events before it are dropped). */
void talk_ask(int fd, enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret);
void talk_request(int fd, struct rilli_wire_request *request, struct rilli_wire_answer *ret);
/* The row of a queue; it must be there. */
struct rill_queue_stat talk_stat(int fd, const char *name);
struct rill_queue_stat talk_row(const struct rilli_wire_row *row); /* its figures */
/* CREATE with all attributes of attr. */
void talk_create(int fd, const char *name, const struct rill_queue_attr *attr, uint32_t flags,
                 struct rilli_wire_answer *ret);
/* A connection that watches. */
int talk_watch(const char *pattern);
/* The next event of this kind about this queue; others are dropped. */
struct rilli_wire_event talk_await(int fd, uint32_t what, const char *name);

/* --- it may fail --- */

/* Connects; the caller closes. Negative: there is no registry. */
int talk_connect(void);
/* Sends one request. 0, or -EPIPE. */
int talk_try_send(int fd, enum rilli_wire_type type, const char *name);
/* The next message. Its type; -EPIPE: the registry hung up. When nothing comes for a moment,
 * talk_when_silent is called if it is set; after that a message must come. */
int talk_receive(int fd, union rilli_wire_message *ret);
extern void (*talk_when_silent)(void);
/* Connects, asks and closes. The answer's code, or -EPIPE, -ECONNREFUSED, ... */
int talk_once(enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret);

#endif
