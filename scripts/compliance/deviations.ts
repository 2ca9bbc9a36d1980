/** Requirements that are not obeyed on purpose, or that are not a stack's to obey, each with the reason. */
export const DEVIATIONS: Readonly<Record<string, string>> = {
  'MUST-51':
    'Source routes are an attack more than a help: RFC 7126 §4.3 and §4.4 have packets that carry them dropped.',
  'MUST-52': 'There are no source routes (see MUST-51).',
  'MUST-53': 'There are no source routes (see MUST-51).',
  'SHLD-13': 'It is addressed to applications.',
  'SHLD-23': 'It is addressed to applications.',
  'SHLD-24': 'There are no source routes (see MUST-51).',
}
