// SPDX-License-Identifier: MIT
// perf/peers/boost.cpp - Boost.Interprocess message_queue.
//
// 100 messages of the link's size, all of one priority, as in Boost's own example; 1000 are
// slower for large messages, since they do not fit the cache. A link that spins calls try_send and
// try_receive; each takes the queue's mutex, and a poll loop of one pause keeps the other side
// out of it (three times slower), so there are 16. One that sleeps calls send and receive,
// which wait on a condition variable. The name is removed as soon as the queue exists: the
// processes inherit the mapping.
#include "drive.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <string>
#include <unistd.h>

namespace {

using boost::interprocess::message_queue;

enum { DEPTH = 100, PAUSES = 16 };

struct boost_link {
  peer_link link;
  message_queue *queue;
  alignas(16) unsigned char buffer[PEER_LARGEST];
};

boost_link *self(peer_link *link) {
  return reinterpret_cast<boost_link *>(link);
}

int make(peer_link *link) {
  const std::string name = "rill-perf-" + std::to_string(getpid()) + "-" + link->name;
  try {
    self(link)->queue =
        new message_queue(boost::interprocess::create_only, name.c_str(), DEPTH, link->size);
    message_queue::remove(name.c_str());
    return 0;
  } catch (const std::exception &why) {
    return pair_error(-EIO, "message_queue '%s': %s", name.c_str(), why.what());
  }
}

void remove_(peer_link *link) {
  delete self(link)->queue;
}

void breathe() {
  for (int i = 0; i < PAUSES; i++)
    relax();
}

PEER_FAST int send_(peer_link *link, const void *data) {
  try {
    if (link->wait == PEER_SPIN) {
      while (!self(link)->queue->try_send(data, link->size, 0))
        breathe();
    } else {
      self(link)->queue->send(data, link->size, 0);
    }
    return 0;
  } catch (const std::exception &why) {
    return pair_error(-EIO, "send to %s: %s", link->name, why.what());
  }
}

PEER_FAST int receive(peer_link *link, bool wait, peer_message *ret) {
  message_queue::size_type size;
  unsigned priority;
  unsigned char *buffer = self(link)->buffer;
  try {
    if (wait)
      self(link)->queue->receive(buffer, link->size, size, priority);
    else if (!self(link)->queue->try_receive(buffer, link->size, size, priority))
      return -EAGAIN;
  } catch (const std::exception &why) {
    return pair_error(-EIO, "receive from %s: %s", link->name, why.what());
  }
  *ret = {buffer, size};
  return 0;
}

PEER_FAST int poll_(peer_link *link, peer_message *ret) {
  return receive(link, false, ret);
}

PEER_FAST int take(peer_link *link, peer_message *ret) {
  if (link->wait != PEER_SPIN)
    return receive(link, true, ret);
  int rc;
  while ((rc = poll_(link, ret)) == -EAGAIN)
    breathe();
  return rc;
}

PEER_FAST int done(peer_link *) {
  return 0;
}

const peer_ops ops = {
    sizeof(boost_link), make, remove_, nullptr, nullptr, send_, take, poll_, done};

} // namespace

DRIVE_PEER(boost, ops, PEER_VERSION ": Interprocess message_queue; try_receive, or receive",
           PEER_LARGEST, PEER_SPIN | PEER_SLEEP, 0);
