import type * as Call from './calls.ts'

/** A call with all that a witness does not care about. */
type Made<T> = (changes?: Partial<T>) => T

const made =
  <T>(usual: T): Made<T> =>
  (changes = {}) => ({ ...usual, ...changes })

const protectedMode = { cr0: 0x6000_0011n, cr3: 0n, cr4: 0n, efer: 0n } as const
export const longMode = { cr0: 0xe000_0011n, cr3: 0x1000n, cr4: 0x20n, efer: 0x500n } as const
export const paePaging = { cr0: 0xe000_0011n, cr3: 0x1000n, cr4: 0x20n, efer: 0n } as const

const limits: Call.RegisterLimits = {
  cr4: 0x3f_ffffn,
  hostCr4: 0x7f_ffffn,
  efer: 0xd01n,
  xsave: true,
  physicalAddressWidth: 40,
}
const aroundSregs = { flags: 0n, limits, apicBaseIsValid: true, applied: false, queued: undefined } as const
const rest = { cs: { l: 0 }, apic_base: 0xfee0_0900n, interrupt_bitmap: [0n, 0n, 0n, 0n] } as const

/** KVM_SET_SREGS, or KVM_SET_SREGS2, with these registers, of protected mode where they are not given. */
export function aSetSregs(
  given: Partial<Call.SetSregsCall['given']> = {},
  around: Partial<Omit<Call.SetSregsCall, 'given'>> = {},
): Call.SetSregsCall {
  return { ...aroundSregs, ...around, given: { ...protectedMode, ...rest, ...given } }
}

export const aSetRegs = made<Call.SetRegsCall>({ given: { rip: 0n, rflags: 2n }, rflags: 2n, exceptionPending: false })

/** KVM_SET_DEBUGREGS with registers as after a reset. */
export function aSetDebugregs(given: Partial<Call.SetDebugregsCall['given']> = {}): Call.SetDebugregsCall {
  return { given: { dr6: 0xffff_0ff0n, dr7: 0x400n, flags: 0n, ...given } }
}

const noException = { injected: 0, nr: 0, has_error_code: 0, pending: 0, error_code: 0 } as const
const noSmi = { smm: 0, pending: 0, smm_inside_nmi: 0, latched_init: 0 } as const
const noEvents = { flags: 0, exception: noException, exception_has_payload: 0, smi: noSmi } as const
const aroundEvents = made<Call.SetEventsCall>({
  given: noEvents,
  payloadEnabled: true,
  tripleFaultEnabled: true,
  hasSmm: true,
  waitsForSipi: false,
  applied: 'nothing',
})

/** KVM_SET_VCPU_EVENTS with nothing on its way, every capability on. */
export function aSetEvents(
  given: { [N in keyof Call.SetEventsCall['given']]?: Partial<Call.SetEventsCall['given'][N]> } = {},
  around: Partial<Omit<Call.SetEventsCall, 'given'>> = {},
): Call.SetEventsCall {
  const exception = { ...noException, ...given.exception }
  const smi = { ...noSmi, ...given.smi }
  return aroundEvents({ ...around, given: { ...noEvents, ...given, exception, smi } as Call.SetEventsCall['given'] })
}

export const aSetMpState = made<Call.SetMpStateCall>({
  given: { mp_state: 0 },
  localApic: true,
  inSmm: false,
  smiPending: false,
  initBlocked: false,
  stored: 0,
  sipiPending: false,
})

export const aLapicCall = made<Call.LapicCall>({
  localApic: true,
  x2apicMode: false,
  longIds: false,
  givenId: 0,
  x2apicId: 0,
  storedId: 0,
})

/** KVM_SET_XCRS of XCR0 alone. */
export function aSetXcr0(value: bigint, around: Partial<Call.SetXcrsCall> = {}): Call.SetXcrsCall {
  return {
    given: { nr_xcrs: 1, flags: 0, xcrs: [{ xcr: 0, value }] },
    hostHasXsave: true,
    supportedXcr0: 0x6_02ffn,
    xcr0: 1n,
    ...around,
  }
}

export const aGetXsave = made<Call.GetXsaveCall>({ areaBytes: 4096, hostComponents: 3n, toldComponents: 0n })

export const aSetXsave = made<Call.SetXsaveCall>({
  present: 3n,
  compacted: 0n,
  reservedBytes: false,
  mxcsr: 0x1f80,
  mxcsrMask: 0xffff,
  supported: 7n,
})

export const anInterrupt = made<Call.InterruptCall>({
  irq: 0x20,
  irqchip: 'none',
  external: undefined,
  injected: undefined,
})
export const aSignalMask = made<Call.SignalMaskCall>({ address: 'usable', length: 8, given: 0n, stored: undefined })
export const aGuestDebug = made<Call.GuestDebugCall>({ control: 0, exceptionPending: false, inForce: 0 })
export const aSetTscKhz = made<Call.SetTscKhzCall>({
  given: 2_000_000,
  hostKhz: 2_000_000,
  scaling: false,
  mostKhz: 0xffff_ffff,
  tolerancePpm: 250,
  hasVcpus: false,
})
