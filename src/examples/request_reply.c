/* request_reply.c - questions in one queue, answers in another.
 *
 * `request_reply serve` answers until it gets SIGINT or SIGTERM; `request_reply ask TEXT...` asks
 * for each text and prints the answer (the text in capitals). A queue has one producer at a
 * time, so clients that come together are served one after the other. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <rill/rill.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an answer begins with: the sequence of the question. */
struct answer {
  uint64_t question;
  char text[];
};

static rill_consumer *to_interrupt;

static void on_signal(int number) {
  (void)number;
  rill_consumer_interrupt(to_interrupt); /* one of the calls for signal handlers */
}

static void check(int code) {
  if (code < 0) {
    fprintf(stderr, "request_reply: %s\n", rill_error());
    exit(1);
  }
}

static void serve(rill_queue *questions, rill_queue *answers) {
  /* FOLLOW: when a client has closed, wait for the next one. */
  struct rill_consumer_attr attr = {.size = sizeof attr, .group = "server", .flags = RILL_FOLLOW};
  rill_consumer *consumer;
  rill_producer *producer;
  struct rill_message message;
  int code;
  check(rill_consumer_open(questions, &attr, &consumer));
  check(rill_producer_open(answers, NULL, RILL_NOW, &producer));
  to_interrupt = consumer;
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  while ((code = rill_receive(consumer, RILL_FOREVER, &message)) == 0 || code == -EINTR) {
    void *place;
    if (code == -EINTR) /* the handler ran: the next receive says so */
      continue;
    check(rill_reserve(producer, NULL, sizeof(struct answer) + message.size, RILL_FOREVER, &place));
    struct answer *answer = place; /* in the ring itself: no second copy */
    const char *text = message.data;
    answer->question = message.sequence;
    for (uint32_t i = 0; i < message.size; i++)
      answer->text[i] = (char)toupper((unsigned char)text[i]);
    check(rill_commit(producer, sizeof(struct answer) + message.size));
    check(rill_release(consumer, &message));
  }
  check(code == -ECANCELED ? 0 : code);
  rill_producer_close(producer);
  rill_consumer_close(consumer);
}

static void ask(rill_queue *questions, rill_queue *answers, char **texts) {
  /* LATEST, before the first question: skips answers to others, and misses none of ours. */
  struct rill_consumer_attr attr = {
      .size = sizeof attr, .start = RILL_LATEST, .flags = RILL_FOLLOW};
  rill_time deadline = rill_after(20 * INT64_C(1000000000));
  rill_producer *producer;
  rill_consumer *consumer;
  struct rill_message message;
  struct rill_queue_stat before = {.size = sizeof before};
  check(rill_producer_open(questions, NULL, deadline, &producer)); /* our turn */
  check(rill_consumer_open(answers, &attr, &consumer));
  check(rill_queue_read_stat(questions, &before)); /* the sequence of our first question */
  for (uint64_t number = before.sequence; *texts; number++, texts++) {
    const struct answer *answer;
    check(rill_publish(producer, *texts, strlen(*texts), deadline));
    do {
      int code = rill_receive(consumer, deadline, &message);
      if (code == -ETIMEDOUT) {
        fprintf(stderr, "request_reply: no answer: is a server running?\n");
        exit(3);
      }
      check(code);
      answer = message.data;
      if (answer->question == number)
        printf("%.*s\n", (int)(message.size - sizeof *answer), answer->text);
      check(rill_release(consumer, &message));
    } while (answer->question != number);
  }
  rill_consumer_close(consumer);
  rill_producer_close(producer);
}

int main(int argc, char **argv) {
  /* A server may be away for a while: questions wait for it. */
  const char *groups[] = {"server"};
  struct rill_queue_attr attr = {.size = sizeof attr, .groups = groups, .group_count = 1};
  rill_context *context;
  rill_queue *questions, *answers;
  if (argc < 2 || (strcmp(argv[1], "serve") != 0 && strcmp(argv[1], "ask") != 0)) {
    fprintf(stderr, "usage: request_reply serve | ask TEXT...\n");
    return 2;
  }
  check(rill_context_open(NULL, &context));
  check(rill_queue_open(context, "questions", RILL_CREATE, &attr, RILL_NOW, &questions));
  check(rill_queue_open(context, "answers", RILL_CREATE, NULL, RILL_NOW, &answers));
  if (strcmp(argv[1], "serve") == 0)
    serve(questions, answers);
  else
    ask(questions, answers, argv + 2);
  rill_queue_close(answers);
  rill_queue_close(questions);
  rill_context_close(context);
  return 0;
}
