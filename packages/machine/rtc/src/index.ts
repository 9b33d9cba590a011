export { centuryRegister, createRtc, type Rtc, type RtcOptions } from './rtc.ts'
