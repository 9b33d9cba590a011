export type { Clock, Device, InterruptLine, MmioRegion, Nanoseconds, PortRange, Saved, Timer } from './device.ts'
export {
  broadcastDestination,
  type DeliveryMode,
  deliveryModes,
  destinationOfByte,
  type InterruptMessage,
  type InterruptSink,
} from './interrupt-message.ts'
export { IoBus } from './io-bus.ts'
export { MmioBus } from './mmio-bus.ts'
export { pseudoRandom, replayDifference } from './replay.ts'
export { copySaved, likeSaved, type Restored, savedText } from './saved.ts'
export { nanosecondsAt, ticksAt } from './ticks.ts'
