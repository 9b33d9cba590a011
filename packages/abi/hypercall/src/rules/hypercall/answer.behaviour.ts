import { always, type Behaviour, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type Hypercall, returnValue } from '../../hypercall.ts'
import type { HypercallName } from '../../hypercalls.rows.ts'
import type { HypercallVerdict } from '../../verdict.ts'
import { type HypercallCase, made, rowOf } from './case.ts'

const apicIdOf = (value: bigint) => Number(BigInt.asUintN(32, value))

const answers: Readonly<Partial<Record<string, (call: Hypercall) => HypercallVerdict>>> = {
  KVM_HC_VAPIC_POLL_IRQ: (call) => ({ kind: 'return', value: returnValue(call, 0) }),
  KVM_HC_KICK_CPU: (call) => ({ kind: 'kick-cpu', apicId: apicIdOf(call.arguments[1]), value: 0n }),
  KVM_HC_CLOCK_PAIRING: (call) => ({ kind: 'clock-pairing', address: call.arguments[0] }),
  KVM_HC_SEND_IPI: sendIpi,
  KVM_HC_SCHED_YIELD: (call) => ({ kind: 'yield', apicId: apicIdOf(call.arguments[0]), value: 0n }),
  KVM_HC_MAP_GPA_RANGE: (call) => ({
    kind: 'exit',
    exit: 'hypercall',
    number: Number(call.number),
    arguments: call.arguments.slice(0, 3),
    width: call.width,
  }),
} satisfies Partial<Record<HypercallName, (call: Hypercall) => HypercallVerdict>>

function sendIpi(call: Hypercall): HypercallVerdict {
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

const polled = made('KVM_HC_VAPIC_POLL_IRQ')

/** What a hypercall that nothing refuses comes to. */
export const answer: Behaviour<HypercallCase, HypercallCase> = behaviour({
  id: 'hc-answer',
  catalogue: 'hc-registers',
  says: 'a hypercall that nothing refuses is answered by its number',
  sources: [
    kernelSource('arch/x86/kvm/x86.c', 'kvm_emulate_hypercall', '6.1.192'),
    kernelSource('arch/x86/kvm/x86.c', '__kvm_emulate_hypercall', '6.12.117'),
  ],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (made) => {
        const name = rowOf(made)?.name
        if (made.verdict !== undefined || name === undefined) return made
        return { ...made, verdict: answers[name]?.(made.call) }
      },
      witness: { in: polled, out: { ...polled, verdict: { kind: 'return', value: 0n } } },
    },
  ],
})
