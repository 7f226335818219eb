/* SPDX-License-Identifier: MIT */
/* name_space.h - the directory of a namespace: finding and opening it. */
#ifndef RILLI_NAME_SPACE_H
#define RILLI_NAME_SPACE_H

/* name_space and directory: as in rill_context_attr; NULL: from the environment, or the
 * default. Makes the directory if it does not exist. Returns its descriptor and its path (to be
 * freed), or a negative errno with its text. */
int rilli_name_space_open(const char *name_space, const char *directory, char **ret_path);

#endif
