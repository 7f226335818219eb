/* SPDX-License-Identifier: MIT */
/* rill/rill.h - messages between processes of one host, through shared memory.
 *
 * Include this one. Every handle is opaque; every call returns 0 or a count, or a
 * negative errno value, and then rill_error() says in words what went wrong.
 * Results come out through a last ret_ parameter, untouched on failure. Times are
 * absolute (rill_after). The library creates no threads.
 *
 * Every call that makes system calls returns their errors too, besides the errors that its own
 * description names: -ENOMEM, -EMFILE, -ENFILE (no memory, no descriptor), -ENOLCK
 * (no lock), -EIO, -EACCES and -EPERM (rights, or a sandbox), -EINTR (a signal, where a file
 * system or a lock may wait), -ENOENT (the directory of the namespace is gone). Such a
 * failure leaves nothing behind: the call can be repeated.
 *
 * Which calls may run side by side:
 *
 *   handle      | by several threads in parallel              | after fork, in the child
 *   ------------+---------------------------------------------+-------------------------
 *   context     | all calls                                   | -ECHILD; open another
 *   queue       | all calls                                   | -ECHILD
 *   producer    | none: one thread at a time                  | -ECHILD
 *   consumer    | rill_consumer_interrupt with anything but   | -ECHILD
 *               | close; else one thread at a time            |
 *   watcher     | rill_watch_interrupt with anything but      | -ECHILD
 *               | close; else one thread at a time            |
 *   different   | everything; producer and consumer of one    |
 *   handles     | queue may live in one process               |
 *
 * In signal handlers: rill_consumer_interrupt, rill_watch_interrupt, rill_clock, rill_after.
 * Closing: in any order, once each, while no other thread uses the handle; in a forked
 * child a close is harmless and releases nothing of the parent's. All leases end with exec and
 * with every kind of exit. */
#ifndef RILL_RILL_H
#define RILL_RILL_H

#include "rill/version.h"
#include "rill/context.h"
#include "rill/queue.h"
#include "rill/producer.h"
#include "rill/consumer.h"
#include "rill/stat.h"
#include "rill/examine.h"
#include "rill/watch.h"

#endif
