import { deliveryModes } from '@vmm/device'
import type { OtherProcessors, ProcessorMessage } from '@vmm/vcpu'
import type { KvmVcpu } from '../vcpu.ts'
import type { LocalApics } from './local-apics.ts'

/** What a local APIC, or another vCPU, tells a processor beside vectors. */
export type ProcessorSignal =
  | { readonly kind: 'nmi' | 'smi' | 'init' }
  /** It goes on behind HLT, which it has executed or will. */
  | { readonly kind: 'unhalt' }
  /** Begin at `vector << 12`, where one is waited for. */
  | { readonly kind: 'startup'; readonly vector: number }

/** Where the other processors of a vCPU are. */
export interface AmongProcessors {
  readonly apics: LocalApics
  /** All vCPUs of the VM. */
  readonly vcpus: () => readonly KvmVcpu[]
  /** The vCPU has nothing to do before another has run. */
  readonly yields: () => void
}

/**
 * What hypercalls do to other vCPUs, where local APICs are in the kernel.
 * Source: arch/x86/kvm/x86.c kvm_pv_kick_cpu_op, kvm_sched_yield; arch/x86/kvm/lapic.c kvm_pv_send_ipi (Linux 6.12).
 */
export function otherProcessors({ apics, vcpus, yields }: AmongProcessors): OtherProcessors {
  const withId = (apicId: number) => vcpus().find((vcpu) => vcpu.apicId === apicId)
  return {
    kick: (apicId) => {
      withId(apicId)?.signal({ kind: 'unhalt' })
      yields()
    },
    yieldTo: (apicId) => {
      if (withId(apicId)?.isReady === true) yields()
    },
    send: ({ apicIds, ...message }) => {
      let taken = 0
      for (const apicId of apicIds) if (withId(apicId) !== undefined) taken += sent(apics, apicId, message)
      return taken
    },
  }
}

function sent(apics: LocalApics, destination: number, message: Omit<ProcessorMessage, 'apicIds'>): number {
  const { vector, deliveryMode, trigger } = message
  const delivery = deliveryModes[deliveryMode]
  if (delivery === undefined) return 0
  return Math.max(0, apics.send({ vector, delivery, destination, destinationMode: 'physical', trigger }))
}
