/* SPDX-License-Identifier: MIT */
/* changes.h - what others can see of the test's namespace: its names, and every word of its files.
 *
 * Locks and sockets are visible, too, but change only in system calls. */
#ifndef RILL_TEST_CHANGES_H
#define RILL_TEST_CHANGES_H

void changes_begin(void);
/* Has any word of a file changed since the last check? */
unsigned changes_in_words(void);
/* The same behind a system call, where files may be new or larger; and a change of names counts. */
unsigned changes_in_all(void);
void changes_end(void);

#endif
