export { enterLongMode, type LongModeEntry, longModeTables, multibootHeader } from './beginning.ts'
export { builtInGuest } from './built-in-guest.ts'
