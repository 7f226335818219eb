/* SPDX-License-Identifier: MIT */
/* no_delay.c - waits for each grace period where it begins (ld --wrap), instead of a thread that
 * collects them for ten milliseconds: an input takes a hundredth of the time, and a read of an
 * entry after it was freed is seen immediately. The caller is not a reader at that point. */
#include <urcu/urcu-memb.h>

void __wrap_urcu_memb_call_rcu(struct rcu_head *head, void (*call)(struct rcu_head *head));
void __wrap_urcu_memb_barrier(void);

void __wrap_urcu_memb_call_rcu(struct rcu_head *head, void (*call)(struct rcu_head *head)) {
  urcu_memb_synchronize_rcu();
  call(head);
}

void __wrap_urcu_memb_barrier(void) {
}
