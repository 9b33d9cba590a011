import { type Behaviour, behaviour, since, until } from '@vmm/rule'
import { commit, kernelSource } from '@vmm/source'
import { decodeXenCall } from '../../xen.ts'
import { xenCalls, xenCommands } from '../../xen-calls.rows.ts'
import type { XenCase, XenContext, XenVerdict } from './case.ts'

const EINVAL = 22n

type Answer = (made: XenCase) => XenVerdict | undefined

const answers: ReadonlyMap<bigint, Answer> = new Map<bigint, Answer>([
  [xenCalls.xen_version, version],
  [xenCalls.event_channel_op, sendEvent],
  [xenCalls.sched_op, schedule],
  [xenCalls.vcpu_op, singleshotTimer],
  [xenCalls.set_timer_op, setTimer],
])

function version({ call, context }: XenCase): XenVerdict | undefined {
  if (call.params[0] !== xenCommands.XENVER_version || context.version === 0) return undefined
  return { kind: 'return', result: BigInt(context.version) }
}

function sendEvent({ call }: XenCase): XenVerdict | undefined {
  return call.params[0] === xenCommands.EVTCHNOP_send ? { kind: 'send-event', address: call.params[1] } : undefined
}

/** A poll that KVM cannot do is a yield: the guest asks again. */
function schedule({ call, context }: XenCase): XenVerdict | undefined {
  const command = BigInt.asIntN(32, call.params[0])
  const polls = command === xenCommands.SCHEDOP_poll
  if (!polls && command !== xenCommands.SCHEDOP_yield) return undefined
  const able = context.localApic === 'kernel' && context.eventChannels === 'kernel'
  return polls && able ? { kind: 'poll', address: call.params[1] } : { kind: 'yield', result: 0n }
}

/** A vCPU sets no timer but its own. */
function singleshotTimer({ call, context }: XenCase): XenVerdict | undefined {
  const command = BigInt.asIntN(32, call.params[0])
  const sets = command === xenCommands.VCPUOP_set_singleshot_timer
  if (context.timer !== 'kernel' || (!sets && command !== xenCommands.VCPUOP_stop_singleshot_timer)) return undefined
  const own = BigInt.asIntN(32, call.params[1]) === BigInt(context.vcpuId)
  if (!own) return { kind: 'return', result: BigInt.asUintN(64, -EINVAL) }
  return sets ? { kind: 'set-singleshot-timer', address: call.params[2] } : { kind: 'stop-timer', result: 0n }
}

/** 32-bit code gives the 64 bits of the deadline in two. */
function setTimer({ call, context }: XenCase): XenVerdict | undefined {
  if (context.timer !== 'kernel') return undefined
  const [low, high] = call.params
  const deadline = call.width === 64 ? low : low | (high << 32n)
  return deadline === 0n ? { kind: 'stop-timer', result: 0n } : { kind: 'set-timer', deadline, result: 0n }
}

const plain: XenContext = {
  version: 0x4_0011,
  eventChannels: 'kernel',
  localApic: 'kernel',
  timer: 'kernel',
  vcpuId: 0,
}
const registers = { rbx: 0n, rcx: 0n, rdx: 0n, rsi: 0n, rdi: 0n, rbp: 0n, r8: 0n, r9: 0n, r10: 0n }
const asksVersion: XenCase = {
  call: decodeXenCall({ ...registers, rax: xenCalls.xen_version }, { width: 64, cpl: 0 }),
  context: plain,
}

/** What comes of a call of Xen's. Outside CPL 0 nothing is KVM's: user space may know better what that code may do. */
export const xenAnswer: Behaviour<XenCase, XenVerdict> = behaviour<XenCase, XenVerdict>({
  id: 'xen-hc-answer',
  catalogue: 'xen-hc-kernel',
  says: "KVM answers some of Xen's calls from CPL 0 itself, and asks user space about all others",
  sources: [kernelSource('arch/x86/kvm/xen.c', 'kvm_xen_hypercall', '6.12.117')],
  evidence: 'source',
  versions: [
    {
      lifetime: until('5.19'),
      says: 'user space is asked about every call',
      sources: [commit('1a65105a5aba', 'KVM: x86/xen: handle PV spinlocks slowpath')],
      does: () => ({ kind: 'exit', exit: 'xen' }),
      witness: { in: asksVersion, out: { kind: 'exit', exit: 'xen' } },
    },
    {
      lifetime: since('5.19'),
      does: (made) => {
        const answer = made.call.cpl === 0 ? answers.get(made.call.number) : undefined
        return answer?.(made) ?? { kind: 'exit', exit: 'xen' }
      },
      witness: { in: asksVersion, out: { kind: 'return', result: 0x4_0011n } },
    },
  ],
})
