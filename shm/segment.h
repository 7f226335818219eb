/* SPDX-License-Identifier: MIT */
/* segment.h - files of shared memory: make, open safely, map. */
#ifndef RILLI_SEGMENT_H
#define RILLI_SEGMENT_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rilli_mapping {
  uint8_t *base; /* NULL: not mapped */
  size_t size;
};

/* An open segment file. */
struct rilli_file {
  int fd;
  uint64_t size;
  uint64_t inode, device;
  uint32_t mode, uid, gid;
};

/* Opens (makes, if need be) the directory of a namespace and checks that no other user
 * could plant files in it. Returns a descriptor (not an O_PATH one: the directory is read for
 * listing) or a negative errno with its text. by_default: the namespace was not chosen
 * explicitly, so its directory must belong to this user (or to root). */
int rilli_directory_open(const char *directory, const char *name_space, int by_default);

/* Opens it for reading its names, through a separate descriptor; close it with closedir. */
int rilli_directory_list(int dir, DIR **ret);
/* Takes the next name. 1; 0: there are no more; a negative errno: not known whether there are. */
int rilli_directory_next(DIR *entries, const char **ret_name);

/* The owner of a new file, and its permission bits. */
struct rilli_access {
  uint32_t mode, uid, gid; /* uid, gid 0: the creator's                           */
};

/* Makes a file under a fresh random name that begins with `prefix`, of exactly `size` bytes
 * (all of it a hole), with its creation lock held. ret_name: at least 64 bytes. */
int rilli_segment_make(int dir, const char *prefix, uint64_t size,
                       const struct rilli_access *access, char *ret_name, struct rilli_file *ret);

/* Takes memory for [offset, offset+size): later writes cannot fail. -ENOSPC has a text. */
int rilli_segment_reserve(int fd, uint64_t offset, uint64_t size);

/* Gives a new file its name, unless the name is taken (-EEXIST). */
int rilli_segment_name(int dir, const char *made, const char *name);

/* Opens an existing segment file: no symbolic link, a regular file, of an owner and a
 * mode that can be trusted. -ENOENT has no text: the caller knows what is missing. */
int rilli_segment_open(int dir, const char *name, int writable, struct rilli_file *ret);

/* Does `name` still name this file? 1, 0, or a negative errno: not known. */
int rilli_segment_same(int dir, const char *name, const struct rilli_file *file);

/* Maps [offset, offset+size) shared. */
int rilli_map(int fd, uint64_t offset, size_t size, int writable, struct rilli_mapping *ret);

/* Maps a whole data file, its ring (at ring_offset, to the end) twice, one behind the other. If the
 * ring is aligned to huge pages in the file, so is its address. */
int rilli_map_ring(int fd, uint64_t ring_offset, uint64_t capacity, int writable,
                   struct rilli_mapping *ret);

/* Maps zeros, in place of a segment that may not be opened. */
int rilli_map_nothing(size_t size, struct rilli_mapping *ret);

void rilli_unmap(struct rilli_mapping *mapping);

/* 16 random bytes, and their 32 hexadecimal digits and a NUL. */
int rilli_random(uint8_t ret[16]);
void rilli_hex(const uint8_t bytes[16], char ret[33]);

#endif
