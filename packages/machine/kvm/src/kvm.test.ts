import { hostNamed } from '@vmm/cpu-models'
import { kvmRun } from '@vmm/kvm-uapi'
import { type Assembler, al, assembler, dx, eax, ebx, ecx, edx, mem8 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type Kvm, type KvmVcpu, openKvm, type Vm } from './index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

const open = (kernel: string): Kvm => openKvm({ kernel, host, memoryBytes: 1 << 20 })

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A VM of one page of code in real mode at 1000H, and 64 KiB of memory. */
function guest(kernel: string, write: (a: Assembler) => void): { kvm: Kvm; vm: Vm; vcpu: KvmVcpu } {
  const kvm = open(kernel)
  const vm = given(kvm.createVm())
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  given(
    vm.setUserMemoryRegion({
      slot: 0,
      flags: 0,
      guest_phys_addr: 0n,
      memory_size: 0x1_0000n,
      userspace_addr: vm.memory.address,
    }),
  )
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
  return { kvm, vm, vcpu }
}

test('a release that nobody listed is no kernel', () => {
  expect(() => open('3.2')).toThrow('kernel 3.2 is not known')
})

test('what cannot be asked for is answered 0', () => {
  expect([open('6.1').getApiVersion(), open('6.1').checkExtension(9999)]).toEqual([12, 0])
  expect([open('5.10').checkExtension(201), open('6.1').checkExtension(201)]).toEqual([0, 0x1000])
})

test('port accesses, memory that is not there and HLT come to user space, and go on with its answers', () => {
  const { vcpu } = guest('6.1', (a) =>
    a
      .mov(dx, 0x3f8)
      .in(al, dx)
      .out(dx, al)
      .mov(mem8({ displacement: 0 }), al)
      .hlt(),
  )
  const port = given(vcpu.run())
  expect(port).toMatchObject({ kind: 'io', direction: 'in', port: 0x3f8, size: 1, count: 1 })
  vcpu.page.bytes[4096] = 0x5a
  expect(given(vcpu.run())).toMatchObject({ kind: 'io', direction: 'out', data: Uint8Array.of(0x5a) })
  expect(given(vcpu.run())).toMatchObject({ kind: 'hlt' })
})

test('kvm_run tells what user space reads', () => {
  const { vcpu } = guest('6.1', (a) => a.mov(dx, 0x80).out(dx, al).hlt())
  given(vcpu.run())
  const view = new DataView(vcpu.page.bytes.buffer)
  expect(view.getUint32(kvmRun.offset.exit_reason, true)).toBe(2)
  expect([view.getUint8(32), view.getUint8(33), view.getUint16(34, true), view.getUint32(36, true)]).toEqual([
    1, 1, 0x80, 1,
  ])
})

test('a vCPU that is asked to come back at once finishes what waits, and says EINTR', () => {
  const { vcpu } = guest('6.1', (a) => a.mov(dx, 0x80).out(dx, al).hlt())
  given(vcpu.run())
  vcpu.page.bytes[kvmRun.offset.immediate_exit] = 1
  expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EINTR' })
  expect(vcpu.state.getRegs().rip).toBe(0x1004n)
})

test('a guest that never comes back by itself is brought back by a signal', () => {
  const { vcpu } = guest('6.1', (a) => a.label('again').jmp('again'))
  expect(vcpu.run({ signalAfter: 1000 })).toMatchObject({ kind: 'refused', errno: 'EINTR' })
})

test.each([
  ['5.10', 'done'],
  ['5.16.2', 'refused'],
  ['5.16.3', 'done'],
  ['6.12', 'done'],
])('in %s the same CPUID table after a run is %s', (kernel, kind) => {
  const { kvm, vcpu } = guest(kernel, (a) => a.hlt())
  const table = kvm.getSupportedCpuid()
  given(vcpu.setCpuid2(table))
  given(vcpu.run())
  expect(vcpu.setCpuid2(table).kind).toBe(kind)
})

test('another CPUID table after a run is refused, by a rule with its releases, and changes nothing', () => {
  const { kvm, vcpu } = guest('6.12', (a) => a.hlt())
  const table = kvm.getSupportedCpuid()
  given(vcpu.setCpuid2(table))
  given(vcpu.run())
  const refused = vcpu.setCpuid2(table.slice(1))
  if (refused.kind !== 'refused') throw new Error('it was taken')
  expect(refused.says).toContain('KVM_SET_CPUID2: EINVAL: ')
  expect(refused.says).toContain('set-cpuid-immutable-after-run')
  expect(given(vcpu.getCpuid2(256)).entries.length).toBe(table.length)
})

test('a guest sees the table that it was given', () => {
  const { vcpu } = guest('6.12', (a) => a.mov(eax, 0x4000_0000).xor(ecx, ecx).cpuid().hlt())
  const leaf = {
    function: 0x4000_0000,
    index: 0,
    flags: 0,
    eax: 0x4000_0001,
    ebx: 0x4b4d_564b,
    ecx: 0x564b_4d56,
    edx: 0x4d,
  }
  given(vcpu.setCpuid2([leaf]))
  given(vcpu.run())
  const { rax, rbx } = vcpu.state.getRegs()
  expect([rax, rbx]).toEqual([0x4000_0001n, 0x4b4d_564bn])
})

test('a processor that halted goes on when it is run again: its interrupt controller is in user space', () => {
  const { vcpu } = guest('6.12', (a) => a.hlt().mov(eax, 7).hlt())
  expect(given(vcpu.run()).kind).toBe('hlt')
  expect(vcpu.state.getMpState().mp_state).toBe(0)
  expect(given(vcpu.run()).kind).toBe('hlt')
  expect(vcpu.state.getRegs().rax).toBe(7n)
})

test('CPUID shows a guest what it has set, and leaves out of range as the release does', () => {
  const table = [
    { function: 0, index: 0, flags: 0, eax: 1, ebx: 0x6874_7541, ecx: 0x444d_4163, edx: 0x6974_6e65 },
    { function: 1, index: 0, flags: 0, eax: 0x806f8, ebx: 0, ecx: 1 << 26, edx: 0 },
  ]
  const ask = (kernel: string, leaf: number) => {
    const { vcpu } = guest(kernel, (a) => a.mov(eax, leaf).xor(ecx, ecx).cpuid().hlt())
    given(vcpu.setCpuid2(table))
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cr4: 1n << 18n })
    given(vcpu.run())
    const { rax, rcx, rdx } = vcpu.state.getRegs()
    return [rax, rcx, rdx].map(Number)
  }
  const first = [0x806f8, (1 << 26) | (1 << 27), 1 << 9]
  expect([ask('6.12', 1), ask('6.15', 1)]).toEqual([first, first])
  expect([ask('5.4', 5), ask('6.12', 5)]).toEqual([first, [0, 0, 0]])
})

test('a hypercall that user space has asked for comes to it', () => {
  const { vm, vcpu } = guest('6.12', (a) => a.mov(eax, 12).mov(ebx, 0x1000).mov(ecx, 1).xor(edx, edx).vmcall().hlt())
  expect(vm.enableCap({ cap: 201, args: [1n] })).toMatchObject({
    kind: 'refused',
    errno: 'EINVAL',
    rule: 'cap-exit-hypercall-mask',
  })
  given(vm.enableCap({ cap: 201, args: [0x1000n] }))
  expect(given(vcpu.run())).toMatchObject({ kind: 'hypercall', number: 12, width: 32 })
  new DataView(vcpu.page.bytes.buffer).setBigUint64(88, 7n, true)
  expect(given(vcpu.run()).kind).toBe('hlt')
  expect(vcpu.state.getRegs().rax).toBe(7n)
})

test.each([
  ['6.9', 'hypercall'],
  ['6.12', 'hlt'],
  ['6.14', 'hypercall'],
])('in %s MAP_GPA_RANGE of 32-bit code with something in the upper half of RAX ends in %s', (kernel, kind) => {
  const { vm, vcpu } = guest(kernel, (a) => a.mov(ebx, 0x1000).mov(ecx, 1).xor(edx, edx).vmcall().hlt())
  given(vm.enableCap({ cap: 201, args: [0x1000n] }))
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rax: 0x1_0000_000cn })
  expect(given(vcpu.run()).kind).toBe(kind)
  if (kind === 'hlt') expect(vcpu.state.getRegs().rax).toBe(0n)
})

test.each([
  ['6.1', 0xffff_ffff_0000_0000n, 7n],
  ['6.12', 0n, 7n],
  ['6.14', 0n, 0n],
])('in %s the exit of a hypercall writes as many of its words', (kernel, flags, result) => {
  const { vm, vcpu } = guest(kernel, (a) => a.mov(eax, 12).mov(ebx, 0x1000).mov(ecx, 1).xor(edx, edx).vmcall().hlt())
  given(vm.enableCap({ cap: 201, args: [0x1000n] }))
  const page = new DataView(vcpu.page.bytes.buffer)
  page.setBigUint64(88, 7n, true)
  page.setBigUint64(96, -1n, true)
  given(vcpu.run())
  expect([page.getBigUint64(96, true), page.getBigUint64(88, true)]).toEqual([flags, result])
})

test('memory slots are refused as the kernel does, and one that was refused changes nothing', () => {
  const { vm } = guest('6.12', (a) => a.hlt())
  const region = {
    slot: 1,
    flags: 0,
    guest_phys_addr: 0x8000n,
    memory_size: 0x1000n,
    userspace_addr: vm.memory.address,
  }
  expect(vm.setUserMemoryRegion(region)).toMatchObject({ kind: 'refused', errno: 'EEXIST', rule: 'memslot-overlap' })
  expect(vm.slots.length).toBe(1)
})
