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

const NO_KEEP_ALIVES = 'There are no keep-alives, which are optional (MAY-5).'
const NO_R1 = 'There is R2, but no R1.'

/** What else a reader should know: the limits of what is obeyed, or how far what is not obeyed has come. */
export const REMARKS: Readonly<Record<string, string>> = {
  'MUST-13': 'Unless more connections than `maxTimeWait` are in TIME-WAIT: then the oldest goes.',
  'MUST-18': 'The least RTO is 200 ms, as on Linux, where RFC 6298 advises 1 s: `rtoMin`.',
  'MUST-20': NO_R1,
  'MUST-22': 'As data does, so without R1 (MUST-20).',
  'MUST-23': 'Of an active open. A listener gives up after 63 s unless told otherwise, as Linux does: `synAckWaits`.',
  'MUST-24': NO_KEEP_ALIVES,
  'MUST-25': NO_KEEP_ALIVES,
  'MUST-26': NO_KEEP_ALIVES,
  'MUST-27': NO_KEEP_ALIVES,
  'MUST-28': NO_KEEP_ALIVES,
  'MUST-29': NO_KEEP_ALIVES,
  'MUST-30': 'Urgent data is read as any other.',
  'MUST-47': 'A soft error can be read (`Connection.softError`), but no event tells of it.',
  'MUST-54':
    'It does, in SYN-SENT and once established; a half-open entry notes nothing, and “fragmentation needed” has no effect yet.',
  'MUST-66': 'RST; for URG see MUST-30.',
  'SHLD-9': NO_R1,
  'SHLD-10': NO_R1,
  'SHLD-12': NO_KEEP_ALIVES,
}
