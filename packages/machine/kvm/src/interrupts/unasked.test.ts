import { hostNamed } from '@vmm/cpu-models'
import { pseudoRandom } from '@vmm/device'
import { pitConfigFlags } from '@vmm/kvm-uapi'
import { type Assembler, al, assembler, eax, ebp, ebx, ecx, edi, edx, esi, mem8, mem32 } from '@vmm/x86-assembler'
import { describe, expect, test } from 'vitest'
import { type Answer, engineStatistics, type KvmVcpu, openKvm, type Vm } from '../index.ts'
import type { KvmOptions } from '../options.ts'

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
const tables = { idt: 0x4000, gdt: 0x5000 } as const

interface Ran {
  readonly vm: Vm
  readonly vcpu: KvmVcpu
}

/** Runs flat code of 32 bits up to its HLT without interrupts; each interrupt is counted in EBX and ends at the APIC. */
function ran(write: (a: Assembler) => void, options: Pick<KvmOptions, 'watching' | 'hot'> = {}): Ran {
  const vm = given(openKvm({ kernel: '6.12', host, memoryBytes: 1 << 16, ...options }).createVm())
  const { address, bytes } = vm.memory
  const region = { slot: 0, flags: 0, guest_phys_addr: 0n, memory_size: 0x1_0000n, userspace_addr: address }
  given(vm.setUserMemoryRegion(region))
  given(vm.createIrqchip())
  given(vm.createPit2(pitConfigFlags.value.SPEAKER_DUMMY))
  const place = (origin: number, fill: (a: Assembler) => void) => {
    const a = assembler({ origin, codeSize: 32 })
    fill(a)
    bytes.set(a.finish().bytes, origin)
  }
  place(codeAt, (a) => write(stores(a.mov(edi, apicAt), apic.spurious, 0x1ff)))
  place(handlerAt, (a) =>
    a
      .inc(ebx)
      .mov(mem32({ base: edi, displacement: apic.eoi }), eax)
      .iretd(),
  )
  // a present interrupt gate of 32 bits for each vector, and a code segment
  for (let vector = 0; vector < 256; vector++)
    bytes.set([0, handlerAt >> 8, 8, 0, 0, 0x8e, 0, 0], tables.idt + 8 * vector)
  bytes.set([0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0], tables.gdt + 8)
  const vcpu = given(vm.createVcpu(0))
  const sregs = vcpu.state.getSregs()
  const flat = { base: 0n, limit: 0xffff_ffff, g: 1, db: 1 }
  const [cs, ds, ss] = [
    { ...sregs.cs, ...flat, selector: 8, type: 11 },
    { ...sregs.ds, ...flat },
    { ...sregs.ss, ...flat },
  ]
  const [idt, gdt] = [
    { base: BigInt(tables.idt), limit: 0x7ff },
    { base: BigInt(tables.gdt), limit: 15 },
  ]
  vcpu.state.setSregs({
    ...sregs,
    cr0: sregs.cr0 | 1n,
    cs,
    ds,
    ss,
    idt: { ...sregs.idt, ...idt },
    gdt: { ...sregs.gdt, ...gdt },
  })
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
const asked = { watching: { trace: () => {} } }
/** All code is compiled that runs more than a few times. */
const hot = { hot: { threshold: 5 } }

describe('registers of a local APIC that the engine has', () => {
  test('are read and written without anybody being asked, and each access is counted', () => {
    const rounds = 500
    const code = (a: Assembler) => {
      a.mov(ecx, rounds).label('again')
      adds(stores(a, apic.taskPriority, 0x25), apic.taskPriority)
      adds(a, apic.processorPriority).dec(ecx).jne('again').hlt()
    }
    const exits: string[] = []
    const onExit = (reason: string, count: number) => void exits.push(...Array.from({ length: count }, () => reason))
    const quick = ran(code, { watching: { onExit } })
    expect(exits.filter((reason) => reason === 'EPT_MISCONFIG')).toHaveLength(3 * rounds + 1)
    expect(engineStatistics(quick.vm).calls.deviceRead).toBeLessThan(20)
    expect(engineStatistics(quick.vm).calls.commit).toBeLessThan(20)
    expect(seen(quick)).toEqual(seen(ran(code, asked)))
  })

  test('are so in compiled code too', () => {
    const rounds = 5000
    const code = (a: Assembler) => {
      a.mov(ecx, rounds).label('again')
      adds(stores(a, apic.taskPriority, 0xff25), apic.taskPriority)
      adds(a, apic.processorPriority).dec(ecx).jne('again').hlt()
    }
    const compiled = ran(code, hot)
    const { instructions, calls } = engineStatistics(compiled.vm)
    expect(instructions.hot).toBeGreaterThan(instructions.cold)
    expect(calls.deviceRead).toBeLessThan(20)
    expect(seen(compiled)).toEqual(seen(ran(code, asked)))
  })

  test('are their device’s again where an interrupt waits: lowering the priority lets it in behind that very store', () => {
    const code = (a: Assembler) => {
      a.sti().mov(ecx, 50).label('again')
      for (const vector of [0x31, 0x72]) {
        stores(a, apic.taskPriority, 0xf0)
        stores(a, apic.command, 0x4_0000 | vector)
        for (const priority of [0x80, 0x70, 0x60, 0x30, 0x20, 0])
          adds(stores(a, apic.taskPriority, priority), apic.taskPriority).add(esi, ebx)
      }
      a.dec(ecx).jne('again').cli().hlt()
    }
    const quick = ran(code)
    expect(quick.vcpu.state.getRegs().rbx).toBe(100n)
    expect(seen(quick)).toEqual(seen(ran(code, asked)))
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('answer as the device does, whatever the guest does (seed %i)', (seed) => {
    const code = (a: Assembler) => {
      const next = pseudoRandom(seed)
      a.sti().mov(ecx, 100).label('again')
      for (let step = 0; step < 15; step += 1) anything(a, next)
      a.dec(ecx).jne('again').cli().hlt()
    }
    const slow = seen(ran(code, asked))
    expect(seen(ran(code))).toEqual(slow)
    expect(seen(ran(code, hot))).toEqual(slow)
  })
})

const pit = { third: 0x42, control: 0x43, speaker: 0x61 } as const

/** Adds what is read from a port to ESI. */
const addsByte = (a: Assembler, port: number): Assembler => a.in(al, port).rol(esi, 1).add(esi, eax)
const outs = (a: Assembler, port: number, byte: number): Assembler => a.mov(al, byte).out(port, al)

describe('a byte of a port that the engine knows for a while', () => {
  test.each([
    ['interpreted', {}],
    ['compiled', hot],
  ])('is read without its device being asked, and each read is counted, %s', (_, options) => {
    const rounds = 20_000
    const exits: string[] = []
    const onExit = (reason: string, count: number) => void exits.push(...Array.from({ length: count }, () => reason))
    const code = (a: Assembler) => {
      outs(a.xor(eax, eax), pit.speaker, 1).mov(ecx, rounds).label('again')
      addsByte(a, pit.speaker).dec(ecx).jne('again').hlt()
    }
    const quick = ran(code, { ...options, watching: { onExit } })
    expect(exits.filter((reason) => reason === 'IO_INSTRUCTION')).toHaveLength(rounds + 1)
    // the refresh bit changes every 15,085 nanoseconds
    expect(engineStatistics(quick.vm).calls.host).toBeLessThan(40)
    expect(seen(quick)).toEqual(seen(ran(code, asked)))
  })

  test.each([1, 2, 3, 4, 5, 6])('is what the device gives, whatever the guest does with it (seed %i)', (seed) => {
    const code = (a: Assembler) => {
      const next = pseudoRandom(seed)
      a.sti().xor(eax, eax).mov(ecx, 300).label('again')
      for (let step = 0; step < 20; step += 1) {
        const choice = next() % 20
        if (choice > 3) addsByte(a, pit.speaker)
        else if (choice > 1) addsByte(a, pit.third)
        else if (choice === 1) outs(a, [pit.third, pit.control, pit.speaker][next() % 3]!, next() & 0xbf)
        else startsTimer(a, next)
        if (next() % 3 === 0)
          a.mov(ebp, next() % 2000)
            .label(`wait ${step}`)
            .dec(ebp)
            .jns(`wait ${step}`)
      }
      a.dec(ecx).jne('again').cli().hlt()
    }
    const slow = seen(ran(code, asked))
    expect(seen(ran(code))).toEqual(slow)
    expect(seen(ran(code, hot))).toEqual(slow)
  })
})

const [tscMsr, tscAdjust] = [0x10, 0x3b]

/** Adds what the time-stamp counter shows to ESI. */
const addsTime = (a: Assembler): Assembler => a.rdtsc().rol(esi, 1).add(esi, eax).add(esi, edx)

describe('a time-stamp counter that only instructions move on', () => {
  test.each([
    ['interpreted', {}],
    ['compiled', hot],
  ])('is read without anybody being asked, %s', (_, options) => {
    const code = (a: Assembler) => addsTime(a.mov(ecx, 5000).label('again')).dec(ecx).jne('again').hlt()
    const quick = ran(code, options)
    expect(engineStatistics(quick.vm).calls.host).toBeLessThan(20)
    expect(seen(quick)).toEqual(seen(ran(code, asked)))
  })

  test.each([1, 2, 3, 4])('shows what it is asked for, wherever it is read and whoever writes it (seed %i)', (seed) => {
    const code = (a: Assembler) => {
      const next = pseudoRandom(seed)
      a.sti().mov(edi, apicAt).mov(ebp, 300).label('again')
      for (let step = 0; step < 20; step += 1) {
        const choice = next() % 20
        if (choice === 0)
          a.mov(ecx, next() & 1 ? tscMsr : tscAdjust)
            .mov(eax, next() & 0xffff)
            .mov(edx, 0)
            .wrmsr()
        else if (choice === 1) startsTimer(a, next)
        else if (choice < 8)
          a.test(esi, 1 << (next() % 8))
            .jne(`over ${step}`)
            .add(esi, step)
            .label(`over ${step}`)
        else addsTime(a)
      }
      a.dec(ebp).jne('again').cli().hlt()
    }
    const slow = seen(ran(code, asked))
    expect(seen(ran(code))).toEqual(slow)
    expect(seen(ran(code, hot))).toEqual(slow)
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
