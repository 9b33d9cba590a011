/** Guest nanoseconds that one instruction lasts: the machine's clock is its instruction count. */
export const nanosecondsPerInstruction = 1
export const tscHz = 1e9 / nanosecondsPerInstruction
export const physicalAddressWidth = 46
