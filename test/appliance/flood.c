// Sends packets from a named source at a given rate, and prints how many left: `flood udp|syn SOURCE DESTINATION PORT RATE SECONDS`. A SYN to port 0
// goes to every port in turn. Needs CAP_NET_RAW. A tool of its own, since hping3 sleeps between two packets and a busy machine sleeps long.

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/** As large as a Probe. */
#define PROBE_BYTES 600
#define TICK_NS 1000000L

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint32_t add(const void *bytes, size_t length, uint32_t sum) {
  const uint8_t *each = bytes;
  for (size_t place = 0; place < length; place++) sum += place % 2 == 0 ? (uint32_t)each[place] << 8 : each[place];
  return sum;
}

static uint16_t fold(uint32_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  return htons((uint16_t)~sum);
}

/** RFC 9293 §3.1: the checksum covers addresses, protocol and length too. */
static void seal(const struct iphdr *ip, struct tcphdr *tcp) {
  tcp->check = 0;
  tcp->check = fold(add(tcp, sizeof *tcp, add(&ip->saddr, 8, IPPROTO_TCP + sizeof *tcp)));
}

int main(int count, char **words) {
  if (count != 7) return 2;
  int is_udp = strcmp(words[1], "udp") == 0;
  uint16_t port = (uint16_t)atoi(words[4]);
  double rate = atof(words[5]), seconds = atof(words[6]);
  int out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (out < 0) {
    perror("flood: socket");
    return 1;
  }
  union {
    uint8_t bytes[sizeof(struct iphdr) + sizeof(struct udphdr) + PROBE_BYTES];
    struct iphdr ip;
  } packet;
  memset(&packet, 0, sizeof packet);
  struct udphdr *udp = (struct udphdr *)(packet.bytes + sizeof packet.ip);
  struct tcphdr *tcp = (struct tcphdr *)(packet.bytes + sizeof packet.ip);
  size_t length = is_udp ? sizeof packet.bytes : sizeof packet.ip + sizeof *tcp;
  packet.ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 4, .protocol = is_udp ? IPPROTO_UDP : IPPROTO_TCP, .saddr = inet_addr(words[2]), .daddr = inet_addr(words[3])};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = packet.ip.daddr};
  double begin = now();
  long sent = 0, tried = 0;
  for (double passed = 0; passed < seconds; passed = now() - begin) {
    // What was missed while the processor was elsewhere is caught up.
    for (long due = (long)(passed * rate); tried < due; tried++) {
      uint16_t own = htons((uint16_t)(1024 + tried % 64000));
      uint16_t other = htons(port != 0 ? port : (uint16_t)(1 + tried % 65535));
      if (is_udp) {
        *udp = (struct udphdr){.source = own, .dest = other, .len = htons(sizeof *udp + PROBE_BYTES)};
      } else {
        *tcp = (struct tcphdr){.source = own, .dest = other, .seq = htonl((uint32_t)tried), .doff = 5, .syn = 1, .window = htons(1024)};
        seal(&packet.ip, tcp);
      }
      if (sendto(out, packet.bytes, length, 0, (struct sockaddr *)&to, sizeof to) >= 0) sent++;
    }
    nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
  }
  printf("sent %ld\n", sent);
  return 0;
}
