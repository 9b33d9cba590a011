import { hostNamed } from '@vmm/cpu-models'
import { pseudoRandom } from '@vmm/device'
import { type Assembler, al, assembler, bx, cx, eax, edi, esi, mem8, mem32, si } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type Answer, engineStatistics, type KvmVcpu, openKvm, type Vm } from '../index.ts'
import type { Watching } from '../processor.ts'

const found = hostNamed('spr')
if (found.kind !== 'host') throw new Error(found.says)
const { host } = found

/** What a call gives, where it must not be refused. */
function given<T>(answer: Answer<T>): T {
  if (answer.kind === 'refused') throw new Error(answer.says)
  return answer.value
}

const apicAt = 0xfee0_0000
const apic = { taskPriority: 0x80, processorPriority: 0xa0, eoi: 0xb0, spurious: 0xf0, command: 0x300 } as const
const timer = { entry: 0x320, initial: 0x380, divide: 0x3e0 } as const
const [codeAt, handlerAt] = [0x1000, 0x3000]

interface Ran {
  readonly vm: Vm
  readonly vcpu: KvmVcpu
}

/** Runs code in real mode that reaches its local APIC through DS, up to its HLT, without interrupts; each interrupt ends at the APIC. */
function ran(write: (a: Assembler) => void, watching: Watching = {}): Ran {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 1 << 16, watching }).createVm())
  const { address } = vm.memory
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: address }
  given(vm.setUserMemoryRegion(region))
  given(vm.createIrqchip())
  const place = (origin: number, fill: (a: Assembler) => void) => {
    const a = assembler({ origin, codeSize: 16 })
    fill(a)
    vm.memory.bytes.set(a.finish().bytes, origin)
  }
  place(codeAt, (a) => write(stores(a.mov(edi, apicAt), apic.spurious, 0x1ff)))
  place(handlerAt, (a) =>
    a
      .inc(bx)
      .mov(mem32({ base: edi, displacement: apic.eoi }), eax)
      .iret(),
  )
  for (let vector = 0; vector < 256; vector++) vm.memory.bytes.set([0, handlerAt >> 8, 0, 0], 4 * vector)
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  const flat = { ...sregs.ds, limit: 0xffff_ffff, g: 1 }
  vcpu.state.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0n, selector: 0 }, ds: flat })
  vcpu.state.setRegs({ ...vcpu.state.getRegs(), rip: BigInt(codeAt), rsp: 0x8000n, rbx: 0n, rsi: 0n })
  for (let run = 0; run < 100 && !vcpu.isWaiting; run += 1) vcpu.run()
  return { vm, vcpu }
}

const stores = (a: Assembler, register: number, value: number): Assembler =>
  a.mov(eax, value).mov(mem32({ base: edi, displacement: register }), eax)

/** Adds what a register holds to ESI. */
const adds = (a: Assembler, register: number): Assembler =>
  a
    .mov(eax, mem32({ base: edi, displacement: register }))
    .rol(esi, 1)
    .add(esi, eax)

/** What anybody could tell such runs apart by. */
const seen = ({ vm, vcpu }: Ran) => ({
  registers: vcpu.state.getRegs(),
  apic: vcpu.state.getLapic(),
  instructions: vcpu.instructions,
  time: vm.clock.now(),
  exits: vcpu.exits,
})

/** Whoever is traced leaves nothing to the engine. */
const asked: Watching = { trace: () => {} }

describe('registers of a local APIC that the engine has', () => {
  test('are read and written without anybody being asked, and each access is counted', () => {
    const rounds = 500
    const code = (a: Assembler) => {
      a.mov(cx, rounds).label('again')
      adds(stores(a, apic.taskPriority, 0x25), apic.taskPriority)
      adds(a, apic.processorPriority).dec(cx).jne('again').hlt()
    }
    const exits: string[] = []
    const onExit = (reason: string, count: number) => void exits.push(...Array.from({ length: count }, () => reason))
    const quick = ran(code, { onExit })
    expect(exits.filter((reason) => reason === 'EPT_MISCONFIG')).toHaveLength(3 * rounds + 1)
    expect(engineStatistics(quick.vm).calls.deviceRead).toBeLessThan(20)
    expect(engineStatistics(quick.vm).calls.commitOdd).toBeLessThan(20)
    expect(seen(quick)).toEqual(seen(ran(code, asked)))
  })

  test('are their device’s again where an interrupt waits: lowering the priority lets it in behind that very store', () => {
    const code = (a: Assembler) => {
      a.sti().mov(cx, 50).label('again')
      for (const vector of [0x31, 0x72]) {
        stores(a, apic.taskPriority, 0xf0)
        stores(a, apic.command, 0x4_0000 | vector)
        for (const priority of [0x80, 0x70, 0x60, 0x30, 0x20, 0])
          adds(stores(a, apic.taskPriority, priority), apic.taskPriority).add(si, bx)
      }
      a.dec(cx).jne('again').cli().hlt()
    }
    const quick = ran(code)
    expect(quick.vcpu.state.getRegs().rbx).toBe(100n)
    expect(seen(quick)).toEqual(seen(ran(code, asked)))
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('answer as the device does, whatever the guest does (seed %i)', (seed) => {
    const code = (a: Assembler) => {
      const next = pseudoRandom(seed)
      a.sti().mov(cx, 100).label('again')
      for (let step = 0; step < 15; step += 1) anything(a, next)
      a.dec(cx).jne('again').cli().hlt()
    }
    expect(seen(ran(code))).toEqual(seen(ran(code, asked)))
  })
})

/** A step of a program: an access of some kind to some register, an interrupt to itself, or its timer. */
function anything(a: Assembler, next: () => number): void {
  const choice = next() % 14
  const some = 0x20 + (next() % 0x20) * 0x10
  if (choice < 4) stores(a, apic.taskPriority, next() & (choice === 0 ? 0xffff_ffff : 0x3f))
  else if (choice < 7) adds(adds(a, apic.taskPriority), apic.processorPriority)
  else if (choice === 7) adds(adds(a, apic.processorPriority), apic.taskPriority)
  else if (choice === 8) adds(a, some)
  else if (choice === 9) a.or(mem32({ base: edi, displacement: apic.taskPriority }), next() & 0xff)
  else if (choice === 10) a.mov(al, mem8({ base: edi, displacement: some + (next() % 8) })).add(esi, eax)
  else if (choice === 11) stores(a, apic.command, 0x4_0000 | (0x20 + (next() % 0xe0)))
  else if (choice === 12) next() & 1 ? a.sti() : a.cli()
  else startsTimer(a, next)
}

function startsTimer(a: Assembler, next: () => number): void {
  stores(a, timer.divide, 0xb)
  stores(a, timer.entry, 0x2_0000 | (0x30 + (next() % 0xc0)))
  stores(a, timer.initial, 50 + (next() % 2000))
}
