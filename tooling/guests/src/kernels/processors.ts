import { cl, cr0, cr3, cr4, eax, ebx, ecx, edi, edx, esi, label, mem, mem32 } from '@vmm/x86-assembler'
import { type CheckBuilder, type Kernel, KernelBuilder } from '../kernel/kernel.ts'
import {
  apic,
  beginning,
  clear,
  processors as count,
  finished,
  gateTo,
  ICR,
  ICR_HIGH,
  ID,
  init,
  interrupts,
  lock,
  lowest,
  nmi,
  others,
  released,
  seen,
  started,
  startOthers,
  startup,
  sum,
  ticket,
  toAll,
  toLogical,
  toOne,
  toOthers,
  toSelf,
  vector,
} from '../kernel/meeting.ts'
import { place } from '../kernel/places.ts'
import { pass, waitFor, waitUntil } from '../kernel/waiting.ts'

type Asm = CheckBuilder['a']
type Word = typeof sum

const hex = (value: number): string => value.toString(16)

function show(a: Asm, c: CheckBuilder, ...words: readonly Word[]): void {
  for (const word of words) {
    a.mov(eax, word)
    c.value(eax)
  }
}

/** The others and the first do the same at once, so many times each; then the first shows what has come of it. */
function together(
  k: KernelBuilder,
  name: string,
  expected: string,
  rounds: number,
  round: (a: Asm, c: CheckBuilder) => void,
  words: readonly Word[],
) {
  k.check(name, expected, (a, c) => {
    const all = (b: Asm) => {
      const next = c.unique('round')
      b.mov(esi, rounds).label(next)
      round(b, c)
      b.dec(esi).jne(next)
    }
    startOthers(a, c, (b) => {
      waitUntil(b, c, released, 1)
      all(b)
    })
    a.mov(released, 1)
    all(a)
    waitFor(a, c, finished, others)
    show(a, c, ...words)
  })
}

/** How processors come to run, and stop. Source: SDM 3A §9.4. */
function starting(k: KernelBuilder): void {
  k.check('INIT and startup signals begin each of the others once', 'ok 3 3', (a, c) => {
    startOthers(a, c, () => {})
    waitFor(a, c, finished, others)
    // who runs does not begin again
    a.mov(apic(ICR), toOthers | startup | (place.low >> 12))
    pass(a, c)
    show(a, c, started, finished)
  })
  k.check('each has an ID of its own', 'ok e', (a, c) => {
    startOthers(a, c, (b) => b.mov(ecx, ebx).mov(eax, 1).shl(eax, cl).lock().or(sum, eax))
    waitFor(a, c, finished, others)
    show(a, c, sum)
  })
  k.check('INIT stops one that looks at nothing, and it can begin again', 'ok 0 6', (a, c) => {
    startOthers(a, c, (b) => b.cli().label('counts').lock().inc(sum).jmp('counts'))
    pass(a, c)
    a.mov(apic(ICR), toOthers | init)
    // it may take a while until the last one has heard of it
    const [again, still] = [c.unique('again'), c.unique('still')]
    a.mov(ebx, 1000).label(again).mov(edi, sum)
    pass(a, c)
    a.sub(edi, sum).je(still).dec(ebx).jne(again).label(still)
    c.value(edi)
    startOthers(a, c, () => {}, others)
    show(a, c, started)
  })
}

/** Source: SDM 3A §9.1. */
function locking(k: KernelBuilder): void {
  const sumOf = (rounds: number) => hex(count * rounds)
  together(k, 'increments under LOCK are all counted', `ok ${sumOf(20_000)}`, 20_000, (a) => void a.lock().inc(sum), [
    sum,
  ])
  const numbers = count * 5000
  together(
    k,
    'LOCK XADD gives no number twice',
    `ok ${hex(numbers)} ${hex((numbers * (numbers - 1)) / 2)}`,
    5000,
    (a) => void a.mov(eax, 1).lock().xadd(ticket, eax).lock().add(sum, eax),
    [ticket, sum],
  )
  together(
    k,
    'LOCK CMPXCHG loses no change',
    `ok ${hex(count * 3000 * 3)}`,
    3000,
    (a, c) => {
      const again = c.unique('again')
      a.mov(eax, sum)
        .label(again)
        .lea(edx, mem({ base: eax, displacement: 3 }))
        .lock()
        .cmpxchg(sum, edx)
        .jne(again)
    },
    [sum],
  )
  together(
    k,
    'XCHG makes a lock, and what it guards is whole',
    `ok ${sumOf(2000)}`,
    2000,
    (a, c) => {
      const [again, taken] = [c.unique('again'), c.unique('taken')]
      a.label(again).mov(eax, 1).xchg(eax, lock).test(eax, eax).je(taken).pause().jmp(again).label(taken)
      a.mov(eax, sum).nop().inc(eax).nop().mov(sum, eax).mov(lock, 0)
    },
    [sum],
  )
  k.check('what is stored first is seen first', 'ok c8 0', (a, c) => {
    // the one with ID 1 answers each number with the same, and counts data that is older than its number
    const [next, fine, out] = [c.unique('next'), c.unique('fine'), c.unique('out')]
    startOthers(a, c, (b) => {
      b.cmp(ebx, 1).jne(out).mov(esi, 1).label(next)
      const [wait, came] = [c.unique('wait'), c.unique('came')]
      b.label(wait).cmp(ticket, esi).je(came).pause().jmp(wait).label(came)
      b.cmp(sum, esi).je(fine).inc(seen).label(fine).mov(released, esi)
      b.inc(esi).cmp(esi, 200).jbe(next).label(out)
    })
    const [again, wait, came] = [c.unique('again'), c.unique('wait'), c.unique('came')]
    a.mov(esi, 1).label(again).mov(sum, esi).mov(ticket, esi)
    a.mov(ecx, 1_000_000).label(wait).cmp(released, esi).je(came).pause().dec(ecx).jne(wait).label(came)
    a.inc(esi).cmp(esi, 200).jbe(again)
    waitFor(a, c, finished, others)
    show(a, c, released, seen)
  })
}

/** Waits in HLT for interrupts, without end. */
const halts = (a: Asm, c: CheckBuilder): void => {
  const again = c.unique('halts')
  a.sti().label(again).hlt().jmp(again)
}

/** Interrupts between processors. Source: SDM 3A §11.6. */
function interrupting(k: KernelBuilder): void {
  k.check('an interrupt to each by its ID', 'ok 1 2 3', (a, c) => {
    gateTo(a, c, vector)
    startOthers(a, c, (b) => halts(b, c))
    for (let id = 1; id < count; id += 1) {
      a.mov(apic(ICR_HIGH), id << 24).mov(apic(ICR), toOne | vector)
      waitFor(a, c, interrupts, id)
      show(a, c, interrupts)
    }
  })
  k.check('to all others, to all, to oneself', 'ok 3 7 8', (a, c) => {
    gateTo(a, c, vector)
    startOthers(a, c, (b) => halts(b, c))
    for (const [command, after] of [
      [toOthers, 3],
      [toAll, 7],
      [toSelf, 8],
    ] as const) {
      a.mov(apic(ICR), command | vector).sti()
      waitFor(a, c, interrupts, after)
      a.cli()
      show(a, c, interrupts)
    }
  })
  k.check('to those of a set of logical IDs', 'ok a', (a, c) => {
    gateTo(a, c, vector, (h) =>
      h.push(ecx).mov(ecx, apic(ID)).shr(ecx, 24).mov(eax, 1).shl(eax, cl).lock().or(seen, eax).pop(ecx),
    )
    startOthers(a, c, (b) => halts(b, c))
    a.mov(apic(ICR_HIGH), 0b1010 << 24).mov(apic(ICR), toLogical | vector)
    waitFor(a, c, interrupts, 2)
    pass(a, c)
    show(a, c, seen)
  })
  k.check('to one of a set: with the lowest priority', 'ok 1', (a, c) => {
    gateTo(a, c, vector)
    startOthers(a, c, (b) => halts(b, c))
    a.mov(apic(ICR_HIGH), 0b1110 << 24).mov(apic(ICR), toLogical | lowest | vector)
    waitFor(a, c, interrupts, 1)
    pass(a, c)
    show(a, c, interrupts)
  })
  k.check('an NMI ends HLT with interrupts off', 'ok 3 3', (a, c) => {
    gateTo(a, c, 2)
    startOthers(a, c, (b) => b.cli().hlt())
    pass(a, c)
    a.mov(apic(ICR), toOthers | nmi)
    waitFor(a, c, finished, others)
    show(a, c, interrupts, finished)
  })
}

const [pse, paging] = [0x10, 0x8000_0000] as const
const [window, first, second] = [0x40_0000, 0x80_0000, 0xc0_0000] as const
const largePage = 0x83
const windowEntry = mem32(place.pageTables + 4)

/** What one processor does to what another one remembers. Source: SDM 3A §9.1.3, §4.10.5. */
function remembering(k: KernelBuilder): void {
  k.check('code that another has changed is run', 'ok 15', (a, c) => {
    const changed = c.unique('changed')
    startOthers(a, c, (b) => b.label(changed).mov(eax, 1).pause().cmp(eax, 1).je(changed).lock().add(sum, eax))
    pass(a, c)
    a.mov(mem32(label(changed, 1) as never), 7)
    waitFor(a, c, finished, others)
    show(a, c, sum)
  })
  k.check('a translation that another has changed is gone when it says so', 'ok 33 66', (a, c) => {
    gateTo(a, c, vector, (h) => h.mov(eax, cr3).mov(cr3, eax))
    a.mov(mem32(first), 0x11).mov(mem32(second), 0x22)
    a.mov(mem32(place.pageTables), largePage).mov(windowEntry, first | largePage)
    a.mov(mem32(place.pageTables + (0xfee0_0000 >>> 22) * 4), (0xfec0_0000 | largePage) >>> 0)
    startOthers(a, c, (b) => {
      b.mov(eax, cr4).or(eax, pse).mov(cr4, eax).mov(eax, place.pageTables).mov(cr3, eax)
      b.mov(eax, cr0).or(eax, paging).mov(cr0, eax)
      b.mov(eax, mem32(window)).lock().add(sum, eax).lock().inc(seen).sti()
      waitUntil(b, c, released, 1)
      b.mov(eax, mem32(window)).lock().add(ticket, eax)
    })
    waitFor(a, c, seen, others)
    a.mov(windowEntry, second | largePage).mov(apic(ICR), toOthers | vector)
    waitFor(a, c, interrupts, others)
    a.mov(released, 1)
    waitFor(a, c, finished, others)
    show(a, c, sum, ticket)
  })
}

/** What one processor notices of another without being told. Source: SDM 3A §9.10, §17.17. */
function noticing(k: KernelBuilder): void {
  k.check('a store ends MWAIT of another', 'ok 3', (a, c) => {
    startOthers(a, c, (b) => {
      const [again, out] = [c.unique('again'), c.unique('out')]
      b.label(again)
        .mov(eax, place.scratch + 2 * 64)
        .xor(ecx, ecx)
        .xor(edx, edx)
        .monitor()
      b.cmp(released, 0).jne(out).xor(eax, eax).mwait().jmp(again).label(out)
    })
    pass(a, c)
    a.mov(released, 1)
    waitFor(a, c, finished, others)
    show(a, c, finished)
  })
  k.check('time-stamp counters are in step', 'ok 6', (a, c) => {
    const stamps = place.scratch + 9 * 64
    const stamp = (b: Asm) => b.rdtsc()
    startOthers(a, c, (b) => {
      waitUntil(b, c, released, 1)
      stamp(b)
        .shl(ebx, 6)
        .mov(mem32({ base: ebx, displacement: stamps }), eax)
    })
    stamp(a).mov(esi, eax).mov(released, 1)
    waitFor(a, c, finished, others)
    stamp(a).mov(edi, eax)
    for (let id = 1; id < count; id += 1) {
      const [early, late] = [c.unique('early'), c.unique('late')]
      a.mov(eax, mem32(stamps + id * 64))
        .mov(edx, eax)
        .sub(eax, esi)
        .js(early)
        .inc(sum)
        .label(early)
      a.mov(eax, edi).sub(eax, edx).js(late).inc(sum).label(late)
    }
    show(a, c, sum)
  })
}

/** Several processors: how they start, lock, interrupt each other, and see what others do. */
export function processors(): Kernel {
  const k = new KernelBuilder('processors', 32, { last: clear })
  beginning(k.a)
  starting(k)
  locking(k)
  interrupting(k)
  remembering(k)
  noticing(k)
  return { ...k.finish(), processors: count }
}
