/** What a processor of a multiprocessor does, by KVM_MP_STATE_*. Source: include/uapi/linux/kvm.h. */
export const mpStates = {
  runnable: 0,
  uninitialized: 1,
  'init-received': 2,
  halted: 3,
  'sipi-received': 4,
  'ap-reset-hold': 9,
} as const

/** A state by the word for it. */
export type MpState = keyof typeof mpStates

/** The word for a number, or undefined where x86 has none. */
export function mpStateNumbered(number: number): MpState | undefined {
  return (Object.keys(mpStates) as MpState[]).find((name) => mpStates[name] === number)
}
