import type { Link } from '../link/link.ts'
import type { Scheduler } from '../link/scheduler.ts'
import type { Stack } from '../stack/stack.ts'
import type { StackPort } from '../stack/stack-port.ts'
import type { StackEvent } from '../tcp/events.ts'
import { Driver, type DriverOptions } from './driver.ts'

/**
 * Joins a stack of several interfaces with its links, in the order of the interfaces: a driver each. What one of them
 * brings, and another is to send, wakes the other. Events come to `onEvent`, whichever driver comes upon them. A call of
 * the user's is followed by `touch()` of any.
 *
 * @throws {RangeError} ERR_OUT_OF_RANGE: not as many links as interfaces
 * @throws {TypeError} ERR_INVALID_ARG_VALUE: a link is of another medium, or takes less, than its interface says
 */
export function driveLinks(
  stack: Stack,
  links: readonly Link[],
  scheduler: Scheduler,
  onEvent: (event: StackEvent) => void,
  options: DriverOptions = {},
): readonly Driver<StackPort>[] {
  const { interfaces } = stack
  if (links.length !== interfaces.length) {
    const error = new RangeError(`the stack has ${interfaces.length} interfaces, and is given ${links.length} links`)
    throw Object.assign(error, { code: 'ERR_OUT_OF_RANGE' })
  }
  for (const [i, { medium, mtu, name }] of links.entries()) {
    const of = interfaces[i]!
    if (of.medium === medium && of.mtu <= mtu) continue
    const error = new TypeError(
      `the interface ${of.name} (${of.medium}, MTU ${of.mtu}) does not fit the link ${name} (${medium}, MTU ${mtu})`,
    )
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
  }
  return links.map((link, i) => {
    const driver = new Driver(stack.port(i), link, scheduler, options)
    driver.onEvent = onEvent
    interfaces[i]!.wake = () => driver.touch()
    // Announcements wait.
    if (link.medium === 'ethernet') driver.touch()
    return driver
  })
}
