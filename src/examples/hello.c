/* hello.c - `hello TEXT` sends TEXT, `hello` prints what arrives; start either first. */
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int code) {
  if (code < 0) {
    fprintf(stderr, "hello: %s\n", rill_error());
    exit(1);
  }
}

int main(int argc, char **argv) {
  rill_context *context;
  rill_queue *queue;
  check(rill_context_open(NULL, &context));
  check(rill_queue_open(context, "hello", RILL_CREATE, NULL, RILL_NOW, &queue));
  if (argc > 1) {
    rill_producer *producer;
    check(rill_producer_open(queue, NULL, RILL_NOW, &producer));
    check(rill_publish(producer, argv[1], strlen(argv[1]), RILL_FOREVER));
    rill_producer_close(producer);
  } else {
    rill_consumer *consumer;
    struct rill_message message;
    int code;
    check(rill_consumer_open(queue, NULL, &consumer));
    while ((code = rill_receive(consumer, RILL_FOREVER, &message)) == 0) {
      printf("%.*s\n", (int)message.size, (const char *)message.data);
      check(rill_release(consumer, &message));
    }
    check(code == -EPIPE ? 0 : code); /* EPIPE: the sender has closed, all is read */
    rill_consumer_close(consumer);
  }
  rill_queue_close(queue);
  rill_context_close(context);
}
