import { dr6Fixed, exceptions } from '@vmm/x86-registers'
import type { Engine } from './engine-port.ts'
import type { PutException } from './event-state.ts'

/** The payload of an exception goes where the guest finds it. Source: arch/x86/kvm/x86.c kvm_deliver_exception_payload. */
export function applyPayload(engine: Engine, { vector, payload }: PutException): void {
  if (payload === undefined) return
  if (vector === exceptions.PF.vector) engine.set('CR2', payload)
  if (vector === exceptions.DB.vector) engine.set('DR6', dr6With(engine.get('DR6'), payload))
}

/** Bits of DR6 that are zero for a cause come as ones in a payload. */
const dr6With = (dr6: bigint, payload: bigint): bigint => ((dr6 & ~0xfn) | dr6Fixed | payload) ^ (payload & dr6Fixed)
