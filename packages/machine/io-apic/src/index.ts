export { createIoApic, type IoApic, type IoApicOptions, ioApicPins } from './io-apic.ts'
