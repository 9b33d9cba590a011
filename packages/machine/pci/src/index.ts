export { createPciBus, hostBridge, type PciBus, type PciBusOptions } from './pci-bus.ts'
export { type Bar, type BarAccess, PciFunction, type PciFunctionOptions, type PciSpaces } from './pci-function.ts'
