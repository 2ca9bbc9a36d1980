/** Requirements that are not obeyed on purpose, or that are not a stack's to obey, each with the reason. */
export const DEVIATIONS: Readonly<Record<string, string>> = {
  'MUST-51':
    'Source routes serve attacks more than users: RFC 7126 §4.3 and §4.4 have them dropped on the way by default.',
  'MUST-52': 'There are no source routes (see MUST-51).',
  'MUST-53': 'There are no source routes (see MUST-51).',
  'SHLD-13': 'It is addressed to applications.',
  'SHLD-23': 'It is addressed to applications.',
  'SHLD-24': 'There are no source routes (see MUST-51).',
  'SHLD-26':
    'Only in SYN-SENT. Later they are noted as soft errors are: such a message can be forged by one who sees nothing of the connection (RFC 5927 §5.2).',
}

/** What else a reader should know: the limits of what is obeyed, or how far what is not obeyed has come. */
export const REMARKS: Readonly<Record<string, string>> = {
  'MUST-13': 'Unless more connections than `maxTimeWait` are in TIME-WAIT: then the oldest goes.',
  'MUST-18': 'The least RTO is 200 ms, as on Linux, where RFC 6298 advises 1 s: `rtoMin`.',
  'MUST-23': 'Of an active open. A listener gives up after 63 s unless told otherwise, as Linux does: `synAckWaits`.',
  'MUST-30': 'In line, as RFC 6093 advises; the sockets of `net` have no call for it, as those of Node.js have none.',
  'MUST-54': 'A half-open entry only counts it: its SYN,ACKs go on to their end.',
}
