export { ApicBus, type BusApic, type EndOfInterruptListener, type Shorthand } from './apic-bus.ts'
export type { TimeStampCounter } from './apic-timer.ts'
export { LocalApic } from './local-apic.ts'
export type { ApicSignal, LocalApicOptions } from './options.ts'
