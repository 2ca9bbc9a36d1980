/* What the commands of `load` share. */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { PORT_ECHO = 7, PORT_DISCARD = 9, PORT_SOURCE = 19, PORT_CLOSE = 80, PORT_HOLD = 81 };

/* Seconds after which a connection on which nothing moves is an error. */
#define STALLED 30

/* Events that are taken from the kernel at once. */
#define BATCH 256

/* The command line, read. Options that were not given are 0. */
struct options {
    const char *words[3]; /* what stands behind the command, without its options */
    int words_count;
    long connections;       /* -c */
    struct in_addr sources; /* --sources FIRST N */
    long sources_count;
    long rate;     /* --rate, a second */
    double seconds; /* --seconds */
    double every;   /* --every, ms */
    const char *address;
    int backlog;
    bool verify;
    bool no_verify;
};

/* Prints one line and ends with 1. With `errno` set, die_errno() says its meaning behind the message. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

double now(void);         /* s, monotonic */
double cpu_seconds(void); /* s, user and system, of this process */

uint64_t number(const char *text, uint64_t least, uint64_t most, const char *what);
struct sockaddr_in address_of(const char *text, uint16_t port);

/* A TCP socket with CUBIC, where that may be chosen. `flags` as SOCK_NONBLOCK. */
int plain_socket(int flags);
/* A TCP socket, bound to the nth of the sources when there are any. `flags` as SOCK_NONBLOCK. */
int tcp_socket(const struct options *options, uint64_t nth, int flags);
/* Connected, with STALLED as the limit of every call on it. The first gives -1 when it is refused or reset. */
int tcp_try_connect(const struct options *options, uint64_t nth, const struct sockaddr_in *to);
int tcp_connect(const struct options *options, uint64_t nth, const struct sockaddr_in *to);
/* As tcp_connect(), but only begun: writable once it is there. */
int connect_begin(const struct options *options, uint64_t nth, const struct sockaddr_in *to);
/* Events of `fd` are reported with `data`. */
void watch(int epoll, int fd, uint32_t events, uint64_t data);
void write_all(int fd, const void *data, size_t length);
/* Lets this process have as many descriptors as it needs. */
void allow_descriptors(uint64_t count);

/* Sorts, in place. */
void sort_doubles(double *values, size_t count);
/* Of sorted values; 0 without any. */
double percentile(const double *sorted, size_t count, double part);

void run_server(const struct options *options);
void run_send(const struct options *options);
void run_receive(const struct options *options);
void run_pingpong(const struct options *options);
void run_connections(const struct options *options);
void run_hold(const struct options *options);
void run_honest(const struct options *options);
void run_flood(const struct options *options);
void run_congestion(const struct options *options);

#endif
