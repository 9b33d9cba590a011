import { kvmClockData, kvmDeviceAttr } from '@vmm/kvm-uapi'
import { u64 } from '@vmm/layout'
import { resolve, run } from '@vmm/rule'
import { kvmclockCtrlPipeline, setTscKhzPipeline, vcpuAttributePipeline } from '@vmm/vcpu'
import type { KvmVcpu } from '../vcpu.ts'
import type { Vm } from '../vm.ts'
import { type Call, faulted, gives, type Handlers, put, type Result, returned, taken, takes } from './call.ts'

const low32 = (argument: bigint): number => Number(BigInt.asUintN(32, argument))
const clockRegisters = [0x12, 0x4b56_4d01] as const

/** Calls about the time of a VM. */
export const vmTimeCalls: Handlers<Vm> = {
  KVM_GET_CLOCK: gives(kvmClockData, ({ time }: Vm) => ({ ...nothing, ...time.getClock() })),
  KVM_SET_CLOCK: takes(kvmClockData, ({ time }: Vm, given) => returned(time.setClock(given))),
  KVM_GET_TSC_KHZ: ({ time }) => time.kHz,
  KVM_SET_TSC_KHZ: ({ time }, { argument }) => returned(time.setKhz(low32(argument))),
}

/** Calls about the time of a vCPU. */
export const vcpuTimeCalls: Handlers<KvmVcpu> = {
  KVM_GET_TSC_KHZ: ({ processor }) => processor.around.tsc.kHz,
  KVM_SET_TSC_KHZ: setTscKhz,
  KVM_KVMCLOCK_CTRL: kvmclockCtrl,
  KVM_HAS_DEVICE_ATTR: (vcpu, call) => attribute(vcpu, call, 'has'),
  KVM_GET_DEVICE_ATTR: (vcpu, call) => attribute(vcpu, call, 'get'),
  KVM_SET_DEVICE_ATTR: (vcpu, call) => attribute(vcpu, call, 'set'),
}

const nothing = kvmClockData.read(new DataView(new ArrayBuffer(kvmClockData.size)), 0)

function setTscKhz({ profile, processor, vm }: KvmVcpu, { argument }: Call): Result {
  const asked = low32(argument)
  const outcome = run(resolve(setTscKhzPipeline, profile), vm.time.khzCase(asked))
  if (outcome.kind === 'refused') return outcome.refusal
  processor.around.tsc.kHz = asked === 0 ? vm.time.kHz : asked
  return 0
}

/** The guest was stopped: it is told so once, and forgives that its time has jumped. */
function kvmclockCtrl({ profile, msrs, processor }: KvmVcpu): Result {
  const index = clockRegisters.find((register) => ((msrs.held(register) ?? 0n) & 1n) === 1n)
  const outcome = run(resolve(kvmclockCtrlPipeline, profile), { clockActive: index !== undefined })
  if (outcome.kind === 'refused') return outcome.refusal
  if (index !== undefined) processor.around.writePvClock(index, msrs.held(index) ?? 0n, 'stopped')
  return 0
}

/** The one attribute of a vCPU is what is added to the machine's counter. */
function attribute({ profile, processor, vm }: KvmVcpu, call: Call, access: 'has' | 'get' | 'set'): Result {
  const given = taken(call, kvmDeviceAttr)
  if (given === undefined) return faulted(call.name)
  const { group, attr, addr } = given.value
  const { tsc } = processor.around
  const value = call.memory.read(addr, u64.size)
  const outcome = run(resolve(vcpuAttributePipeline, profile), {
    group,
    attr,
    usable: access === 'has' || value !== undefined,
  })
  if (outcome.kind === 'refused') return outcome.refusal
  if (access === 'set' && value !== undefined) {
    vm.time.tscs.move(tsc, new DataView(value.buffer).getBigUint64(0, true))
  }
  if (access !== 'get') return 0
  return put({ ...call, argument: addr }, u64, tsc.offset) ? 0 : faulted(call.name)
}
