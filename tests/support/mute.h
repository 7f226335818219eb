/* SPDX-License-Identifier: MIT */
/* mute.h - a process whose contexts tell the registry nothing. */
#ifndef MUTE_H
#define MUTE_H

#include "client.h"

/* From now on no context of this process connects to a registry; this one's connection is closed. */
void mute(rill_context *context);

#endif
