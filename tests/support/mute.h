/* SPDX-License-Identifier: MIT */
/* mute.h - a process whose contexts do not use the registry. */
#ifndef RILL_TEST_MUTE_H
#define RILL_TEST_MUTE_H

#include "client.h"

/* From now on no context of this process connects to a registry; this one's connection is closed.
 */
void mute(rill_context *context);

#endif
