import { hostNamed } from '@vmm/cpu-models'
import { assembler, eax, mem16, mem32 } from '@vmm/x86-assembler'
import { expect, test } from 'vitest'
import { type Answer, type KvmVcpu, openKvm, restoreVm, saveVm, type Vm } from './index.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

const [codeAt, counterAt, timeAt, tscMsr] = [0x1000, 0x4000, 0x4010, 0x10]
/** Where XSTATE_BV is in an area of XSAVE, and AVX's bit of it. */
const [presentAt, avx] = [512, 4]

interface Machine {
  readonly vm: Vm
  readonly vcpus: readonly KvmVcpu[]
}

/** A VM in which each of some vCPUs counts in memory that they share, notes the time there, and halts. */
function machine(count: number): Machine {
  const kvm = openKvm({ kernel: '6.12', host, memoryBytes: 1 << 16 })
  const vm = given(kvm.createVm())
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: vm.memory.address }
  given(vm.setUserMemoryRegion(region))
  const a = assembler({ origin: codeAt, codeSize: 16 })
  a.label('again')
    .inc(mem16({ displacement: counterAt }))
    .rdtsc()
    .mov(mem32({ displacement: timeAt }), eax)
    .hlt()
    .jmp('again')
  vm.memory.bytes.set(a.finish().bytes, codeAt)
  const vcpus = Array.from({ length: count }, (_, id) => {
    const vcpu = given(vm.createVcpu(id))
    given(vcpu.setCpuid2(kvm.getSupportedCpuid()))
    const sregs = vcpu.state.getSregs()
    vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 } })
    vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(codeAt) })
    return vcpu
  })
  return { vm, vcpus }
}

/** Lets vCPUs run until they halt, in this order. */
function run({ vcpus }: Machine, ...order: readonly number[]): void {
  for (const index of order) expect(given(vcpus[index]!.run()).kind).toBe('hlt')
}

/** Another VM that goes on from where one is. */
function copyOf({ vm, vcpus }: Machine): Machine {
  const copy = machine(vcpus.length)
  restoreVm(copy.vm, structuredClone(saveVm(vm)))
  return copy
}

const counter = ({ vm }: Machine) => vm.memory.bytes[counterAt]

test('a VM with several vCPUs goes on as the one that was saved', () => {
  const first = machine(3)
  run(first, 0, 1, 0, 2, 1)
  const second = copyOf(first)
  expect(saveVm(second.vm)).toEqual(saveVm(first.vm))
  for (const each of [first, second]) run(each, 2, 2, 0, 1)
  expect([counter(first), counter(second)]).toEqual([9, 9])
  expect(saveVm(second.vm)).toEqual(saveVm(first.vm))
})

test('a VM with fewer vCPUs does not take what one with more was', () => {
  expect(() => restoreVm(machine(1).vm, saveVm(machine(2).vm))).toThrow('2 vCPUs was saved, and this has 1')
})

test('what user space has said of components of XSAVE is part of a vCPU, until it runs', () => {
  const first = machine(2)
  const area = first.vcpus[1]!.state.getXsave()
  area[presentAt] = avx
  first.vcpus[1]!.state.setXsave(area)
  const second = copyOf(first)
  const present = ({ vcpus }: Machine) => vcpus.map(({ state }) => Reflect.get(state.getXsave(), presentAt) as number)
  expect(present(second)).toEqual([0, avx])
  run(second, 1)
  expect(present(second)).toEqual([0, 0])
})

test('a counter that is given what another has been given before the VM was saved stays in step with it', () => {
  const first = machine(2)
  expect(first.vcpus[0]!.setMsr(tscMsr, 1_000_000n)).toBe(1_000_000n)
  run(first, 0, 1, 0)
  const second = copyOf(first)
  for (const { vcpus } of [first, second]) expect(vcpus[1]!.setMsr(tscMsr, 1_000_000n)).toBe(1_000_000n)
  const offsets = ({ vcpus }: Machine) => vcpus.map(({ processor }) => processor.around.tsc.offset)
  expect(new Set(offsets(first)).size).toBe(1)
  expect(offsets(second)).toEqual(offsets(first))
})

test('the time that guests are told, and the rate of counters to come, are part of a VM', () => {
  const first = machine(1)
  given(first.vm.time.setClock({ clock: 5_000_000_000n, flags: 0, realtime: 0n }))
  const second = copyOf(first)
  expect(second.vm.time.getClock()).toEqual(first.vm.time.getClock())
})
