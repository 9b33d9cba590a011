import { kvmOneReg, kvmRegList } from '@vmm/kvm-uapi'
import { u64 } from '@vmm/layout'
import { type OneRegCall, oneRegCall, regListCall } from '@vmm/msr'
import { refusalOf, resolve, run } from '@vmm/rule'
import type { KvmVcpu } from '../vcpu.ts'
import { type Call, faulted, type Handlers, type Result, taken } from './call.ts'

/** Calls on one register of a vCPU by its number: MSRs, and the shadow-stack pointer, which no vCPU here has. */
export const oneRegCalls: Handlers<KvmVcpu> = {
  KVM_GET_ONE_REG: (vcpu, call) => oneReg(vcpu, call, 'read'),
  KVM_SET_ONE_REG: (vcpu, call) => oneReg(vcpu, call, 'write'),
  KVM_GET_REG_LIST: regList,
}

function oneReg(vcpu: KvmVcpu, call: Call, access: OneRegCall['access']): Result {
  const given = taken(call, kvmOneReg)
  const { id = 0n, addr = 0n } = given?.value ?? {}
  const index = Number(id & 0xffff_ffffn)
  const value = call.memory.read(addr, u64.size)
  const faults = new Set<'argument' | 'value'>()
  if (given === undefined) faults.add('argument')
  if (value === undefined) faults.add('value')
  const read = access === 'read' ? vcpu.msrs.host('read', index, 0n) : undefined
  const asked: OneRegCall = { access, id, faults, shadowStacks: false, succeeds: true }
  const steps = resolve(oneRegCall, vcpu.profile)
  const before = run(steps, asked)
  if (before.kind === 'refused') return before.refusal
  const data = value === undefined ? 0n : new DataView(value.buffer).getBigUint64(0, true)
  const done = access === 'read' ? read : vcpu.setMsr(index, data)
  const after = run(steps, { ...asked, succeeds: done !== undefined })
  if (after.kind === 'refused') return after.refusal
  if (access === 'write' || done === undefined) return 0
  return call.memory.write(addr, bytesOf(done)) ? 0 : faulted(call.name)
}

function regList(vcpu: KvmVcpu, call: Call): Result {
  const given = taken(call, kvmRegList)
  const faults = new Set<'read count' | 'write count' | 'write list'>()
  if (given === undefined) faults.add('read count')
  else if (!call.memory.write(call.argument, bytesOf(0n))) faults.add('write count')
  const asked = { room: given?.value.n ?? 0n, shadowStacks: false, faults }
  return refusalOf(resolve(regListCall, vcpu.profile), asked) ?? 0
}

function bytesOf(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value, true)
  return bytes
}
