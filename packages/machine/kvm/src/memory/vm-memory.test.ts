import { hostNamed } from '@vmm/cpu-models'
import type { Host } from '@vmm/cpuid'
import { type Assembler, al, assembler, mem8 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm, ProcessMemory, type Vm } from '../index.ts'

const found = hostNamed('genoa')
if (found.kind !== 'host') throw new Error(found.says)
const host: Host = { ...found.host, kconfig: { ...found.host.kconfig, CONFIG_KVM_SW_PROTECTED_VM: true } }

function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

interface Guest {
  readonly vm: Vm
  readonly vcpu: KvmVcpu
}

/** A VM of a type with 64 KiB of memory at 0 and code at 1000H. */
function guest(write: (a: Assembler) => void, { kernel = '6.12', type = 0n } = {}): Guest {
  const vm = given(openKvm({ kernel, host, memoryBytes: 1 << 20 }).createVm(type))
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  write(a)
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  given(vm.setUserMemoryRegion(slot(vm, 0, 0n, 0x8000n)))
  const vcpu = given(vm.createVcpu(0))
  begin(vcpu)
  return { vm, vcpu }
}

function begin(vcpu: KvmVcpu): void {
  const sregs = vcpu.state.getSregs()
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: 0x1000n, rsp: 0x8000n })
}

const slot = (vm: Vm, number: number, guest_phys_addr: bigint, memory_size: bigint, flags = 0) => ({
  slot: number,
  flags,
  guest_phys_addr,
  memory_size,
  userspace_addr: vm.memory.address + guest_phys_addr,
})

const loaded = ({ vcpu }: Guest) => Number(vcpu.state.getRegs().rax & 0xffn)
const load = (a: Assembler) => a.mov(al, mem8({ displacement: 0x9000 })).hlt()

test('a VM with private memory is made where the kernel was built for it, since 6.8', () => {
  const kinds = ['6.6', '6.8', '6.12'].map((kernel) => openKvm({ kernel, host }).createVm(1n).kind)
  expect(kinds).toEqual(['refused', 'done', 'done'])
  expect(openKvm({ kernel: '6.12', host: found.host }).createVm(1n).kind).toBe('refused')
})

test('a page that is made private shows its guest_memfd, and is told where there is none', () => {
  const made = guest(
    (a) => {
      for (let time = 0; time < 3; time += 1) load(a)
    },
    { type: 1n },
  )
  const { vm, vcpu } = made
  const memfd = given(vm.memory.createMemfd(0x2000n, 0n))
  const region = { ...slot(vm, 1, 0x9000n, 0x1000n, 4), guest_memfd: 5, guest_memfd_offset: 0x1000n }
  given(vm.memory.setRegion(region, 'second', memfd))
  vm.memory.bytes[0x9000] = 0x5a
  expect([given(vcpu.run()).kind, loaded(made)]).toEqual(['hlt', 0x5a])
  const page = { address: 0x9000n, size: 0x1000n, flags: 0n }
  given(vm.memory.setAttributes({ ...page, attributes: 8n }))
  expect([given(vcpu.run()).kind, loaded(made)]).toEqual(['hlt', 0])
  given(vm.memory.setRegion({ ...region, memory_size: 0n }, 'second'))
  expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EFAULT' })
  const view = new DataView(vcpu.page.bytes.buffer)
  const told = [view.getUint32(8, true), ...[32, 40, 48].map((at) => view.getBigUint64(at, true))]
  expect(told).toEqual([39, 8n, 0x9000n, 0x1000n])
  given(vm.memory.setAttributes({ ...page, attributes: 0n }))
  expect(given(vcpu.run())).toMatchObject({ kind: 'mmio', address: 0x9000, direction: 'read' })
})

test('what is private in a VM can be neither read-only nor logged, and moves no more', () => {
  const { vm } = guest(load, { type: 1n })
  const memfd = given(vm.memory.createMemfd(0x2000n, 0n))
  const region = { ...slot(vm, 1, 0x9000n, 0x1000n, 4), guest_memfd: 5, guest_memfd_offset: 0n }
  const set = (change: object) => {
    const answer = vm.memory.setRegion({ ...region, ...change }, 'second', memfd)
    return answer.kind === 'refused' ? answer.rule : 'done'
  }
  expect([set({ flags: 5 }), set({ flags: 6 })]).toEqual(['memslot-private-flags', 'memslot-private-flags'])
  expect([set({}), set({}), set({ slot: 2, guest_phys_addr: 0xa000n })]).toEqual([
    'done',
    'memslot-private-immutable',
    'memslot-memfd-bound',
  ])
})

test('memory is found wherever its process has mapped it, and no longer once it has not', () => {
  const made = guest((a) => {
    load(a)
    load(a)
  })
  const { vm, vcpu } = made
  const process = new ProcessMemory()
  process.map(0x5555_0000_0000n, vm.memory.bytes.subarray(0xc000, 0xd000))
  vm.memory.follow(process)
  vm.memory.bytes[0xc000] = 0x77
  given(vm.setUserMemoryRegion({ ...slot(vm, 1, 0x9000n, 0x1000n), userspace_addr: 0x5555_0000_0000n }))
  expect([given(vcpu.run()).kind, loaded(made)]).toEqual(['hlt', 0x77])
  process.unmap(0x5555_0000_0000n)
  expect(vcpu.run()).toMatchObject({ kind: 'refused', errno: 'EFAULT' })
  process.map(0x5555_0000_0000n, vm.memory.bytes.subarray(0xd000, 0xe000), 'read')
  expect([given(vcpu.run()).kind, loaded(made)]).toEqual(['hlt', 0])
})

test('each vCPU writes into its own ring, and one whose ring is full leaves the other alone', () => {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 1 << 20 }).createVm())
  given(vm.enableCap({ cap: 192, args: [4096n] }))
  const a = assembler({ origin: 0x1000, codeSize: 16 })
  a.mov(mem8({ displacement: 0x5000 }), 1)
    .hlt()
    .mov(mem8({ displacement: 0x6000 }), 1)
    .hlt()
  vm.memory.bytes.set(a.finish().bytes, 0x1000)
  given(vm.setUserMemoryRegion(slot(vm, 0, 0n, 0x8000n, 1)))
  const [one, other] = [given(vm.createVcpu(0)), given(vm.createVcpu(1))]
  begin(one)
  begin(other)
  other.state.setRegs({ ...other.state.getRegs(), rip: 0x1006n })
  given(one.run())
  given(other.run())
  const pages = ({ ring }: KvmVcpu) => {
    const view = new DataView(ring?.bytes.buffer ?? new ArrayBuffer(0))
    return [0, 1, 2].map((entry) => Number(view.getBigUint64(entry * 16 + 8, true)) * view.getUint32(entry * 16, true))
  }
  expect([pages(one), pages(other)]).toEqual([
    [1, 5, 0],
    [6, 0, 0],
  ])
})

test('what is collected is seen in the mapping of each vCPU', () => {
  const { vm, vcpu } = guest((a) => a.mov(mem8({ displacement: 0x9001 }), 7).hlt())
  const other = given(vm.createVcpu(1))
  given(vm.registerCoalescedMmio({ addr: 0x9000n, size: 16, pio: 0 }))
  expect(given(vcpu.run()).kind).toBe('hlt')
  const ring = (of: KvmVcpu) => {
    const view = new DataView(of.page.bytes.buffer, 2 * 4096)
    return [view.getUint32(0, true), view.getUint32(4, true), view.getBigUint64(8, true), view.getUint8(24)]
  }
  expect([ring(vcpu), ring(other)]).toEqual([
    [0, 1, 0x9001n, 7],
    [0, 1, 0x9001n, 7],
  ])
})
