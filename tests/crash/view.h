/* SPDX-License-Identifier: MIT */
/* view.h - what others can see of the test's namespace: its names, and every word of its files.
 *
 * Locks and sockets can be seen too, but change in system calls only. */
#ifndef RILL_TEST_VIEW_H
#define RILL_TEST_VIEW_H

void view_begin(void);
/* Has any word of a file changed since the last look? */
unsigned view_words_changed(void);
/* Behind a system call: files may have come and grown. The same answer; and a change of names. */
unsigned view_changed(void);
void view_end(void);

#endif
