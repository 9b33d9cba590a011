import { hostNamed } from '@vmm/cpu-models'
import { type Assembler, al, assembler, ax, dx, eax, ebx, ecx, edx, mem8, mem16 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm, type Vm } from './index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** A VM of 64 KiB of memory without vCPUs, with a maker of such as begin at an address in real mode. */
function machine(memoryBytes = 1 << 20) {
  const kvm = openKvm({ kernel: '6.12', host, memoryBytes })
  const vm = given(kvm.createVm())
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const create = (id: number, at: number, write?: (a: Assembler) => void): KvmVcpu => {
    const vcpu = given(vm.createVcpu(id))
    if (write !== undefined) {
      const a = assembler({ origin: at, codeSize: 16 })
      write(a)
      vm.memory.bytes.set(a.finish().bytes, at)
    }
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
    vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(at), rsp: 0x8000n })
    return vcpu
  }
  return { kvm, vm, create }
}

const word = (vm: Vm, at: number) =>
  new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset).getUint16(at, true)

test('two vCPUs see the same memory, each with its own registers and kvm_run', () => {
  const { vm, create } = machine()
  const code = (a: Assembler) =>
    a
      .inc(mem16({ displacement: 0x4000 }))
      .mov(dx, 0x80)
      .out(dx, al)
      .hlt()
  const [first, second] = [create(0, 0x1000, code), create(1, 0x1000, code)]
  second.state.setRegs({ ...second.state.getRegs(), rax: 7n })
  expect(given(first.run())).toMatchObject({ kind: 'io', data: Uint8Array.of(0) })
  expect(given(second.run())).toMatchObject({ kind: 'io', data: Uint8Array.of(7) })
  expect([given(first.run()).kind, given(second.run()).kind, word(vm, 0x4000)]).toEqual(['hlt', 'hlt', 2])
})

test('a vCPU is made after others have run, with its id in its CPUID only if user space says so', () => {
  const { kvm, create } = machine()
  const code = (a: Assembler) => a.mov(eax, 1).cpuid().hlt()
  const table = kvm.getSupportedCpuid()
  const withId = (id: number) =>
    table.map((entry) => (entry.function === 1 ? { ...entry, ebx: (entry.ebx & 0xff_ffff) | (id << 24) } : entry))
  const first = create(0, 0x1000, code)
  given(first.setCpuid2(withId(0)))
  given(first.run())
  const second = create(5, 0x1000)
  expect(second.hasRun).toBe(false)
  given(second.setCpuid2(withId(5)))
  given(second.run())
  expect([first, second].map(({ state }) => Number(state.getRegs().rbx >> 24n))).toEqual([0, 5])
})

test('what is enabled on a VM counts for vCPUs that are made before and after', () => {
  const { vm, create } = machine()
  const code = (a: Assembler) => a.mov(eax, 12).mov(ebx, 0x1000).mov(ecx, 1).xor(edx, edx).vmcall().hlt()
  const before = create(0, 0x1000, code)
  given(vm.enableCap({ cap: 201, args: [0x1000n] }))
  const after = create(1, 0x1000)
  expect([before, after].map((vcpu) => given(vcpu.run()).kind)).toEqual(['hypercall', 'hypercall'])
})

test('code that one vCPU writes another one runs', () => {
  const { create } = machine()
  const target = create(1, 0x2000, (a) => a.mov(ax, 1).hlt())
  const writer = create(0, 0x1000, (a) => a.mov(mem8({ displacement: 0x2001 }), 9).hlt())
  given(target.run())
  given(writer.run())
  target.state.setRegs({ ...target.state.getRegs(), rip: 0x2000n })
  given(target.run())
  expect(target.state.getRegs().rax).toBe(9n)
})

test('time goes by what all vCPUs have done, so no counter falls behind', () => {
  const { create } = machine()
  const code = (a: Assembler) => a.rdtsc().hlt()
  const spins = create(0, 0x1000, (a) => a.label('on').jmp('on'))
  const asks = create(1, 0x2000, code)
  spins.run({ signalAfter: 5000 })
  given(asks.run())
  expect(Number(asks.state.getRegs().rax)).toBeGreaterThanOrEqual(5000)
})

test('ids need not follow each other, none is given twice, and none is beyond the limit', () => {
  const { kvm, vm, create } = machine()
  create(7, 0x1000)
  create(0, 0x1000)
  expect(vm.createVcpu(7)).toMatchObject({ errno: 'EEXIST', rule: 'vcpu-create-id-taken' })
  expect(kvm.checkExtension(66)).toBe(1024)
  expect(vm.createVcpu(4096)).toMatchObject({ errno: 'EINVAL', rule: 'vcpu-create-id-limit' })
})

test('a VM has as many vCPUs as its kernel allows, and no more', () => {
  const small = { ...host, kconfig: { ...host.kconfig, CONFIG_KVM_MAX_NR_VCPUS: 3 } }
  const vm = given(openKvm({ kernel: '6.12', host: small, memoryBytes: 1 << 16 }).createVm())
  for (const id of [0, 1, 2]) given(vm.createVcpu(id))
  expect(vm.createVcpu(3)).toMatchObject({ errno: 'EINVAL', rule: 'vcpu-create-count-limit' })
})

test('where no memory is left for a vCPU, making one says so', () => {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 3.92 * 2 ** 30 }).createVm())
  let id = 0
  for (; id < 100; id += 1) if (vm.createVcpu(id).kind === 'refused') break
  expect(id).toBeGreaterThan(0)
  expect(vm.createVcpu(id)).toMatchObject({ errno: 'ENOMEM', rule: 'no-memory' })
})
