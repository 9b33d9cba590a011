import type { Vcpu } from '../vcpu/vcpu.ts'
import { globalTable, localTable } from './segments.ts'
import { bases, dataOffset, type Outcome, place, type Snippet, segments, startOf, usualPkru } from './snippet.ts'

const page = 4096
const tableCount = 11
const memory = { tables: 0x1000, code: 0x1_0000, data: 0x2_0000, system: 0x3_0000 } as const
/** What is the system's alone, where a program that strays there finds the kernel's half: tables, a stack, and a handler for each vector. */
const system = {
  linear: 0xffff_8001_4000_0000n,
  pages: 4,
  gdt: 0,
  ldt: 0x200,
  tss: 0x400,
  idt: 0x1000,
  stack: 0x2ff0,
  handlers: 0x3000,
} as const
const handlerBytes = 16
/** The TSS ends where its map of ports would begin: a program has none. Source: SDM 1 §19.5.2. */
const [tssLimit, portMapBase] = [0x67, 102]
/** Gates that a program may name. Source: Linux, arch/x86/kernel/idt.c. */
const openVectors: readonly number[] = [3, 4]
const breakpoint = 3
/** What a subject needs of memory. */
export const subjectBytes = 0x4_0000
const present = 7n
const supervisor = 3n
const noExecution = 1n << 63n
/** A repeated string instruction comes back after each element; none here has more. */
const mostSteps = 5000
const fxAt = { FCW: 0, FSW: 2, FTW: 4, FOP: 6, FIP: 8, FDP: 16, MXCSR: 24, ST: 32, XMM: 160, end: 416 } as const
/** Present, accessed, DPL 3: 64-bit and 32-bit code, and data. */
const access = { code: 0xa0fbn, code32: 0xc0fbn, data: 0xc0f3n, ldt: 0x82n, tss: 0x8bn } as const
/** Linux has them so. */
const selector = { code: 0x33n, code32: 0x23n, data: 0x2bn, kernel: 0x10n, tss: 0x40n, ldt: 0x50n } as const
const topOf = (fsw: number) => (fsw >> 11) & 7

/** JMP to itself, behind a snippet for who runs on. */
const turningInPlace = [0xeb, 0xfe] as const
const codeBytes = 0x20

/** Someone who runs snippets and is judged: 64-bit code at CPL 3, as a program under Linux sees it. */
export class Subject {
  readonly name: string
  readonly #cpu: Vcpu
  #code: Uint8Array = new Uint8Array(0)
  /** What surrounds the data, where a snippet may have written. */
  readonly #page = new Uint8Array(page)

  constructor(cpu: Vcpu) {
    this.#cpu = cpu
    this.name = cpu.name
    cpu.writeMemory(memory.tables, pageTables())
    cpu.writeMemory(memory.code, new Uint8Array(page).fill(0xcc))
    cpu.writeMemory(memory.system, systemPages())
    enterProgram(cpu)
  }

  /** Runs a snippet of so many instructions, or until one faults. */
  run(snippet: Snippet, count = 1): Outcome {
    const cpu = this.#cpu
    this.#place(snippet.code)
    this.#page.set(snippet.data, dataOffset)
    cpu.writeMemory(memory.data, this.#page)
    load(cpu, snippet)
    let stop = cpu.step()
    // a repeated string instruction is not done while RIP stays; what jumps to itself is done after the first time
    const repeats = snippet.code.includes(0xf3) || snippet.code.includes(0xf2)
    for (let step = 0; repeats && step < mostSteps && stop.vector === undefined; step += 1) {
      if (cpu.get('RIP') !== BigInt(startOf(snippet))) break
      stop = cpu.step()
    }
    for (let done = 1; !cpu.runsOn && done < count && stop.vector === undefined; done += 1) stop = cpu.step()
    const delivered = deliveredTo(cpu)
    if (delivered !== undefined) {
      giveBack(cpu)
      const isNext = cpu.get('RIP') === BigInt(startOf(snippet) + snippet.code.length)
      if (delivered !== breakpoint || isNext) stop = { vector: delivered, errorCode: 0 }
      // a breakpoint where it jumped to
      else cpu.set('RIP', cpu.get('RIP') - 1n)
    } else if (cpu.runsOn && count === 1 && cpu.get('RIP') !== BigInt(startOf(snippet))) {
      // who runs on may have met a fault where it jumped to
      stop = { vector: undefined, errorCode: 0 }
    }
    return { ...stop, ...stateOf(cpu), address: cpu.get('CR2'), rip: cpu.get('RIP') }
  }

  /** Among breakpoints. Code that is there already is left alone, so that what was made of it stays. */
  #place(code: Uint8Array): void {
    if (Buffer.compare(code, this.#code) === 0) return
    const longest = Math.max(codeBytes, this.#code.length + turningInPlace.length, code.length + turningInPlace.length)
    const bytes = new Uint8Array(longest).fill(0xcc)
    this.#code = code
    bytes.set(code)
    if (this.#cpu.runsOn) bytes.set(turningInPlace, code.length)
    this.#cpu.writeMemory(memory.code, bytes)
  }
}

/** Four levels for three pages of the program, and those of the system. */
function pageTables(): Uint8Array {
  const tables = new DataView(new ArrayBuffer(tableCount * page))
  const entry = (table: number, index: number, value: number, rights = present) =>
    tables.setBigUint64(table * page + index * 8, BigInt(value) | rights, true)
  const table = (index: number) => memory.tables + index * page
  const map = (linear: number, physical: number, directory: number, rights = present) => {
    const index = (level: number) => Math.floor(linear / 2 ** (12 + 9 * level)) & 0x1ff
    entry(0, index(3), table(1))
    entry(1, index(2), table(directory))
    entry(directory, index(1), table(directory + 1))
    entry(directory + 1, index(0), physical, rights)
  }
  map(place.code, memory.code, 2)
  map(place.data, memory.data, 4, present | noExecution)
  map(place.code32, memory.code, 6)
  for (let at = 0; at < system.pages; at += 1)
    map(Number(system.linear) + at * page, memory.system + at * page, 8, supervisor)
  return new Uint8Array(tables.buffer)
}

/** The tables that Linux has, as far as they are seen; a gate for every vector, and a JMP to itself behind each. */
function systemPages(): Uint8Array {
  const pages = new Uint8Array(system.pages * page)
  const view = new DataView(pages.buffer)
  pages.set(globalTable(), system.gdt)
  pages.set(localTable(), system.ldt)
  view.setUint16(system.tss + portMapBase, tssLimit + 1, true)
  view.setBigUint64(system.tss + 4, system.linear + BigInt(system.stack), true)
  for (let vector = 0; vector < 256; vector += 1) {
    const handler = system.handlers + vector * handlerBytes
    const offset = system.linear + BigInt(handler)
    const rights = openVectors.includes(vector) ? 0xeen : 0x8en
    const middle = (offset & 0xffff_0000n) << 32n
    view.setBigUint64(
      system.idt + vector * 16,
      (offset & 0xffffn) | (selector.kernel << 16n) | (rights << 40n) | middle,
      true,
    )
    view.setBigUint64(system.idt + vector * 16 + 8, offset >> 32n, true)
    pages.set(turningInPlace, handler)
  }
  return pages
}

/** The vector whose handler runs, if one does. */
function deliveredTo(cpu: Vcpu): number | undefined {
  if (cpu.get('CPL') === 3n) return undefined
  return (Number(cpu.get('RIP') - system.linear) - system.handlers) / handlerBytes
}

/** Takes an event back: the program is as the frame on the system's stack has it. Source: SDM 3A §6.14.2. */
function giveBack(cpu: Vcpu): void {
  const at = memory.system + Number(cpu.gpr(4) - system.linear)
  const bytes = cpu.readMemory(at, 40)
  const frame = new DataView(bytes.buffer, bytes.byteOffset)
  const [rip, cs, rflags, rsp, ss] = [0, 8, 16, 24, 32].map((each) => frame.getBigUint64(each, true)) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  cpu.set('RIP', rip)
  cpu.set('CS.selector', cs)
  cpu.set('SS.selector', ss)
  cpu.setRflags(rflags)
  cpu.setGpr(4, rsp)
}

function enterProgram(cpu: Vcpu): void {
  cpu.set('CR0', 0x8005_0033n)
  cpu.set('CR4', 0x45_06a0n)
  const tables = [
    ['GDTR', system.gdt, 0x7fn],
    ['IDTR', system.idt, 0xfffn],
  ] as const
  for (const [name, at, limit] of tables) {
    cpu.set(`${name}.base`, system.linear + BigInt(at))
    cpu.set(`${name}.limit`, limit)
  }
  const segmentsOfSystem = [
    ['LDTR', system.ldt, BigInt(localTable().length - 1), 'ldt'],
    ['TR', system.tss, BigInt(tssLimit), 'tss'],
  ] as const
  for (const [name, at, limit, kind] of segmentsOfSystem) {
    cpu.set(`${name}.selector`, selector[kind])
    cpu.set(`${name}.base`, system.linear + BigInt(at))
    cpu.set(`${name}.limit`, limit)
    cpu.set(`${name}.access`, access[kind])
  }
  cpu.set('CR3', BigInt(memory.tables))
  cpu.set('IA32_EFER', 0xd01n)
  cpu.set('XCR0', 7n)
  cpu.set('PHYSICAL_MASK', (1n << 46n) - 1n)
  cpu.ready()
}

/** Flat ones, as Linux has them. */
function loadSegments(cpu: Vcpu): void {
  cpu.set('CPL', 3n)
  for (const name of ['SS', 'DS', 'ES', 'FS', 'GS'] as const) {
    cpu.set(`${name}.selector`, selector.data)
    cpu.set(`${name}.access`, access.data)
    cpu.set(`${name}.limit`, 0xffff_ffffn)
    cpu.set(`${name}.base`, 0n)
  }
}

const wideAt = (view: DataView, at: number): bigint =>
  (view.getBigUint64(at + 8, true) << 64n) | view.getBigUint64(at, true)

function load(cpu: Vcpu, snippet: Snippet): void {
  const { gprs, rflags, fx, upper = new Uint8Array(256) } = snippet
  const kind = snippet.codeSize === 32 ? 'code32' : 'code'
  loadSegments(cpu)
  cpu.set('PKRU', BigInt(snippet.pkru ?? usualPkru))
  cpu.set('CS.selector', selector[kind])
  cpu.set('CS.base', 0n)
  cpu.set('CS.access', access[kind])
  cpu.set('CS.limit', 0xffff_ffffn)
  for (const name of ['FS', 'GS'] as const) {
    // who gives a base to 64-bit code leaves the selector null
    cpu.set(`${name}.selector`, kind === 'code' ? 0n : selector.data)
    cpu.set(`${name}.base`, kind === 'code' ? BigInt(bases[name]) : 0n)
  }
  for (const [index, value] of gprs.entries()) cpu.setGpr(index, value)
  cpu.setRflags(rflags)
  cpu.set('RIP', BigInt(startOf(snippet)))
  cpu.set('CR2', 0n)
  const view = new DataView(fx.buffer, fx.byteOffset)
  const fsw = view.getUint16(fxAt.FSW, true)
  cpu.set('FCW', BigInt(view.getUint16(fxAt.FCW, true)))
  cpu.set('FSW', BigInt(fsw))
  cpu.set('FTW', BigInt(view.getUint8(fxAt.FTW)))
  cpu.set('FOP', BigInt(view.getUint16(fxAt.FOP, true)))
  cpu.set('FIP', BigInt(view.getUint32(fxAt.FIP, true)))
  cpu.set('FDP', BigInt(view.getUint32(fxAt.FDP, true)))
  cpu.set('MXCSR', BigInt(view.getUint32(fxAt.MXCSR, true)))
  for (let index = 0; index < 8; index += 1)
    cpu.setX87((topOf(fsw) + index) & 7, BigInt.asUintN(80, wideAt(view, fxAt.ST + index * 16)))
  cpu.writeVectors(fx.subarray(fxAt.XMM, fxAt.end), upper)
  cpu.ready()
}

function stateOf(cpu: Vcpu): Omit<Outcome, 'vector' | 'errorCode' | 'address' | 'rip'> {
  const fx = new Uint8Array(512)
  const view = new DataView(fx.buffer)
  const fsw = Number(cpu.get('FSW'))
  view.setUint16(fxAt.FCW, Number(cpu.get('FCW')), true)
  view.setUint16(fxAt.FSW, fsw, true)
  view.setUint8(fxAt.FTW, Number(cpu.get('FTW')))
  view.setUint32(fxAt.MXCSR, Number(cpu.get('MXCSR')), true)
  for (let index = 0; index < 8; index += 1) {
    const value = cpu.x87((topOf(fsw) + index) & 7)
    view.setBigUint64(fxAt.ST + index * 16, BigInt.asUintN(64, value), true)
    view.setUint16(fxAt.ST + index * 16 + 8, Number(value >> 64n), true)
  }
  const upper = new Uint8Array(256)
  cpu.readVectors(fx.subarray(fxAt.XMM, fxAt.end), upper)
  const gprs = BigUint64Array.from({ length: 16 }, (_, index) => cpu.gpr(index))
  const data = cpu.readMemory(memory.data + dataOffset, place.dataBytes)
  const selectors = Uint16Array.from(segments, (name) => Number(cpu.get(`${name}.selector`)))
  return { gprs, rflags: cpu.rflags(), fx, upper, data, segments: selectors, pkru: Number(cpu.get('PKRU')) }
}
