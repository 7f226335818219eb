/* SPDX-License-Identifier: MIT */
/* changes.h - what others can see of the test's namespace: its names, and every word of its files.
 *
 * Locks and sockets can be seen too, but change in system calls only. */
#ifndef RILL_TEST_CHANGES_H
#define RILL_TEST_CHANGES_H

void changes_begin(void);
/* Has any word of a file changed since the last check? */
unsigned changes_in_words(void);
/* Behind a system call: files may have come and grown. The same answer; and a change of names. */
unsigned changes_in_all(void);
void changes_end(void);

#endif
