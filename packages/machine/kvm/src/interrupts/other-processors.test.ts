import { hostNamed } from '@vmm/cpu-models'
import { type Assembler, assembler, ax, eax, ebx, ecx, edx, esi, mem16, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm } from '../index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found
const hypercall = { kick: 5, sendIpi: 10, yield: 11 } as const
const [vector, handler, count] = [0x60, 0x3000, 0x4000]

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

/** Two vCPUs in real mode, the controllers in the kernel, each with code of its own and its local APIC on. */
function two(...code: readonly [(a: Assembler) => void, (a: Assembler) => void]) {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 1 << 20 }).createVm())
  given(vm.createIrqchip())
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const put = (origin: number, write: (a: Assembler) => void) => {
    const a = assembler({ origin, codeSize: 16 })
    write(a)
    vm.memory.bytes.set(a.finish().bytes, origin)
  }
  put(handler, (a) => a.inc(mem32(count)).iret())
  const vcpus = code.map((write, id) => {
    const vcpu = given(vm.createVcpu(id))
    put(0x1000 * (id + 1), (a) => {
      a.mov(mem16(vector * 4), handler).mov(mem16(vector * 4 + 2), 0)
      a.mov(ecx, 0x1b).rdmsr().or(ax, 0xc00).wrmsr().mov(ecx, 0x80f).mov(eax, 0x1ff).xor(edx, edx).wrmsr()
      write(a)
    })
    given(vcpu.setCpuid2(vm.kvm.getSupportedCpuid()))
    vcpu.state.setMpState({ mp_state: 0 })
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
    vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(0x1000 * (id + 1)), rsp: BigInt(0x8000 + 0x1000 * id) })
    return vcpu
  }) as [KvmVcpu, KvmVcpu]
  const word = () => new DataView(vm.memory.bytes.buffer, vm.memory.bytes.byteOffset).getUint32(count, true)
  return { vcpus, word }
}

/** A hypercall with its arguments, in RBX, RCX, RDX and RSI. */
function call(a: Assembler, number: number, values: readonly number[]): void {
  for (const [index, register] of [ebx, ecx, edx, esi].entries()) a.mov(register, values[index] ?? 0)
  a.mov(eax, number).vmcall()
}

const stays = (a: Assembler) => a.label('stays').jmp('stays')
const rax = ({ state }: KvmVcpu) => Number(state.getRegs().rax & 0xffff_ffffn)
const short = { signalAfter: 200 } as const

test('a vCPU that is halted with interrupts off goes on when another kicks it', () => {
  const { vcpus } = two(
    (a) => {
      call(a, hypercall.kick, [0, 1])
      stays(a)
    },
    (a) => {
      a.cli().hlt().mov(eax, 77)
      stays(a)
    },
  )
  const [first, second] = vcpus
  second.run(short)
  expect([second.isWaiting, second.isReady, second.state.getMpState().mp_state]).toEqual([true, false, 3])
  first.run(short)
  expect([rax(first), second.isReady, second.state.getMpState().mp_state]).toEqual([0, true, 0])
  second.run(short)
  expect([rax(second), second.isWaiting]).toEqual([77, false])
})

test('a kick before HLT lets one HLT pass, and not the next', () => {
  const { vcpus } = two(
    (a) => {
      call(a, hypercall.kick, [0, 1])
      stays(a)
    },
    (a) => void a.cli().mov(eax, 1).hlt().mov(eax, 2).hlt().mov(eax, 3).hlt(),
  )
  const [first, second] = vcpus
  first.run(short)
  second.run(short)
  expect([rax(second), second.isWaiting]).toEqual([2, true])
})

test('an interrupt by hypercall arrives at those that there are, who are counted', () => {
  const { vcpus, word } = two(
    (a) => {
      // bit n of the map is n above the lowest APIC ID: 0, 1 and 5
      call(a, hypercall.sendIpi, [0b10_0011, 0, 0, vector])
      stays(a)
    },
    (a) => void a.sti().hlt().mov(eax, 5).hlt(),
  )
  const [first, second] = vcpus
  second.run(short)
  first.run(short)
  expect(rax(first)).toBe(2)
  second.run(short)
  expect([word(), rax(second)]).toEqual([1, 5])
})

test.each([
  ['kicks', hypercall.kick, [0, 1]],
  ['yields to', hypercall.yield, [1]],
] as const)('a vCPU that %s one with something to do ends its turn if that is asked for', (_, number, values) => {
  const { vcpus } = two(
    (a) => {
      call(a, number, values)
      stays(a)
    },
    (a) => void stays(a),
  )
  const [first] = vcpus
  first.run({ signalAfter: 1000, endsTurn: () => true })
  expect(first.instructions).toBeLessThan(30)
  first.run({ signalAfter: 1000 })
  expect(first.instructions).toBeGreaterThan(1000)
})

test('PAUSE ends a turn if whoever runs the vCPU says so, and is nothing else', () => {
  const { vcpus } = two(
    (a) => void a.label('spins').inc(ebx).pause().jmp('spins'),
    (a) => void stays(a),
  )
  const [first] = vcpus
  let left = 3
  first.run({ signalAfter: 10_000, endsTurn: () => --left === 0 })
  expect([first.state.getRegs().rbx, left]).toEqual([3n, 0])
  first.run({ signalAfter: 10_000 })
  expect(first.instructions).toBeGreaterThan(10_000)
})
