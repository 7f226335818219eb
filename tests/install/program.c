/* SPDX-License-Identifier: MIT */
/* program.c - the smallest program that uses Rill: C, and C++ as well. */
#include <rill/rill.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  rill_context *context;
  rill_queue *queue;
  rill_producer *producer;
  rill_consumer *consumer;
  struct rill_message message;
  if (rill_context_open(NULL, &context) ||
      rill_queue_open(context, "program", RILL_CREATE, NULL, RILL_NOW, &queue) ||
      rill_producer_open(queue, NULL, RILL_NOW, &producer) ||
      rill_publish(producer, RILL_VERSION, strlen(RILL_VERSION), RILL_NOW) ||
      rill_consumer_open(queue, NULL, &consumer) || rill_receive(consumer, RILL_NOW, &message)) {
    fprintf(stderr, "program: %s\n", rill_error());
    return 1;
  }
  printf("%.*s\n", (int)message.size, (const char *)message.data);
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
  rill_context_close(context);
  return strcmp(rill_version(), RILL_VERSION) != 0;
}
