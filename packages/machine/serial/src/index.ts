export { comPorts, createSerial, type Serial, type SerialOptions } from './serial.ts'
