export { builtInGuest } from './built-in-guest.ts'
