/* SPDX-License-Identifier: MIT */
/* ring.h - the ring as the layers above see it: all its headers.
 *
 * The ring knows mapped, validated memory, but no files, names or leases; for those it calls
 * struct rilli_host. Tests put it on plain memory. The ring's own files include the headers that
 * they need, not this one. */
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
