import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { Hypercall } from '../../hypercall.ts'
import type { HypercallVerdict } from '../../verdict.ts'
import { answered, apicIdOf } from './answered.ts'
import { type HypercallCase, made } from './case.ts'

const asked = made('KVM_HC_SEND_IPI', [0b101n, 1n, 8n, 0x4041n])

/** 128 vCPUs from 64-bit code, 64 from other code. */
export const sendIpi: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-send-ipi-to',
  catalogue: 'hc-send-ipi',
  says: 'SEND_IPI goes to those whose bits are set, counted from the lowest APIC ID, two words of the code’s width',
  sources: [kernelSource('arch/x86/kvm/lapic.c', 'kvm_pv_send_ipi', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: answered('KVM_HC_SEND_IPI', ipiOf),
      witness: {
        in: asked,
        out: {
          ...asked,
          verdict: {
            kind: 'send-ipi',
            apicIds: [8, 10, 72],
            vector: 0x41,
            deliveryMode: 0,
            level: 'assert',
            trigger: 'edge',
          },
        },
      },
    },
  ],
})

function ipiOf(call: Hypercall): HypercallVerdict {
  const [low, high, lowest, icr] = call.arguments
  const first = apicIdOf(lowest)
  return {
    kind: 'send-ipi',
    apicIds: [...idsIn(low, first, call.width), ...idsIn(high, first + call.width, call.width)],
    vector: Number(icr & 0xffn),
    deliveryMode: Number((icr >> 8n) & 7n),
    level: (icr & 0x4000n) === 0n ? 'deassert' : 'assert',
    trigger: (icr & 0x8000n) === 0n ? 'edge' : 'level',
  }
}

function idsIn(bitmap: bigint, first: number, width: number): readonly number[] {
  return Array.from({ length: width }, (_, bit) => bit)
    .filter((bit) => ((bitmap >> BigInt(bit)) & 1n) === 1n)
    .map((bit) => (first + bit) >>> 0)
}
