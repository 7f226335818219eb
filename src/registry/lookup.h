/* SPDX-License-Identifier: MIT */
/* lookup.h - answers to requests, made on worker threads. */
#ifndef RILLD_LOOKUP_H
#define RILLD_LOOKUP_H

#include "protocol.h"
#include "rights.h"
#include "table.h"

/* STAT, OPEN, LIST: RCU readers of the table. The calling thread is registered with RCU.
 * ret: a started answer. */
void lookup_answer(struct table *table, const struct rights *rights,
                   const struct rilli_wire_request *request, struct rilli_wire_answer *ret);

/* CREATE, UNLINK: work on the files, which may take long; the loop then updates the table. */
void lookup_change(int dir, const struct rights *rights, const struct rilli_wire_request *request,
                   struct rilli_wire_answer *ret);

/* Puts a failure into an answer; text NULL: the library's error text. */
void lookup_refuse(struct rilli_wire_answer *ret, int code, const char *text);

#endif
