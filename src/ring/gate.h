/* SPDX-License-Identifier: MIT */
/* gate.h - how far a producer may write. */
#ifndef RILLI_GATE_H
#define RILLI_GATE_H

#include "producer.h"

/* Moves the write limit and scans the groups. Returns 0 when need <= room, else -EAGAIN;
 * -ESTALE when the queue was removed. */
int rilli_make_room(struct rill_producer *producer, uint64_t need);
/* Makes room before it is needed, while no reader waits for the next message; also pushes an entry
 * of the index, if the newest is a quantum behind. */
void rilli_raise_ahead(struct rill_producer *producer);
/* Entries for places inside a batch, once all of it is committed. */
void rilli_index_batch(struct rill_producer *producer, struct rilli_place *places, size_t n);
/* Only scans the groups again; returns as rilli_make_room. */
int rilli_scan_groups(struct rill_producer *producer, uint64_t need);

/* Which rows there are of 64*word on, as far as the producer ever saw. Asked in each scan. */
uint64_t rilli_known_rows(struct rill_producer *producer, uint32_t word);

/* For the successor, and for observers: notes what the producer last saw of a row. */
void rilli_note_gate(const struct rilli_ring *ring, uint32_t index, uint64_t cursor,
                     uint64_t state);

#endif
