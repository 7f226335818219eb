/* SPDX-License-Identifier: MIT */
/* name.h - names of queues, groups and files. Pure functions. */
#ifndef RILLI_NAME_H
#define RILLI_NAME_H

#include <stdint.h>

#include "layout.h"

#define RILLI_FILE_NAME 256 /* of a segment, in its directory                       */

#define RILLI_UNFINISHED "+"           /* what the names of unfinished files begin with */
#define RILLI_REGISTRY_FILES "+rilld." /* ... and those of the registry's files        */
#define RILLI_LOCK_FILE "+rilld.lock"  /* the living registry holds a lock on it       */

int rilli_name_check(const char *name);
int rilli_group_name_check(const char *name);
void rilli_name_files(const char *name, const uint8_t *uuid, char *ret_control, char *ret_data);
/* The queue's name of a control file's name; 0 if it is none. */
int rilli_name_of_control(const char *file, char ret[RILLI_NAME_SIZE]);
/* Splits a data file's name into its queue's control file and its uuid; 0 if it is none. */
int rilli_name_of_data(const char *file, char ret_control[RILLI_FILE_NAME], char ret_uuid[33]);

#endif
