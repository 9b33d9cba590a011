import { hostNamed } from '@vmm/cpu-models'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm } from '../index.ts'

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A vCPU in real mode about to run code at 1000H, with memory up to D0000H. */
function guest(code: readonly number[], { kernel = '6.12', on = 'spr' } = {}): KvmVcpu {
  const found = hostNamed(on)
  if (found.kind !== 'host') throw new Error(found.says)
  const vm = given(openKvm({ kernel, host: found.host, memoryBytes: 1 << 20 }).createVm())
  vm.memory.bytes.set(code, 0x1000)
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0xd_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  const ds = { ...sregs.ds, base: 0xd_0000n, selector: 0xd000 }
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 }, ds })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return vcpu
}

/** FLD of eight bytes from D0010H, then HLT. */
const fldThere = [0xdd, 0x06, 0x10, 0x00, 0xf4]

test('an x87 load from no memory is an internal error with its bytes, not an access for user space', () => {
  const vcpu = guest(fldThere)
  const exit = given(vcpu.run())
  if (exit.kind !== 'internal-error') throw new Error(exit.kind)
  // flags, fifteen bytes behind their number, and the EPT violation of a load
  expect(exit.data).toEqual([1n, 0xf4_0010_06dd_0fn, 0n, 0x30n, 0x181n, 0n, 0n, 0n])
  expect(vcpu.state.getRegs().rip).toBe(0x1000n)
})

test.each([
  ['5.10', []],
  ['5.15', [1n, 0xf4_0010_06dd_0fn, 0n]],
])('Linux %s tells less of it', (kernel, data) => {
  expect(given(guest(fldThere, { kernel }).run())).toMatchObject({ kind: 'internal-error', data })
})

test('an x87 store to no memory does not happen: nothing is popped', () => {
  // FLDZ; FSTP to D0010H
  const vcpu = guest([0xd9, 0xee, 0xdd, 0x1e, 0x10, 0x00, 0xf4], { on: 'milan' })
  const exit = given(vcpu.run())
  if (exit.kind !== 'internal-error') throw new Error(exit.kind)
  expect(exit.data.slice(3)).toEqual([0x400n, 0x1_0000_0006n, 0xd0010n, 0n, 0n])
  expect([vcpu.state.getRegs().rip, vcpu.state.getFpu().ftwx]).toEqual([0x1002n, 0x80])
})

test('the guest that goes on has #UD of it', () => {
  const vcpu = guest(fldThere)
  given(vcpu.run())
  expect(vcpu.state.getVcpuEvents().exception).toMatchObject({ nr: 6, pending: 1 })
})

test('the store of a string to a port has moved its registers when user space is told', () => {
  // REP OUTSB
  const vcpu = guest([0xf3, 0x6e, 0xf4])
  const { ds, ...sregs } = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, ds: { ...ds, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rcx: 2n, rsi: 0x2000n, rdx: 0x70n })
  const told = () => [given(vcpu.run()).kind, vcpu.state.getRegs().rcx, vcpu.state.getRegs().rsi]
  expect([told(), told(), told()]).toEqual([
    ['io', 1n, 0x2001n],
    ['io', 0n, 0x2002n],
    ['hlt', 0n, 0x2002n],
  ])
})

/** UD2 where there is no table of interrupts, in protected mode; behind it a HLT. */
function shutDown(kernel: string, on: string): KvmVcpu {
  const vcpu = guest([0x0f, 0x0b, 0xf4], { kernel, on })
  const sregs = vcpu.state.getSregs()
  const cs = { ...sregs.cs, base: 0n, selector: 8, db: 1, type: 0xb, g: 1, limit: 0xffff_ffff }
  vcpu.state.setSregs({ ...sregs, cr0: 0x11n, cs, idt: { base: 0n, limit: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rbx: 5n })
  expect(given(vcpu.run()).kind).toBe('shutdown')
  return vcpu
}

test.each([
  ['leaves nothing of it under kvm_amd', '6.12', 'milan', [0xfff0n, 0n]],
  ['leaves its general registers under an older kvm_amd', '5.10', 'milan', [0xfff0n, 5n]],
  ['leaves all of it under kvm_intel', '6.12', 'spr', [0x1000n, 5n]],
])('a guest that shuts down %s', (_, kernel, on, left) => {
  const { rip, rbx } = shutDown(kernel, on).state.getRegs()
  expect([rip, rbx]).toEqual(left)
})

test('one of kvm_amd goes nowhere afterwards, until its registers are set otherwise', () => {
  const vcpu = shutDown('6.12', 'milan')
  const before = vcpu.instructions
  expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
  expect(vcpu.instructions).toBe(before)
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cr0: 0x6000_0010n, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1002n, rsp: 0x8000n })
  expect(given(vcpu.run()).kind).toBe('hlt')
})

test('CR4 takes no bit that KVM does not have on its host, whatever the guest is told', () => {
  const found = hostNamed('haswell')
  if (found.kind !== 'host') throw new Error(found.says)
  const keys = 1n << 22n
  const answerIn = (kernel: string) => {
    const vcpu = given(given(openKvm({ kernel, host: found.host, memoryBytes: 1 << 20 }).createVm()).createVcpu(0))
    vcpu.setCpuid2([{ function: 7, index: 0, flags: 1, eax: 0, ebx: 0, ecx: 8, edx: 0 }])
    return vcpu.state.setSregs({ ...vcpu.state.getSregs(), cr4: keys })
  }
  expect(answerIn('6.12')).toMatchObject({ errno: 'EINVAL', rule: 'sregs-cr4-host-reserved' })
  expect(answerIn('5.4.18')).toBeUndefined()
})
