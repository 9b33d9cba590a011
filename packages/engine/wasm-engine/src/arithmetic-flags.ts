import { arithmeticFlags, rflags } from '@vmm/x86-registers'

/** Bits of RFLAGS that are kept apart from the others. */
export const arithmeticMask: number = arithmeticFlags.reduce((mask, flag) => mask | (1 << rflags[flag].low), 0)
