import {
  type Assembler,
  cr3,
  cr4,
  eax,
  ebx,
  ecx,
  edx,
  mem8,
  mem64,
  r8,
  r9,
  rax,
  rbx,
  rdi,
  rdx,
  rsi,
  rsp,
} from '@vmm/x86-assembler'
import { at } from '../layout.ts'
import type { Elsewhere, Program } from '../program.ts'
import { entryOf } from '../scenery.ts'
import { all, present, setEntry } from './entries.ts'
import { loop } from './loop.ts'

const rounds = 120
/** A page that programs map as they like, in both trees. */
const window = 0x1_c000
/** Two functions that differ, each at the beginning of a page, and one that goes on into the next. */
const functions = [
  { address: at.otherCode, write: (a: Assembler) => a.add(rbx, 3).inc(rdx).ret() },
  { address: at.otherCode + 0x1000, write: (a: Assembler) => a.add(rbx, 11).rol(rbx, 1).ret() },
] as const
/** The first bytes of an instruction at the end of a page, the rest of it in the next, and another rest in the one behind. */
const beforeEnd = 0xffe
const astride = [
  { address: at.otherCode + beforeEnd, write: (a: Assembler) => a.mov(eax, 0x0403_0201).add(ebx, eax).ret() },
  { address: at.otherCode + 0x2000, write: (a: Assembler) => a.db(0x12, 0x13, 0x14).rol(rbx, 1).ret() },
] as const
const accessed = 0x20
const noExecute = 1n << 63n

/** Maps `window` to the first or the second function's page, by the lowest bit of ECX. */
const mapByRound = (a: Assembler, tree: number = at.tables): Assembler =>
  a
    .mov(eax, ecx)
    .and(eax, 1)
    .shl(eax, 12)
    .add(eax, at.otherCode | all)
    .mov(mem64(entryOf(window, tree)), rax)
const callWindow = (a: Assembler): Assembler => a.mov(rsi, window).call(rsi)
const otherTree = (a: Assembler): Assembler => a.mov(rax, at.otherTables).mov(cr3, rax)
const ownTree = (a: Assembler): Assembler => a.mov(rax, at.tables).mov(cr3, rax)

/** CR4.PCIDE, from where on CR3 says whose translations are used. */
const identifiers = (a: Assembler): Assembler =>
  a
    .mov(rax, cr4)
    .or(eax, 1 << 17)
    .mov(cr4, rax)
/** Goes to a tree with a PCID whose translations are kept. */
const kept = (a: Assembler, root: number): Assembler => a.mov(rax, (1n << 63n) | BigInt(root)).mov(cr3, rax)

/** A loop that swaps its own page for its twin, in which another instruction follows. */
const swapping = (address: number, differs: (a: Assembler) => unknown): Elsewhere => ({
  address,
  write: (a) => {
    a.xor(rdi, 0x1000).mov(mem64(absoluteEntry), rdi).invlpg(mem8(rsi))
    differs(a)
    a.org(address + 0x40, 0x90)
      .dec(ecx)
      .je('over')
      .jmp(rsi)
      .label('over')
      .hlt()
  },
})
const absoluteEntry = entryOf(window)

/** Sets an entry of the other tree once. */
const entry = (linear: number, value: number): readonly [number, Uint8Array] => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return [entryOf(linear, at.otherTables), bytes]
}

/** Page tables that change under code that runs. */
export const translations: readonly Program[] = [
  {
    name: 'a page of code is mapped elsewhere, and CR3 is loaded',
    mode: 'long',
    elsewhere: functions,
    write: (a) => loop(a, rounds, () => callWindow(ownTree(mapByRound(a)))),
  },
  {
    name: 'a page of code is mapped elsewhere, and INVLPG comes',
    mode: 'long',
    elsewhere: functions,
    write: (a) => loop(a, rounds, () => callWindow(mapByRound(a).invlpg(mem8(window)))),
  },
  {
    name: 'a page of code that is called by its distance, mapped elsewhere now and then',
    mode: 'long',
    elsewhere: functions,
    write: (a) =>
      loop(a, rounds, () => {
        a.test(ecx, 7).jne('stays')
        mapByRound(a.ror(ecx, 3)).rol(ecx, 3).invlpg(mem8(window)).label('stays').call(window)
      }),
  },
  {
    name: 'other code at the same address in another address space',
    mode: 'long',
    elsewhere: functions,
    memory: [entry(window, (at.otherCode + 0x1000) | all)],
    write: (a) => {
      setEntry(a, window, at.otherCode | all)
      loop(a, rounds, () => callWindow(ownTree(callWindow(otherTree(a)))))
    },
  },
  {
    name: 'other code at the same address in address spaces whose translations are kept',
    mode: 'long',
    elsewhere: functions,
    memory: [entry(window, (at.otherCode + 0x1000) | all)],
    write: (a) => {
      setEntry(a, window, at.otherCode | all)
      identifiers(a)
      loop(a, rounds, () => callWindow(kept(callWindow(kept(a, at.otherTables | 2)), at.tables | 1)))
    },
  },
  {
    name: 'a page of code that is mapped elsewhere in one address space while another one is used',
    mode: 'long',
    elsewhere: functions,
    memory: [entry(window, at.otherCode | all)],
    write: (a) => {
      setEntry(a, window, at.otherCode | all)
      identifiers(a)
      loop(a, rounds, () => {
        callWindow(kept(a, at.tables | 1))
        kept(a, at.otherTables | 2)
        callWindow(mapByRound(a).invlpg(mem8(window)))
      })
    },
  },
  {
    name: 'more address spaces than any TLB keeps',
    mode: 'long',
    elsewhere: functions,
    memory: [entry(window, (at.otherCode + 0x1000) | all)],
    write: (a) => {
      setEntry(a, window, at.otherCode | all)
      identifiers(a)
      loop(a, rounds, () => {
        // of every second round the translations are forgotten
        a.mov(edx, ecx).and(edx, 31).shr(edx, 1).or(edx, at.tables).mov(eax, ecx).shl(rax, 63).or(rdx, rax)
        callWindow(a.mov(cr3, rdx))
        callWindow(a.xor(rdx, (at.tables ^ at.otherTables) | 0x20).mov(cr3, rdx))
      })
    },
  },
  {
    name: 'an instruction in two pages, the second of which is mapped elsewhere each round',
    mode: 'long',
    elsewhere: astride,
    write: (a) => {
      setEntry(a, window, at.otherCode | all)
      loop(a, rounds, () => {
        a.mov(eax, ecx)
          .and(eax, 1)
          .shl(eax, 12)
          .add(eax, (at.otherCode + 0x1000) | all)
        a.mov(mem64(entryOf(window + 0x1000)), rax).invlpg(mem8(window + 0x1000))
        a.mov(rsi, window + beforeEnd)
          .call(rsi)
          .call(rsi)
      })
    },
  },
  {
    name: 'an instruction in two pages that is written to, now in the one and now in the other',
    mode: 'long',
    elsewhere: astride,
    write: (a) => {
      a.mov(rdi, at.otherCode + beforeEnd + 1).mov(rsi, at.otherCode + beforeEnd)
      loop(a, rounds, () => {
        a.call(rsi)
          .mov(eax, ecx)
          .and(eax, 3)
          .inc(mem8({ base: rdi, index: rax, scale: 1 }))
        a.call(rsi).call(rsi)
      })
    },
  },
  {
    name: 'an instruction in two pages, the second of which is not there every other round',
    mode: 'long',
    elsewhere: astride,
    write: (a) => {
      setEntry(a, window, at.otherCode | all).mov(rsi, window + beforeEnd)
      loop(a, rounds, () => {
        a.mov(eax, ecx)
          .and(eax, 1)
          .add(eax, (at.otherCode + 0x1000) | (all & ~present))
        a.mov(mem64(entryOf(window + 0x1000)), rax)
          .invlpg(mem8(window + 0x1000))
          .call(rsi)
          .call(rsi)
      })
      a.hlt()
        .label('vector14')
        .or(mem8(entryOf(window + 0x1000)), present)
        .inc(rbx)
        .add(rsp, 8)
        .iretq()
    },
  },
  {
    name: 'address spaces that are switched in a loop that both have',
    mode: 'long',
    memory: [entry(at.data, (at.data + 0x1000) | all)],
    write: (a) => {
      a.mov(rdi, at.data).mov(rdx, at.tables)
      loop(a, rounds, () =>
        a
          .xor(rdx, at.tables ^ at.otherTables)
          .mov(cr3, rdx)
          .add(mem64(rdi), 1)
          .add(rbx, mem64(rdi)),
      )
    },
  },
  {
    name: 'address spaces with identifiers, kept and forgotten',
    mode: 'long',
    elsewhere: functions,
    memory: [entry(window, (at.otherCode + 0x1000) | all)],
    write: (a) => {
      a.mov(rax, cr4)
        .or(eax, 1 << 17)
        .mov(cr4, rax)
      setEntry(a, window, at.otherCode | all)
      const keep = 1n << 63n
      a.mov(r8, keep | BigInt(at.otherTables | 5)).mov(r9, keep | BigInt(at.tables))
      loop(a, rounds, () =>
        callWindow(
          callWindow(callWindow(a.mov(cr3, r8)).mov(cr3, r9))
            .mov(rax, at.otherTables | 5)
            .mov(cr3, rax),
        ),
      )
    },
  },
  {
    name: 'code that becomes not executable and executable again',
    mode: 'long',
    elsewhere: functions,
    write: (a) => {
      a.jmp('start').label('vector14').add(rdx, mem64(rsp))
      setEntry(a, window, at.otherCode | all)
      a.invlpg(mem8(window)).add(rsp, 8).iretq()
      a.label('start')
      loop(a, rounds, () => {
        setEntry(a, window, noExecute | BigInt(at.otherCode | all)).invlpg(mem8(window))
        callWindow(callWindow(a))
      })
    },
  },
  {
    name: 'the page of the loop itself is mapped anew, to the same frame',
    mode: 'long',
    write: (a) =>
      loop(a, rounds, () =>
        // accessed already: whether it is fetched from before INVLPG cannot be seen
        setEntry(a, at.code, at.code | all | accessed)
          .invlpg(mem8(at.code))
          .inc(rbx)
          .test(ecx, 3)
          .jne('on')
          .inc(rdx)
          .label('on'),
      ),
  },
  {
    name: 'the page of the loop itself is mapped to another frame, in which it goes on otherwise',
    mode: 'long',
    elsewhere: [
      swapping(at.otherCode, (a) => a.add(rbx, 3)),
      swapping(at.otherCode + 0x1000, (a) => a.rol(rbx, 3).inc(rbx)),
    ],
    write: (a) => {
      a.mov(ecx, rounds)
        .mov(rdi, at.otherCode | all | accessed)
        .mov(mem64(entryOf(window)), rdi)
      a.mov(rsi, window).jmp(rsi)
    },
  },
]
