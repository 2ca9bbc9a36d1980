export interface DemoOptions {
  readonly link?: 'tun' | 'embedded'
  readonly stay?: boolean
  readonly verbose?: boolean
}
