import { ADMISSION_BUGS } from './admission-bugs.ts'
import type { Bug } from './bug.ts'
import { LISTENER_BUGS } from './listener-bugs.ts'

/** Bugs that stacks have had, or could well have. */
export const BUGS: readonly Bug[] = [
  {
    name: 'backlog off by one: holds one too many',
    file: 'tcp/admission.ts',
    text: 'return this.listener.halfOpen >= this.listener.backlog',
    planted: 'return this.listener.halfOpen > this.listener.backlog',
  },
  {
    name: 'backlog off by one: holds one too few',
    file: 'tcp/admission.ts',
    text: 'return this.listener.halfOpen >= this.listener.backlog',
    planted: 'return this.listener.halfOpen + 1 >= this.listener.backlog',
  },
  {
    name: 'backlog off by one: nobody makes room in a full queue',
    file: 'tcp/arrives/listen.ts',
    text: 'listener.halfOpen < listener.backlog ||',
    planted: 'listener.halfOpen <= listener.backlog ||',
  },
  {
    name: 'an entry is evicted although there is room',
    file: 'tcp/arrives/listen.ts',
    text: 'listener.halfOpen < listener.backlog ||',
    planted: 'listener.halfOpen < Math.max(listener.backlog - 1, 1) ||',
  },
  {
    name: 'a refused SYN is not counted',
    file: 'tcp/arrives/listen.ts',
    text: 'listener.counters.queueFull++',
    planted: '',
  },
  {
    name: 'a duplicate SYN prolongs the life',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (mayAnswer(endpoint, queue, row)) listener.scheduleAnswer(queue, row)',
    planted:
      'if (mayAnswer(endpoint, queue, row)) listener.scheduleAnswer(queue, row)\n    queue.undefer(row, endpoint.now)',
  },
  {
    name: 'a SYN with another number takes the entry over',
    file: 'tcp/arrives/half-open.ts',
    text: 'else listener.counters.otherIsn++',
    planted: 'else queue.rows.irs[row] = segment.seq',
  },
  {
    name: 'each duplicate SYN is answered, however fast they come',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (mayAnswer(endpoint, queue, row)) listener.scheduleAnswer(queue, row)',
    planted: 'listener.scheduleAnswer(queue, row)',
  },
  {
    name: 'an inexact RST deletes the entry',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (segment.seq === next) {',
    planted: 'if (seqWithin(segment.seq, next, endpoint.initialWindow)) {',
  },
  {
    name: 'a RST is not checked for the window',
    file: 'tcp/arrives/half-open.ts',
    text: '} else if (seqWithin(segment.seq, next, endpoint.initialWindow)) {',
    planted: '} else if (seqWithin(segment.seq, next, 2 ** 32)) {',
  },
  {
    name: 'a wrong ACK deletes the entry',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (completesByCookie(endpoint, listener, queue, row, segment)) return',
    planted: 'queue.remove(row)',
  },
  {
    name: 'an ACK of nothing completes the handshake',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (segment.ack !== seqAdd(queue.rows.iss[row]!, 1)) {',
    planted: 'if (seqLess(seqAdd(queue.rows.iss[row]!, 1), segment.ack)) {',
  },
  {
    name: 'the accept queue has no bound',
    file: 'tcp/arrives/half-open.ts',
    text: 'if (listener.acceptQueueIsFull) {\n    refuseForAcceptQueue(',
    planted: 'if (listener.acceptQueueIsFull && listener.acceptBacklog > 1) {\n    refuseForAcceptQueue(',
  },
  {
    name: 'accept() does not let in those that wait for room',
    file: 'tcp/listener.ts',
    text: 'this.admitWaiting()',
    planted: '',
  },
  {
    name: 'ACK number of the SYN,ACK off by one',
    file: 'tcp/passive-open.ts',
    text: 'out.ack = seqAdd(halfOpen.irs, 1)',
    planted: 'out.ack = halfOpen.irs',
  },
  {
    name: 'a completed entry stays in the SYN queue',
    file: 'tcp/listening.ts',
    text: "this.observeRow('completed', listener, queue, row)\n    queue.remove(row)",
    planted: "this.observeRow('completed', listener, queue, row)",
  },
  {
    name: 'close() of a listener forgets the RSTs',
    file: 'tcp/listening.ts',
    text: 'this.output.addClosing(listener)',
    planted: '',
  },
  {
    name: 'one retransmission of the SYN,ACK too few',
    file: 'tcp/syn-queue.ts',
    text: 'if (level > this.schedule.retries ||',
    planted: 'if (level >= this.schedule.retries ||',
  },
  {
    name: 'the waits all count from the first',
    file: 'tcp/syn-queue.ts',
    text: 'return this.bornAt(row) + this.schedule.ends[this.rows.level(row)]!',
    planted: 'return this.bornAt(row) + this.schedule.ends[0]! * (this.rows.level(row) + 1)',
  },
  {
    name: 'a blind RST refuses an active open',
    file: 'tcp/arrives/syn-sent.ts',
    text: "if (acknowledges) connection.finish('ECONNREFUSED')",
    planted: "if (segment.has(RST)) connection.finish('ECONNREFUSED')",
  },
  {
    name: 'an ACK of more than was sent is taken in SYN-SENT',
    file: 'tcp/arrives/syn-sent.ts',
    text: '|| seqLess(tcb.snd.nxt, segment.ack)',
    planted: '',
  },
  {
    name: 'a crossing SYN establishes at once',
    file: 'tcp/arrives/syn-sent.ts',
    text: 'if (!acknowledges) {',
    planted: 'if (!acknowledges && tcb.irs === 0) {',
  },
  {
    name: 'a forged ICMP error refuses an active open',
    file: 'tcp/arrives/unreachable.ts',
    text: 'connection === undefined || !seqWithin(seq, una, (nxt - una) >>> 0)',
    planted: 'connection === undefined || una === nxt',
  },
  {
    name: 'a SYN resets an established connection',
    file: 'tcp/arrives/otherwise.ts',
    text: 'connection.host.counters.TCPSYNChallenge++',
    planted: "if (connection.state === 'ESTABLISHED') return connection.finish('ECONNRESET')",
  },
  {
    name: 'an inexact RST resets a connection',
    file: 'tcp/arrives/otherwise.ts',
    text: 'if (segment.seq !== connection.tcb.rcv.nxt) {',
    planted: 'if (!seqWithin(segment.seq, connection.tcb.rcv.nxt, 1000)) {',
  },
  {
    name: 'text that came before is taken once more',
    file: 'tcp/arrives/text.ts',
    text: 'const early = Math.max(0, -seqDistance(rcv.nxt, segment.seq))',
    planted: 'const early = 0; if (seqLess(segment.seq, rcv.nxt)) segment.seq = rcv.nxt',
  },
  {
    name: 'a FIN that comes before its text counts at once',
    file: 'tcp/arrives/text.ts',
    text: '|| rcv.fin !== rcv.nxt',
    planted: '',
  },
  {
    name: 'FINs that cross lead to TIME-WAIT at once',
    file: 'tcp/arrives/text.ts',
    text: "connection.enter('CLOSING')",
    planted: 'connection.enterTimeWait()',
  },
  {
    name: 'TIME-WAIT lasts for one MSL',
    file: 'tcp/time-wait.ts',
    text: 'const expiry = host.now + 2 * host.config.msl',
    planted: 'const expiry = host.now + host.config.msl',
  },
  {
    name: 'an old number reopens TIME-WAIT',
    file: 'tcp/arrives/time-wait.ts',
    text: 'const beyond = seqLess(rows.rcvNxt(row), segment.seq)',
    planted: 'const beyond = segment.seq !== rows.rcvNxt(row)',
  },
  {
    name: 'the end of a connection is told twice',
    file: 'tcp/connection.ts',
    text: 'if (!told) this.tell(CLOSED)',
    planted: 'this.tell(CLOSED)',
  },
  {
    name: 'a dropped frame counts as accepted, too',
    file: 'stack/input.ts',
    text: "'link')\n    if (!this.dropped) counters.accepted++",
    planted: "'link')\n    counters.accepted++",
  },
  ...ADMISSION_BUGS,
  ...LISTENER_BUGS,
]
