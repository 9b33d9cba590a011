import { kvmSignalMask, kvmTprAccessCtl, kvmTranslation, kvmVapicAddr } from '@vmm/kvm-uapi'
import { resolve, run } from '@vmm/rule'
import { setSignalMaskPipeline, tprAccessPipeline, translatePipeline } from '@vmm/vcpu'
import { vapicPipeline } from '../rules/vapic/index.ts'
import type { VapicCase } from '../rules/vapic/without-apic.rule.ts'
import { translateLinear } from '../translate-linear.ts'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, type Handlers, put, type Result, taken, takes } from './call.ts'

const pageMask = 0xfffn
const maskBytes = 8

/** Calls on a vCPU that ask about it, or say how it shall be run. */
export const vcpuAboutCalls: Handlers<KvmVcpu> = {
  KVM_TRANSLATE: takes(kvmTranslation, translated),
  KVM_SET_SIGNAL_MASK: setSignalMask,
  KVM_TPR_ACCESS_REPORTING: takes(kvmTprAccessCtl, (vcpu: KvmVcpu, given, call) => {
    const outcome = run(resolve(tprAccessPipeline, vcpu.profile), given)
    if (outcome.kind === 'refused') return outcome.refusal
    vcpu.processor.signals.reportsTpr = given.enabled !== 0
    // the struct goes back as it came, what is reserved in it too
    const whole = call.memory.read(call.argument, kvmTprAccessCtl.size)
    return whole !== undefined && call.memory.write(call.argument, whole) ? 0 : faulted(call.name)
  }),
  KVM_SET_VAPIC_ADDR: (vcpu, call) => {
    const localApic: VapicCase['localApic'] = vcpu.msrs.localApic === 'user space' ? 'user space' : 'kernel'
    const outcome = run(resolve(vapicPipeline, vcpu.profile), { localApic })
    return outcome.kind === 'refused' ? outcome.refusal : setVapic(vcpu, call)
  },
}

const setVapic = takes(kvmVapicAddr, (vcpu: KvmVcpu, { vapic_addr: address }) => {
  vcpu.processor.signals.vapic = address
  return 0
})

/** As the guest's kernel reads. */
function translated(
  { processor, profile, vm }: KvmVcpu,
  given: ReturnType<typeof kvmTranslation.read>,
  call: Call,
): Result {
  const { linear_address: linear } = given
  vm.memory.refresh()
  const page = translateLinear(processor.engine, linear)
  const physical = page === undefined ? undefined : page | (linear & pageMask)
  const none = { physical: 0n, valid: 0, writeable: 0, usermode: 0 }
  const { state } = run(resolve(translatePipeline, profile), { physical, told: none })
  const { physical: physical_address, ...rest } = state.told
  return put(call, kvmTranslation, { ...given, ...rest, physical_address }) ? 0 : faulted(call.name)
}

function setSignalMask(vcpu: KvmVcpu, call: Call): Result {
  const { argument } = call
  const header = argument === 0n ? undefined : taken(call, kvmSignalMask)
  const bits = argument === 0n ? undefined : call.memory.read(argument + BigInt(kvmSignalMask.offset.sigset), maskBytes)
  const there = header === undefined ? 'faults' : bits === undefined ? 'mask faults' : 'usable'
  const outcome = run(resolve(setSignalMaskPipeline, vcpu.profile), {
    address: argument === 0n ? 'null' : there,
    length: header?.value.len ?? 0,
    given: bits === undefined ? 0n : new DataView(bits.buffer).getBigUint64(0, true),
    stored: undefined,
  })
  if (outcome.kind === 'refused') return outcome.refusal
  vcpu.processor.signals.mask = outcome.state.stored
  return 0
}
