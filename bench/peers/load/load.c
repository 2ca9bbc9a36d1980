/* load: the kernel's end of `npm run bench -- peers`. See `load --help`. */
#include "load.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

static const char USAGE[] =
    "load server --address A [--backlog N] [--verify]        ports 7, 9, 19, 80, 81, until SIGTERM\n"
    "load send HOST OCTETS [-c N]                            OCTETS in all, over N connections, to port 9\n"
    "load receive HOST OCTETS [-c N] [--no-verify]           the same from port 19\n"
    "load connections HOST COUNT -c AT_ONCE                  connect to port 80, read the end, close\n"
    "load pingpong HOST COUNT                                an octet to port 7 and back\n"
    "load hold HOST COUNT                                    COUNT connections to port 81, until stdin ends\n"
    "load honest HOST PORT --every MS --seconds S            a connection each MS, until its end or octet comes\n"
    "load flood HOST PORT --rate R --seconds S               SYNs from sources of 198.18.0.0/15\n"
    "load congestion                                         the congestion control of all these\n"
    "Commands that connect take --sources FIRST N: addresses of this host to connect from, in turn.\n"
    "Each prints one line of JSON; an error is one line on stderr and exit code 1.\n";

struct command {
    const char *name;
    int words;
    void (*run)(const struct options *);
};

static const struct command COMMANDS[] = {
    {"server", 0, run_server},       {"send", 2, run_send}, {"receive", 2, run_receive}, {"pingpong", 2, run_pingpong},
    {"connections", 2, run_connections}, {"hold", 2, run_hold}, {"honest", 2, run_honest},   {"flood", 2, run_flood},
    {"congestion", 0, run_congestion},
};

enum { SOURCES = 256, RATE, SECONDS, EVERY, ADDRESS, BACKLOG, VERIFY, NO_VERIFY, HELP };

static const struct option LONG[] = {
    {"sources", required_argument, NULL, SOURCES}, {"rate", required_argument, NULL, RATE},
    {"seconds", required_argument, NULL, SECONDS}, {"every", required_argument, NULL, EVERY},
    {"address", required_argument, NULL, ADDRESS}, {"backlog", required_argument, NULL, BACKLOG},
    {"verify", no_argument, NULL, VERIFY},         {"no-verify", no_argument, NULL, NO_VERIFY},
    {"help", no_argument, NULL, HELP},             {NULL, 0, NULL, 0},
};

static double decimal(const char *text, double most, const char *what)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value > 0) || value > most)
        die("%s is a number above 0, at most %g, not %s", what, most, text);
    return value;
}

static void take_option(struct options *options, int option, int argc, char **argv)
{
    switch (option) {
    case 'c': options->connections = (long)number(optarg, 1, 65536, "-c"); break;
    case SOURCES:
        options->sources = address_of(optarg, 0).sin_addr;
        if (optind >= argc) die("--sources is followed by the first address and how many there are");
        options->sources_count = (long)number(argv[optind++], 1, 65536, "--sources FIRST N");
        break;
    case RATE: options->rate = (long)number(optarg, 1, 2000000, "--rate"); break;
    case SECONDS: options->seconds = decimal(optarg, 120, "--seconds"); break;
    case EVERY: options->every = decimal(optarg, 60000, "--every"); break;
    case ADDRESS: options->address = optarg; break;
    case BACKLOG: options->backlog = (int)number(optarg, 1, 1 << 20, "--backlog"); break;
    case VERIFY: options->verify = true; break;
    case NO_VERIFY: options->no_verify = true; break;
    case ':': die("%s needs a value; see load --help", argv[optind - 1]);
    case HELP: fputs(USAGE, stdout); exit(0);
    default: die("%s is not an option; see load --help", argv[optind - 1]);
    }
}

int main(int argc, char **argv)
{
    struct options options = {.backlog = 128};
    const char *name = NULL;
    signal(SIGPIPE, SIG_IGN);
    opterr = 0;
    while (optind < argc) {
        /* "+": the loop takes the words between the options itself, as --sources takes a second one. */
        int option = getopt_long(argc, argv, "+:c:", LONG, NULL);
        if (option != -1) take_option(&options, option, argc, argv);
        else if (optind == argc) break;
        else if (name == NULL) name = argv[optind++];
        else if (options.words_count < 3) options.words[options.words_count++] = argv[optind++];
        else die("too many words; see load --help");
    }
    if (name == NULL) die("a command is needed; see load --help");
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, name) != 0) continue;
        if (options.words_count != COMMANDS[i].words)
            die("%s is followed by %d words, not %d; see load --help", name, COMMANDS[i].words, options.words_count);
        COMMANDS[i].run(&options);
        return 0;
    }
    die("%s is not a command; see load --help", name);
}
