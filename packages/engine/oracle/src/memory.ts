import { failed, maskedLinear, refusedByEpt, walk, access as walkAccess, walkShadow } from '@vmm/x86-paging'
import { accessRights, exceptions, type SegmentName } from '@vmm/x86-registers'
import { type Asker, type Bits, type Machine, type Mode, type Surroundings, secondLevelFault } from '@vmm/x86-semantics'
import { bitsOf, numberOf } from './bits.ts'
import { breakpointsMet, type DebugRegisters, debugRegistersOf } from './data-breakpoints.ts'
import { answered, Fault, Unanswered } from './fault.ts'
import type { State } from './state.ts'

/** Guest-physical memory, as far as it goes. What lies beyond is a device's. */
export interface PhysicalMemory {
  /** A byte, or undefined where there is no memory. */
  read(address: number): number | undefined
  /** False where there is no memory, or none that can be written: stores go to a device then. */
  write(address: number, byte: number): boolean
}

/** How an access is made. */
export interface Access {
  readonly how: 'read' | 'write' | 'execute'
  readonly asker: Asker
  /** Faults of addresses are #SS instead of #GP. */
  readonly stack: boolean
}

const pageMask = 0xfffn
const lineBytes = 64n
const all64 = (1n << 64n) - 1n
const all32 = (1n << 32n) - 1n

/** Memory as an instruction sees it: segments, linear addresses, pages, bytes. */
export class MemoryAccess {
  readonly #state: State
  readonly #memory: PhysicalMemory
  readonly #ports: Surroundings
  /** The machine that the page walk's description runs on. */
  readonly #machine: () => Machine
  #met = 0
  #instead: DebugRegisters | undefined
  /** Addresses and what was there before, in the order of the stores. */
  readonly #stored: [address: number, before: number][] = []

  constructor(state: State, memory: PhysicalMemory, ports: Surroundings, machine: () => Machine) {
    this.#state = state
    this.#memory = memory
    this.#ports = ports
    this.#machine = machine
  }

  /** Where breakpoints are: the guest's, or those that take their place. */
  get breakpoints(): DebugRegisters {
    return this.#instead ?? debugRegistersOf(this.#state)
  }

  breakInstead(instead: DebugRegisters | undefined): void {
    this.#instead = instead
  }

  /** The linear address, with nothing checked. In 64-bit code only FS and GS have a base. */
  unchecked(mode: Mode, segment: SegmentName, offset: bigint): bigint {
    const hasBase = mode.execution !== 'long' || segment === 'FS' || segment === 'GS'
    const linear = offset + (hasBase ? this.#state.get(`${segment}.base`) : 0n)
    return linear & (mode.execution === 'long' ? all64 : all32)
  }

  /** The linear address, after the checks of limit, and in protected mode of type, outside 64-bit code. SDM 3A §5.3 to §5.5. */
  linear(mode: Mode, segment: SegmentName, offset: bigint, bytes: number, how: 'read' | 'write'): bigint {
    if (mode.execution !== 'long' && !this.#permits(mode, segment, offset, bytes, how)) {
      throw new Fault(segment === 'SS' ? exceptions.SS.vector : exceptions.GP.vector, 0)
    }
    return this.unchecked(mode, segment, offset)
  }

  #permits({ execution }: Mode, segment: SegmentName, offset: bigint, bytes: number, how: 'read' | 'write'): boolean {
    const access = Number(this.#state.get(`${segment}.access`))
    const isCode = (access & 8) !== 0
    if (execution === 'protected' || execution === 'compatibility') {
      if ((access & accessRights.unusable) !== 0) return false
      const typeBit = (access & 2) !== 0
      if (how === 'write' ? isCode || !typeBit : isCode && !typeBit) return false
    }
    const last = offset + BigInt(bytes) - 1n
    const limit = this.#state.get(`${segment}.limit`)
    if (isCode || (access & 4) === 0) return last <= limit
    return offset > limit && last <= ((access & accessRights.big) !== 0 ? all32 : 0xffffn)
  }

  /** The physical address of a linear one, or a fault. */
  translate(given: bigint, access: Access): bigint {
    const { how, asker, stack } = access
    const linear = this.#masked(given, access)
    this.#refuseNonCanonical(linear, stack)
    const byProgram = asker === 'program'
    const word =
      (how === 'write' ? walkAccess.write : 0) |
      (how === 'execute' ? walkAccess.execute : 0) |
      (byProgram && this.#state.get('CPL') === 3n ? walkAccess.user : 0) |
      (byProgram && ((this.#state.get('RFLAGS') >> 18n) & 1n) === 1n ? walkAccess.override : 0)
    return this.#walked(walk, linear, word)
  }

  /** The physical address of a shadow-stack access, or a fault: of those, addresses that do not exist are #GP(0). */
  shadowPlace(linear: bigint, bytes: 4 | 8, how: 'read' | 'write', user: boolean): bigint {
    this.#refuseNonCanonical(linear, false)
    const word = (how === 'write' ? walkAccess.write : 0) | (user ? walkAccess.user : 0)
    const place = this.#walked(walkShadow, linear, word)
    this.#met |= breakpointsMet(this.breakpoints, linear, bytes, how === 'write')
    return place
  }

  /** What a program loads and stores may have metadata in the upper bits of its address. */
  #masked(linear: bigint, { how, asker }: Access): bigint {
    if (how === 'execute' || asker === 'processor') return linear
    return maskedLinear(linear, { CR3: this.#state.get('CR3'), CR4: this.#state.get('CR4') })
  }

  #walked({ body }: typeof walk, linear: bigint, word: number): bigint {
    const results = body(this.#machine(), bitsOf(linear, 64), bitsOf(BigInt(word), 8)) as readonly Bits<64>[]
    const [error, frame] = results.map(numberOf) as [bigint, bigint]
    if ((error & BigInt(refusedByEpt)) !== 0n) throw new Fault(secondLevelFault, Number(error & 0xffffn))
    if (error !== 0n) {
      this.#state.set('CR2', linear)
      throw new Fault(exceptions.PF.vector, Number(error) & ~failed)
    }
    return frame | (linear & pageMask)
  }

  #refuseNonCanonical(linear: bigint, stack: boolean): void {
    const bits = canonicalBits(this.#state)
    if (bits === undefined || BigInt.asUintN(64, BigInt.asIntN(bits, linear)) === linear) return
    throw new Fault(stack ? exceptions.SS.vector : exceptions.GP.vector, 0)
  }

  /** Physical addresses of every byte: all are found before one is touched. */
  place(given: bigint, bytes: number, access: Access): bigint[] {
    const linear = this.#masked(given, access)
    // addresses that do not exist are refused before alignment is asked for, and that before any page is looked at
    this.#refuseNonCanonical(linear, access.stack)
    this.#refuseNonCanonical((linear + BigInt(bytes - 1)) & all64, access.stack)
    this.#checkAlignment(linear, bytes, access)
    const places = this.reach(linear, bytes, access)
    if (access.how !== 'execute') this.#met |= breakpointsMet(this.breakpoints, linear, bytes, access.how === 'write')
    return places
  }

  /** What no memory answers may be out of reach: nothing is told of why. */
  #reachDevices(places: readonly bigint[], how: Access['how']): void {
    if (this.#ports.unreachable === undefined) return
    for (const { isMemory, places: run } of runsOf(this.#memory, places)) {
      if (isMemory) continue
      const purpose = how === 'execute' ? 'fetch' : how
      if (this.#ports.unreachable?.(Number(run[0]), run.length, purpose) === true) throw new Unanswered()
    }
  }

  /** The same without an alignment check: for checks ahead of accesses. */
  reach(given: bigint, bytes: number, access: Access): bigint[] {
    const linear = this.#masked(given, access)
    const places: bigint[] = []
    // where linear addresses have 32 bits, an access may go over the top
    const mask = canonicalBits(this.#state) === undefined ? all32 : all64
    // an access that runs out of the canonical addresses is refused before any page is looked at
    this.#refuseNonCanonical((linear + BigInt(bytes - 1)) & all64, access.stack)
    for (let done = 0; done < bytes; ) {
      const at = (linear + BigInt(done)) & mask
      const physical = this.translate(at, access)
      const here = Math.min(bytes - done, 4096 - Number(at & pageMask))
      for (let byte = 0; byte < here; byte += 1) places.push(physical + BigInt(byte))
      done += here
    }
    this.#reachDevices(places, access.how)
    return places
  }

  /** #AC(0) for what lies askew, at CPL 3 with CR0.AM and RFLAGS.AC. SDM 3A §6.15. */
  #checkAlignment(linear: bigint, bytes: number, { how, asker }: Access): void {
    if (asker !== 'program' || how === 'execute' || bytes > 8) return
    const state = this.#state
    const armed = state.get('CPL') === 3n && ((state.get('CR0') >> 18n) & (state.get('RFLAGS') >> 18n) & 1n) === 1n
    if (armed && (linear & BigInt(bytes - 1)) !== 0n) throw new Fault(exceptions.AC.vector, 0)
  }

  load(places: readonly bigint[], purpose: 'data' | 'fetch' = 'data'): bigint {
    let value = 0n
    for (const run of runsOf(this.#memory, places)) {
      const piece = run.isMemory ? this.#fromMemory(run.places) : this.#fromDevice(run.places, purpose)
      value |= piece << BigInt(run.first * 8)
    }
    return value
  }

  #fromMemory(places: readonly bigint[]): bigint {
    return places.reduceRight((all, address) => (all << 8n) | BigInt(this.#memory.read(Number(address))!), 0n)
  }

  #fromDevice(places: readonly bigint[], purpose: 'data' | 'fetch'): bigint {
    let value = 0n
    for (const [offset, size] of inEights(places.length))
      value |= answered(this.#ports.mmioRead(Number(places[0]) + offset, size, purpose)) << BigInt(offset * 8)
    return value
  }

  store(places: readonly bigint[], value: bigint): void {
    for (const run of runsOf(this.#memory, places)) {
      const piece = value >> BigInt(run.first * 8)
      if (!run.isMemory || !this.#toMemory(run.places, piece)) this.#toDevice(run.places, piece)
    }
  }

  /** False where there is memory that cannot be written: the store is a device's then. */
  #toMemory(places: readonly bigint[], value: bigint): boolean {
    const before = places.map((address) => this.#memory.read(Number(address))!)
    const byteOf = (index: number) => Number((value >> BigInt(index * 8)) & 0xffn)
    if (!this.#memory.write(Number(places[0]), byteOf(0))) return false
    if (places.some((address) => address - (address % lineBytes) === this.#state.get('MONITOR')))
      this.#state.set('MONITOR', all64)
    places.forEach((address, index) => {
      this.#memory.write(Number(address), byteOf(index))
      this.#stored.push([Number(address), before[index]!])
    })
    return true
  }

  /** The physical address of the line that a linear address lies in; all ones where there is no memory. */
  lineOf(linear: bigint): bigint {
    const address = this.translate(linear, { how: 'read', asker: 'program', stack: false })
    return this.#memory.read(Number(address)) === undefined ? all64 : address - (address % lineBytes)
  }

  /** A debug trap that no access is the reason of, as bits of DR6. */
  trap(why: number): void {
    this.#met |= why
  }

  /** Data breakpoints met and debug traps asked for since the last look, as bits of DR6. */
  takeBreakpoints(): number {
    const met = this.#met
    this.#met = 0
    return met
  }

  /** What has been stored so far stays, even if a fault follows. */
  commit(): void {
    this.#stored.length = 0
  }

  /** Takes back what has been stored since the last commit. Accessed and dirty bits stay, and what devices were told. */
  undo(): void {
    for (const [address, byte] of this.#stored.reverse()) this.#memory.write(address, byte)
    this.#stored.length = 0
  }

  #toDevice(places: readonly bigint[], value: bigint): void {
    for (const [offset, size] of inEights(places.length))
      this.#ports.mmioWrite(Number(places[0]) + offset, size, BigInt.asUintN(size * 8, value >> BigInt(offset * 8)))
  }

  /** Page tables: where there is no memory it reads as ones. */
  loadPhysical(address: bigint, bytes: 4 | 8): bigint {
    const at = Number(address)
    const read = Array.from({ length: bytes }, (_, index) => this.#memory.read(at + index))
    if (read.includes(undefined)) return BigInt.asUintN(bytes * 8, -1n)
    return read.reduceRight<bigint>((all, byte) => (all << 8n) | BigInt(byte!), 0n)
  }

  swapPhysical(address: bigint, bytes: 4 | 8, expected: bigint, value: bigint): boolean {
    // where there is no memory nothing is kept, and nothing is missed
    if (this.#memory.read(Number(address)) === undefined) return true
    if (this.loadPhysical(address, bytes) !== expected) return false
    for (let index = 0; index < bytes; index += 1)
      this.#memory.write(Number(address) + index, Number((value >> BigInt(index * 8)) & 0xffn))
    return true
  }
}

/** How many bits an address may have before it must be sign-extended, or undefined where every one will do. */
function canonicalBits(state: State): 48 | 57 | undefined {
  const isLong = (state.get('IA32_EFER') & 0x400n) !== 0n && (state.get('CR0') & (1n << 31n)) !== 0n
  if (!isLong) return undefined
  return (state.get('CR4') & (1n << 12n)) !== 0n ? 57 : 48
}

/** Bytes that follow each other in memory, or at a device. */
interface Run {
  readonly first: number
  readonly places: bigint[]
  readonly isMemory: boolean
}

function runsOf(memory: PhysicalMemory, places: readonly bigint[]): Run[] {
  const runs: Run[] = []
  places.forEach((address, index) => {
    const isMemory = memory.read(Number(address)) !== undefined
    const last = runs.at(-1)
    const goesOn = last !== undefined && last.isMemory === isMemory && last.places.at(-1)! + 1n === address
    // a device sees the parts of two pages as two accesses
    if (goesOn && (address & pageMask) !== 0n) last.places.push(address)
    else runs.push({ first: index, places: [address], isMemory })
  })
  return runs
}

/** Splits an access to what is no memory into pieces of at most eight bytes: where each begins, and how long it is. */
function inEights(bytes: number): [offset: number, size: number][] {
  return Array.from({ length: Math.ceil(bytes / 8) }, (_, piece) => [piece * 8, Math.min(8, bytes - piece * 8)])
}
