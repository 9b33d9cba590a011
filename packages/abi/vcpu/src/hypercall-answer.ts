import { decodeHypercall, type HypercallVerdict, hypercallErrors, returnValue } from '@vmm/hypercall'
import { type GprName, gprIndex } from '@vmm/x86-registers'
import type { Completion } from './completion.ts'
import type { Engine } from './engine-port.ts'
import type { Guest } from './guest.ts'
import type { KeptPromises } from './kept-promises.ts'
import type { OtherProcessors } from './machine.ts'

/** What answers a hypercall of KVM's own interface. */
export interface AnsweringHypercall {
  readonly engine: Engine
  readonly completion: Completion
  readonly guest: Guest
  readonly promises: KeptPromises
  /** Bit n: hypercall n exits to user space. */
  readonly exits: number
  /** Whether what the guest was not shown is there for it all the same. */
  readonly featureBits: 'enforced' | 'advisory'
  /** Whether the guest is in 64-bit mode. */
  readonly long: boolean
  /** The other processors of the machine, if it has any. */
  readonly others: OtherProcessors | undefined
}

/**
 * Does what a hypercall is for, or asks user space: false while that has not answered. A clock to pair with there is none: the
 * verdict's own answer goes to the guest.
 */
export function answerHypercall(by: AnsweringHypercall): boolean {
  const { engine, guest, promises, exits, long, featureBits } = by
  const register = (name: GprName) => engine.gpr(gprIndex(name))
  const call = decodeHypercall(
    { rax: register('RAX'), rbx: register('RBX'), rcx: register('RCX'), rdx: register('RDX'), rsi: register('RSI') },
    { width: long ? 64 : 32, cpl: Number(engine.get('CPL')) },
  )
  const verdict = promises.hypercall(call, {
    ...{ has: guest.has, featureBits, exits, clockPairing: 'unavailable' },
  })
  const result = verdict.kind === 'exit' ? askUser(by, verdict) : returnValue(call, done(by, verdict))
  if (result !== undefined) engine.setGpr(gprIndex('RAX'), result)
  return result !== undefined
}

type Exit = Extract<HypercallVerdict, { kind: 'exit' }>

function askUser({ completion, promises }: AnsweringHypercall, { number, arguments: values, width }: Exit) {
  const given = completion.hypercall({ number, arguments: values, width })
  return given === undefined ? undefined : promises.completeHypercall({ width, result: given })
}

/**
 * Gives what comes of it. A processor that is told of and is not there is no error; that KVM has no local APIC is one for an IPI.
 * Source: arch/x86/kvm/lapic.c, kvm_pv_send_ipi (Linux 6.12.117).
 */
function done({ others }: AnsweringHypercall, verdict: Exclude<HypercallVerdict, Exit>): bigint {
  switch (verdict.kind) {
    case 'return':
      return verdict.value
    case 'kick-cpu':
      others?.kick(verdict.apicId)
      return verdict.value
    case 'yield':
      others?.yieldTo(verdict.apicId)
      return verdict.value
    case 'send-ipi':
      return BigInt(others?.send(verdict) ?? -hypercallErrors.KVM_EOPNOTSUPP)
    case 'clock-pairing':
      return 0n
    default:
      return verdict satisfies never
  }
}
