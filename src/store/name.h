/* SPDX-License-Identifier: MIT */
/* name.h - names of queues, groups and files. Pure functions. */
#ifndef RILLI_NAME_H
#define RILLI_NAME_H

#include <stdint.h>

#include "layout.h"

#define RILLI_FILE_NAME 256 /* of a segment, in its directory                       */

#define RILLI_UNFINISHED "+"          /* and 32 hexadecimal digits: a file being made    */
#define RILLI_LOCK_FILE "+rilld.lock" /* the living registry holds a lock on it       */

int rilli_name_check(const char *name);
int rilli_group_name_check(const char *name);
void rilli_name_files(const char *name, const uint8_t *uuid, char *ret_control, char *ret_data);
/* Is it a file that is being made? Other files that begin with '+' do not belong to a queue:
 * they are the registry's, or of a future feature, and are left alone. */
int rilli_name_is_unfinished(const char *file);
/* Gets the queue's name from its control file's name; 0: it is not a control file. */
int rilli_name_of_control(const char *file, char ret[RILLI_NAME_SIZE]);
/* Splits a data file's name into its queue's control file and its uuid; 0: it is not a data
 * file. */
int rilli_name_of_data(const char *file, char ret_control[RILLI_FILE_NAME], char ret_uuid[33]);

#endif
