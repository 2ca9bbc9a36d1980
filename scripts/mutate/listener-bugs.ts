import type { Bug } from './bug.ts'

/** Bugs of what a listener does only if it is told to: reset, always cookies, share keys, refuse; and of timestamps and IPv6. */
export const LISTENER_BUGS: readonly Bug[] = [
  {
    name: 'acceptOverflow reset: no RST goes out',
    file: 'tcp/arrives/listen.ts',
    text: "endpoint.drop('accept-queue-reset')\n    endpoint.replyReset(segment)",
    planted: "endpoint.drop('accept-queue-reset')",
  },
  {
    name: 'acceptOverflow reset: the entry waits as without',
    file: 'tcp/arrives/half-open.ts',
    text: "if (listener.acceptOverflow === 'reset') {",
    planted: "if (listener.acceptOverflow === 'reset' && segment.length > 0) {",
  },
  {
    name: 'acceptOverflow reset: not for the ACK of a cookie',
    file: 'tcp/arrives/listen.ts',
    text: "if (listener.acceptOverflow === 'reset') {",
    planted: "if (listener.acceptOverflow === 'reset' && listener.backlog === 0) {",
  },
  {
    name: 'cookies always: only after an overflow',
    file: 'tcp/listener.ts',
    text: 'return this.alwaysCookies || (this.cookies',
    planted: 'return (this.cookies',
  },
  {
    name: 'the key of a replica that is ahead is not honoured',
    file: 'tcp/syn-cookie.ts',
    text: '||\n      this.verifyWith(keys.next, generation + 1, segment, into)',
    planted: '',
  },
  {
    name: 'the policy refuses, and no RST goes out',
    file: 'tcp/arrives/listen.ts',
    text: "endpoint.drop('syn-refused')\n      endpoint.replyReset(syn)",
    planted: "endpoint.drop('syn-refused')",
  },
  {
    name: 'the policy refuses, and the SYN is held',
    file: 'tcp/arrives/listen.ts',
    text: "    case 'refuse':\n      counters.refused++",
    planted: "    case 'refuse':\n      hold(endpoint, listener, syn, hash, old, false)\n      counters.refused++",
  },
  {
    name: 'a policy that ignores is not counted',
    file: 'tcp/arrives/listen.ts',
    text: 'counters.ignored++',
    planted: '',
  },
  {
    name: 'nobody is evicted from a queue of IPv6',
    file: 'tcp/syn-queues.ts',
    text: 'return queue4 ?? queue6',
    planted: 'return queue4',
  },
  {
    name: 'SYN-RECEIVED takes an old duplicate for the ACK',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (stamped && seqLess(segment.tsVal, queue.rows.tsRecent[row]!)) {',
    planted: 'if (stamped && segment.tsVal === 0) {',
  },
  {
    name: 'SYN-RECEIVED takes an ACK without the timestamps that were agreed on',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (stamped && !segment.timestamps) {',
    planted: 'if (stamped && !segment.timestamps && segment.length > 0) {',
  },
  {
    name: 'a challenge in SYN-RECEIVED has no timestamps',
    file: 'tcp/arrives/half-open.ts',
    text: '    reply.timestamps = true\n',
    planted: '',
  },
  {
    name: 'a cookie forgets that there are timestamps',
    file: 'tcp/syn-cookie.ts',
    text: 'into.timestamps = timestamps',
    planted: 'into.timestamps = false',
  },
  {
    name: 'close() resets a deferred SYN with a number that it was never told',
    file: 'tcp/output-queue.ts',
    text: 'queue.rows.has(row, ANSWERED) ? seqAdd(out.seq, 1) : 0',
    planted: 'seqAdd(out.seq, 1)',
  },
]
