import type { MemoryOp } from '@vmm/wasm-encoder'
import { segmentNames } from '@vmm/x86-registers'
import type { Asker, Bits, Bulk, Machine, Segment } from '@vmm/x86-semantics'
import { accessKind } from '../access.ts'
import type { Node } from '../emit/node.ts'
import { at, inReach, inRecord, reachBytes, type TlbKind, tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'
import type { Frame } from './frame.ts'
import { swapLocked, whereLocked } from './locked.ts'
import { asValue, bitsOf, highOf, nodeOf, pairOf } from './value.ts'

type Sized = 8 | 16 | 32 | 64 | 128 | 256
const reachAt = at.reach

const loads = { 8: 'i32.load8_u', 16: 'i32.load16_u', 32: 'i32.load', 64: 'i64.load', 128: 'v128.load' } as const
/** Bytes from one half of 256 bits to the other. */
const half = 16
const stores = {
  8: 'i32.store8',
  16: 'i32.store16',
  32: 'i32.store',
  64: 'i64.store',
  128: 'v128.store',
} as const satisfies Record<Exclude<Sized, 256>, MemoryOp>

/** An address that was translated for reading and writing. */
export interface Translated {
  readonly host: Node
  /** What was there, where that must still be there when it is written. */
  old?: Node
}

/** Access to guest memory, with the software TLB probed inline. */
export class MemoryReading {
  readonly #frame: Frame
  /** Where a locked instruction has loaded from without an operand. */
  #locked: Translated | undefined

  constructor(frame: Frame) {
    this.#frame = frame
  }

  /** Whether what is loaded is locked until the store that follows. */
  get isLocked(): boolean {
    return this.#frame.mode.lock
  }

  loadLocked<W extends Sized>(segment: Segment, offset: Node, w: W): Bits<W> {
    const kind = this.kindOf(segment, w / 8, accessKind.write)
    this.#locked = this.translate(this.linearOf(segment, offset, kind), w / 8, kind)
    return this.loadTranslated(this.#locked, w)
  }

  /** Stores where a locked load has been; false where there was none. */
  storeLocked<W extends Sized>(value: Bits<W>): boolean {
    const locked = this.#locked
    this.#locked = undefined
    if (locked !== undefined) this.storeTranslated(locked, value)
    return locked !== undefined
  }

  /** The linear address of `offset` in `segment`, checked as segmentation asks. */
  linearOf(segment: Segment, offset: Node, kind: number): Node {
    const { code, mode, cpu, record } = this.#frame
    if (mode.execution === 'long') return this.#linearInLong(segment, offset)
    if (this.#frame.isFlat(this.#segmentIndex(segment))) return offset
    const held = code.hold(offset)
    const checked = () => {
      const index = this.#segmentIndex(segment)
      const [linear, ok] = code.call(
        this.#frame.runtime.segmented,
        [cpu, record.get(), index, held, code.i32(kind)],
        ['i64', 'i32'],
      )
      this.#faultUnless(ok!)
      return linear!
    }
    const isReachKnown = this.#frame.segmentsStay || !this.#frame.segmentsChanged
    return isReachKnown ? this.#withinReach(segment, held, kind & accessKind.sizeMask, checked) : checked()
  }

  /** Most segments are plain data, and most accesses lie within the limit. */
  #withinReach(segment: Segment, offset: Node, bytes: number, otherwise: () => Node): Node {
    const { code, cpu } = this.#frame
    const at = code.op('i32.shl', this.#segmentIndex(segment), code.i32(Math.log2(reachBytes)))
    const entry = code.hold(code.op('i32.add', cpu, at))
    const end = code.op('i64.add', offset, code.i64(BigInt(bytes)))
    const linear = code.local('i64')
    code.usually(
      code.op('i64.le_u', end, code.load('i64.load', entry, reachAt + inReach.bytes)),
      () => {
        const sum = code.op('i64.add', offset, code.load('i64.load', entry, reachAt + inReach.base))
        linear.set(code.op('i64.and', sum, code.i64(0xffff_ffffn)))
      },
      () => linear.set(otherwise()),
    )
    return linear.get()
  }

  /** In 64-bit code only FS and GS have a base, and non-canonical addresses never hit the TLB. */
  #linearInLong(segment: Segment, offset: Node): Node {
    const { code, cpu, field, address } = this.#frame
    if (segment === 'FS' || segment === 'GS')
      return code.op('i64.add', offset, code.load('i64.load', cpu, at[`${segment}.base`]))
    if (segment !== 'operand' || address === 'flat') return offset
    const stride = at['GS.base'] - at['FS.base']
    const index = field('i32.load8_u', inRecord.segment)
    const base = code.load(
      'i64.load',
      code.op('i32.add', cpu, code.op('i32.mul', index, code.i32(stride))),
      at['ES.base'],
    )
    return code.op('i64.add', offset, code.select(code.op('i32.ge_u', index, code.i32(4)), base, code.i64(0n)))
  }

  /** The linear address of an offset, with nothing checked. */
  unchecked(segment: Segment, offset: Node): Node {
    const { code, mode, cpu, field } = this.#frame
    if (mode.execution === 'long') return this.#linearInLong(segment, offset)
    const stride = at['CS.base'] - at['ES.base']
    const base =
      segment === 'operand'
        ? code.load(
            'i64.load',
            code.op('i32.add', cpu, code.op('i32.mul', field('i32.load8_u', inRecord.segment), code.i32(stride))),
            at['ES.base'],
          )
        : code.load('i64.load', cpu, at[`${segment}.base`])
    return code.op('i64.and', code.op('i64.add', base, offset), code.i64(0xffff_ffffn))
  }

  /** A linear address as wide as the mode has them: 32 bits outside IA-32e mode. */
  wrapped(linear: Bits<64>): Node {
    const { code, mode } = this.#frame
    if (mode.execution === 'long' || mode.execution === 'compatibility') return nodeOf(linear)
    return code.op('i64.and', nodeOf(linear), code.i64(0xffff_ffffn))
  }

  /** At most `count` elements from an offset up before it wraps or meets the segment's limit. */
  elementsFrom({ segment, offset }: Bulk['to'], bytes: number, count: Node): Node {
    const { code, mode, cpu, runtime } = this.#frame
    if (mode.addressSize === 64) return count
    const highest = code.i64(mode.addressSize === 16 ? 0xffffn : 0xffff_ffffn)
    const least = code.hold(count)
    const held = code.hold(nodeOf(offset))
    const room =
      mode.execution === 'long'
        ? code.op(
            'i64.add',
            code.op('i64.div_u', code.op('i64.sub', highest, held), code.i64(BigInt(bytes))),
            code.i64(1n),
          )
        : code.call(
            runtime.elementRoom,
            [cpu, this.#segmentIndex(segment), held, highest, code.i32(bytes)],
            ['i64'],
          )[0]!
    const most = code.hold(room)
    return code.select(code.op('i64.lt_u', most, least), most, least)
  }

  #segmentIndex(segment: Segment): Node {
    const { code, field } = this.#frame
    return segment === 'operand' ? field('i32.load8_u', inRecord.segment) : code.i32(segmentNames.indexOf(segment))
  }

  kindOf(segment: Segment, bytes: number, more = 0): number {
    const { execution } = this.#frame.mode
    const untyped = execution === 'real' || execution === 'virtual-8086' ? accessKind.untyped : 0
    return (
      bytes |
      more |
      untyped |
      (segment === 'SS' ? accessKind.stack : 0) |
      (segment === 'operand' ? accessKind.operand : 0)
    )
  }

  /** Loads through the read view. */
  load<W extends Sized>(linear: Node, w: W, kind: number, asker: Asker): Bits<W> {
    const { code } = this.#frame
    const host = this.#translated('read', linear, w / 8, asker, () => this.#slowRead(linear, kind, asker))
    return this.#loaded(code.hold(host), w)
  }

  #loaded<W extends Sized>(host: Node, w: W): Bits<W> {
    const { code } = this.#frame
    const from = (op: MemoryOp, offset = 0) => code.hold(code.load(op, host, offset))
    if (w === 256) return pairOf(from('v128.load'), from('v128.load', half)) as unknown as Bits<W>
    return bitsOf(from(loads[w as keyof typeof loads]), w)
  }

  /** Stores through the write view. */
  store<W extends Sized>(linear: Node, value: Bits<W>, kind: number, asker: Asker): void {
    const { code } = this.#frame
    const { node, width } = asValue(value)
    const kept = code.hold(node)
    const high = width === 256 ? code.hold(highOf(value as unknown as Bits<256>)) : undefined
    const host = this.#translated('write', linear, width / 8, asker, () => this.#slowWrite(linear, kind, asker))
    if (high === undefined) code.store(stores[width as keyof typeof stores], host, kept)
    else {
      code.store('v128.store', host, kept)
      code.store('v128.store', host, high, half)
    }
    this.#commitScratch(host)
  }

  /** Translates once for a read that is followed by a write. */
  translate(linear: Node, bytes: number, kind: number): Translated {
    const word = kind | accessKind.modify | (this.isLocked ? accessKind.locked : 0)
    const host = this.#translated('write', linear, bytes, 'program', () => this.#slowWrite(linear, word, 'program'))
    return { host: this.#frame.code.hold(host) }
  }

  loadTranslated<W extends Sized>(translated: Translated, w: W): Bits<W> {
    const { code } = this.#frame
    const value = code.hold(code.load(loads[w as keyof typeof loads], translated.host))
    if (this.isLocked) translated.old = value
    return bitsOf(value, w)
  }

  storeTranslated<W extends Sized>({ host, old }: Translated, value: Bits<W>): void {
    const { node, width } = asValue(value)
    const plainly = () => {
      this.#frame.code.store(stores[width as keyof typeof stores], host, node)
      this.#commitScratch(host)
    }
    if (old === undefined || width === 128) plainly()
    else swapLocked(this.#frame, { host, old, value: this.#frame.code.hold(node), width }, plainly)
  }

  check(linear: Node, bytes: number, kind: number, asker: Asker): void {
    const { code, cpu, record, runtime, plainOnly } = this.#frame
    // what can be translated now can be later
    if (plainOnly) return this.#reach(linear, bytes, kind, asker)
    const [ok] = code.call(
      runtime.check,
      [cpu, record.get(), this.#views(asker), linear, code.i32(bytes), code.i32(kind | this.#by(asker))],
      ['i32'],
    )
    this.#faultUnless(ok!)
  }

  #reach(linear: Node, bytes: number, kind: number, asker: Asker): void {
    const isWrite = (kind & accessKind.write) !== 0
    const slow = () => (isWrite ? this.#slowWrite(linear, kind, asker) : this.#slowRead(linear, kind, asker))
    this.#translated(isWrite ? 'write' : 'read', linear, bytes, asker, slow)
  }

  loadPhysical<W extends 32 | 64>(address: Bits<64>, w: W): Bits<W> {
    const { code, cpu, runtime } = this.#frame
    const [value] = code.call(runtime.readPhysical, [cpu, nodeOf(address), code.i32(w / 8)], ['i64'])
    return bitsOf(w === 64 ? value! : code.op('i32.wrap_i64', value!), w)
  }

  swapPhysical<W extends 32 | 64>(address: Bits<64>, expected: Bits<W>, value: Bits<W>): Bits<1> {
    const { code, cpu, runtime } = this.#frame
    const wide = (bits: Bits<W>) =>
      asValue(bits).width === 64 ? nodeOf(bits) : code.op('i64.extend_i32_u', nodeOf(bits))
    const bytes = code.i32(asValue(value).width / 8)
    const [swapped] = code.call(
      runtime.swapPhysical,
      [cpu, nodeOf(address), wide(expected), wide(value), bytes],
      ['i32'],
    )
    return bitsOf(swapped!, 1)
  }

  /**
   * The host address by one view: `(linear ^ tag) <u 4097 - size` also refuses what crosses the page. What is chosen between is how
   * far away it lies, so that the sum is as good as any other address to whoever compiles this: 32 bits and no more.
   */
  #translated(view: TlbKind, linear: Node, bytes: number, asker: Asker, miss: () => Node): Node {
    const { code } = this.#frame
    const kept = code.hold(linear)
    const low = code.op('i32.wrap_i64', kept)
    const entry = tlbEntryOf(code, this.#views(asker), kept)
    const offset = tlbKinds[view]
    const difference = code.op('i64.xor', kept, code.load('i64.load', entry, offset))
    const away = code.local('i32')
    const hits = code.op('i64.lt_u', difference, code.i64(BigInt(4097 - bytes)))
    code.usually(
      this.isLocked && view === 'write' ? whereLocked(code, kept, bytes, hits) : hits,
      () => away.set(code.load('i32.load', entry, offset + 8)),
      () => away.set(code.op('i32.sub', miss(), low)),
    )
    return code.op('i32.add', low, away.get())
  }

  #views(asker: Asker): Node {
    const { code, cpu, tlb } = this.#frame
    return asker === 'program' ? tlb : code.load('i32.load', cpu, at.tlbProcessor)
  }

  #by(asker: Asker): number {
    return asker === 'program' ? 0 : accessKind.processor
  }

  #slowRead(linear: Node, kind: number, asker: Asker): Node {
    const { code, cpu, record, runtime, plainOnly } = this.#frame
    const asked = [cpu, record.get(), this.#views(asker), linear, code.i32(kind | this.#by(asker))]
    if (plainOnly) return this.#plain(runtime.plainRead, asked)
    const [host, next] = code.call(runtime.slowRead, asked, ['i32', 'i32'])
    this.#faultUnless(host!)
    record.set(next!)
    return host!
  }

  #slowWrite(linear: Node, kind: number, asker: Asker): Node {
    const { code, cpu, record, runtime, plainOnly } = this.#frame
    const word = code.i32(kind | accessKind.write | this.#by(asker))
    const asked = [cpu, record.get(), this.#views(asker), linear, word]
    return this.#plain(plainOnly ? runtime.plainWrite : runtime.slowWrite, asked)
  }

  /** A host address by a function of the runtime. */
  #plain(index: number, asked: readonly Node[]): Node {
    const [host] = this.#frame.code.call(index, asked, ['i32'])
    this.#faultUnless(host!)
    return host!
  }

  #commitScratch(host: Node): void {
    const { code, cpu, record, runtime, memoryBase, plainOnly } = this.#frame
    if (plainOnly) return
    code.rarely(code.op('i32.lt_u', host, code.i32(memoryBase)), () => {
      const [next] = code.call(runtime.commit, [cpu, record.get()], ['i32'])
      record.set(next!)
    })
  }

  #faultUnless(ok: Node): void {
    const { code } = this.#frame
    code.rarely(code.op('i32.eqz', ok), () => this.#frame.leaveFault())
  }
}

/** The bulk part: whole runs of string elements by the runtime. */
export function bulkOn(frame: Frame, memory: MemoryReading): Machine['bulk'] {
  const { code, cpu, record, tlb, runtime } = frame
  return (work, count) => {
    const bytes = work.width / 8
    const from =
      work.kind === 'fill'
        ? undefined
        : memory.linearOf(work.from.segment, nodeOf(work.from.offset), memory.kindOf(work.from.segment, bytes))
    const to = memory.linearOf(
      work.to.segment,
      nodeOf(work.to.offset),
      memory.kindOf(work.to.segment, bytes, accessKind.write),
    )
    const step = nodeOf(work.step)
    const width = code.i32(bytes)
    const first = work.kind === 'fill' ? [to, nodeOf(work.value)] : [from!, to]
    const index = work.kind === 'fill' ? runtime.bulkFill : runtime.bulkMove
    const places = work.kind === 'fill' ? [work.to] : [work.from, work.to]
    const most = places.reduce((least, place) => memory.elementsFrom(place, bytes, least), nodeOf(count))
    const [done, next] = code.call(index, [cpu, record.get(), tlb, ...first, step, width, most], ['i64', 'i32'])
    code.if(code.op('i64.eqz', done!), () => frame.leaveFault())
    record.set(next!)
    return bitsOf(done!, 64)
  }
}
