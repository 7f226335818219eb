/* SPDX-License-Identifier: MIT */
/* segments.h - a queue that is open: its two segments, checked and mapped for reading.
 *
 * Every handle of a queue, and the registry, is built on it. It knows files, locks and memory,
 * but not the handles, nor the context: functions that take names take the descriptor of the
 * namespace's directory. */
#ifndef RILLI_SEGMENTS_H
#define RILLI_SEGMENTS_H

#include "pair.h"
#include "ring.h"

struct rilli_segments {
  char name[RILLI_NAME_SIZE];
  char control_name[RILLI_FILE_NAME], data_name[RILLI_FILE_NAME];
  struct rilli_file control_file; /* its identity; the descriptor is closed        */
  struct rilli_geometry geometry;
  struct rilli_control_geometry control_geometry;
  struct rilli_mapping data;    /* read-only, with the ring twice                  */
  struct rilli_mapping control; /* read-only; carries the attach lease             */
  uint32_t data_mode;           /* permission bits of the data file               */
  int limited;                  /* may only look: `control` is an empty image      */
  int copied;                   /* files by their paths: they carry no leases      */
  struct rilli_ring ring;       /* read-only view; no hints                        */
};

/* Maps an open pair; the caller still closes the pair. observe: only reads. On failure there is
 * nothing to close. */
int rilli_segments_map(const char *name, const struct rilli_pair *pair, int observe,
                       struct rilli_segments *ret);
void rilli_segments_close(struct rilli_segments *segments);

/* Was the queue removed? */
int rilli_is_removed(const struct rilli_segments *segments);
/* Finds the parts of the ring in a mapping of the data file. */
void rilli_ring_at(const struct rilli_segments *segments, uint8_t *data, struct rilli_ring *ret);

/* Opens the control file again, as a file description of its own. -ESTALE: it is another file;
 * -ENOLCK: it is a copy, which has no leases. */
int rilli_control_open(int dir, const struct rilli_segments *segments, int writable,
                       struct rilli_file *ret);
/* The same for locking through it: closed by rilli_lease_close. */
int rilli_control_open_for_lease(int dir, const struct rilli_segments *segments,
                                 struct rilli_file *ret);

#endif
