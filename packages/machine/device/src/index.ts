export type { Clock, Device, InterruptLine, MmioRegion, Nanoseconds, PortRange, Saved, Timer } from './device.ts'
