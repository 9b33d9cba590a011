import { type FlagClassName, flagClasses, type Width } from '@vmm/x86-semantics'

const classNames = Object.keys(flagClasses) as FlagClassName[]

/** The number by which a lazy record names its class and width: 0 is none. */
export function lazyClassOf(name: FlagClassName, width: Width): number {
  return 1 + classNames.indexOf(name) * 4 + [8, 16, 32, 64].indexOf(width)
}

/**
 * A record's word: that number, and above it the flags that were written apart from the class and are in place, each as far up as RFLAGS
 * has it.
 */
export const lazyWord = { class: 0xff, apart: 8 } as const
