/**
 * `estab/sim`: a deterministic network for tests. See docs/simulator.md.
 *
 * @module
 */

export { VirtualTimeout, VirtualTimers } from '../host/virtual-timers.ts'
export { Chance } from './chance.ts'
export type { FailedRun } from './failure.ts'
export type { BareHost, HostOptions, Interface } from './host.ts'
export type { Fate, Line, LineCounters } from './line.ts'
export type {
  BurstLoss,
  CoDelOptions,
  Drop,
  DropTailOptions,
  LineOptions,
  QueueOptions,
  SimulatedPacket,
} from './line-options.ts'
export type { Nat, NatOptions } from './nat.ts'
export { type Attachable, type NatOutside, Network, type NetworkOptions } from './network.ts'
export type { Flapping, NetworkLink, NetworkLinkOptions } from './network-link.ts'
export type { Partition } from './partition.ts'
export { type Recording, ReplayError } from './recorder.ts'
export type { Router, RouterOptions } from './router.ts'
export type { SimulatedHost } from './simulated-host.ts'
export { createSimulation, type Progress, Simulation, type SimulationOptions, type WaitOptions } from './simulation.ts'
export type { Switch } from './switch.ts'
export { VirtualClock, type VirtualClockOptions } from './virtual-clock.ts'
