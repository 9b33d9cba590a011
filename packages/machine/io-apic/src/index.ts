export { createIoApic, type IoApic, type IoApicOptions, type IoApicRegisters, ioApicPins } from './io-apic.ts'
