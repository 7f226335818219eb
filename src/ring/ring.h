/* SPDX-License-Identifier: MIT */
/* ring.h - the ring as the layers above see it: each of its subjects.
 *
 * The ring knows mapped, validated memory and nothing of files, names or leases; those it
 * reaches by the upcall of struct rilli_host. Tests put it on plain memory. Its own files include
 * the subjects that they need, and not this one. */
#ifndef RILLI_RING_H
#define RILLI_RING_H

#include "consumer.h"
#include "evict.h"
#include "gate.h"
#include "group.h"
#include "latency.h"
#include "pace.h"
#include "park.h"
#include "producer.h"
#include "view.h"
#include "waiter.h"
#include "walk.h"

#endif
