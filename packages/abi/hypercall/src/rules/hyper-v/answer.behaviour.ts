import { always, type Behaviour, behaviour } from '@vmm/rule'
import { readConnection } from '../../hyper-v-input.ts'
import { asked } from './arguments.rule.ts'
import { type HyperVCase, type HyperVVerdict, hyperVMade, hyperVRowOf, hyperVSource } from './case.ts'
import { isForUserSpace } from './no-synic.rule.ts'

const success = 0n
const spun = hyperVMade('HVCALL_NOTIFY_LONG_SPIN_WAIT')

function verdict(made: HyperVCase): HyperVVerdict {
  const { call, context } = made
  const name = hyperVRowOf(made)?.name
  if (name === 'HVCALL_NOTIFY_LONG_SPIN_WAIT') return { kind: 'spin', result: success }
  if (name === 'HVCALL_SIGNAL_EVENT' && !isForUserSpace(made)) {
    const connection = Number(readConnection(call, context.input) ?? 0n)
    return { kind: 'signal-event', connection, result: success }
  }
  const wish = asked(made, name)
  if (wish === undefined || wish === 'malformed') {
    return { kind: 'exit', exit: 'hyperv', input: call.control, params: [call.input, call.output] }
  }
  if ('vector' in wish) return { kind: 'send-ipi', ...wish, result: success }
  return { kind: 'flush-tlb', ...wish, result: BigInt(call.repeatCount) << 32n }
}

/** What a call that nothing refuses comes to. A list counts as gone through whole. */
export const hyperVAnswer: Behaviour<HyperVCase, HyperVCase> = behaviour({
  id: 'hv-hc-answer',
  catalogue: 'hv-hc-exit',
  says: "KVM answers Hyper-V's flushes, IPIs, spin waits and known events itself, and asks user space about the rest",
  sources: [hyperVSource],
  evidence: 'source',
  versions: [
    {
      lifetime: always,
      does: (made) => ({ ...made, verdict: verdict(made) }),
      witness: { in: spun, out: { ...spun, verdict: { kind: 'spin', result: 0n } } },
    },
  ],
})
