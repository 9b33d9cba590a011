import { accessKind } from '../access.ts'
import type { Code, Local } from '../emit/code.ts'
import type { Node } from '../emit/node.ts'
import type { MemoryMap } from '../memory-map.ts'
import type { RuntimeIndices } from '../runtime.ts'
import { at, type TlbKind, tlbKinds } from '../state-layout.ts'
import { tlbEntryOf } from '../tlb-entry.ts'
import { begun } from './parameters.ts'

const ret = { kind: 'return' } as const

/** (…, from, to, step, width, count): moves elements upwards within both pages; anything unusual goes one by one. */
export function bulkMoveFunction(
  map: MemoryMap,
  runtime: Pick<RuntimeIndices, 'slowRead' | 'slowWrite' | 'commit'>,
): Code {
  const [code, [cpu, record, tlb, from, to, step, width, count]] = begun([
    'i32',
    'i32',
    'i32',
    'i64',
    'i64',
    'i64',
    'i32',
    'i64',
  ])
  const after = code.local('i32')
  after.set(record)
  const source = translated(code, { view: 'read', tlb, linear: from, width }, () => {
    const [host, next] = code.call(runtime.slowRead, [cpu, record, tlb, from, width], ['i32', 'i32'])
    after.set(next!)
    return host!
  })
  const next = code.hold(after.get())
  const stop = (host: Node) => code.rarely(code.op('i32.eqz', host), () => code.leave(ret, code.i64(0n), record))
  stop(source)
  const first = code.hold(code.load('i64.load', source))
  const clear = clearRoom(code)
  const target = translated(code, { view: 'write', tlb, linear: to, width }, () => {
    const kind = code.op('i32.or', width, code.i32(accessKind.write | accessKind.bulk))
    const [host] = code.call(runtime.slowWrite, [cpu, next, tlb, to, kind], ['i32'])
    clear.set(code.load('i32.load', cpu, at.bulkRoom))
    return host!
  })
  stop(target)
  single(code, map, runtime.commit, { cpu, record: next, host: target, width, value: first })
  const low = (address: Node) => code.op('i32.and', code.op('i32.wrap_i64', address), code.i32(0xfff))
  const room = (address: Node) => code.op('i32.div_u', code.op('i32.sub', code.i32(4096), low(address)), width)
  const upwards = code.op('i64.eq', step, code.op('i64.extend_i32_u', width))
  const plain = code.op('i32.and', code.op('i32.ge_u', source, code.i32(map.memoryBase)), upwards)
  const n = atMost(code, cpu, count, plain, [room(from), room(to), code.op('i32.div_u', clear.get(), width)])
  const bytes = code.hold(code.op('i32.mul', n, width))
  const distance = code.op('i32.sub', target, source)
  code.if(
    code.op('i32.ge_u', distance, bytes),
    () => code.bulk('memory.copy', target, source, bytes),
    () => moveAgain(code, { source, target, width, bytes }),
  )
  code.leave(ret, code.op('i64.extend_i32_u', n), next)
  return code
}

interface Move {
  readonly source: Node
  readonly target: Node
  readonly width: Node
  readonly bytes: Node
}

/** The target begins inside the source: elements already moved are moved again. */
function moveAgain(code: Code, { source, target, width, bytes }: Move): void {
  const done = code.local('i32')
  done.set(code.i32(0))
  const [from, to] = [source, target].map((place) => () => code.op('i32.add', place, done.get())) as [Place, Place]
  code.loop(
    () => code.op('i32.lt_u', done.get(), bytes),
    () => {
      element(code, width, (load, store) => code.store(store, to(), code.load(load, from())))
      done.set(code.op('i32.add', done.get(), width))
    },
  )
}

type Place = () => Node

/** (…, to, value, step, width, count): fills elements upwards within the page. */
export function bulkFillFunction(map: MemoryMap, runtime: Pick<RuntimeIndices, 'slowWrite' | 'commit'>): Code {
  const [code, [cpu, record, tlb, to, value, step, width, count]] = begun([
    'i32',
    'i32',
    'i32',
    'i64',
    'i64',
    'i64',
    'i32',
    'i64',
  ])
  const clear = clearRoom(code)
  const target = translated(code, { view: 'write', tlb, linear: to, width }, () => {
    const kind = code.op('i32.or', width, code.i32(accessKind.write | accessKind.bulk))
    const [host] = code.call(runtime.slowWrite, [cpu, record, tlb, to, kind], ['i32'])
    clear.set(code.load('i32.load', cpu, at.bulkRoom))
    return host!
  })
  code.rarely(code.op('i32.eqz', target), () => code.leave(ret, code.i64(0n), record))
  single(code, map, runtime.commit, { cpu, record, host: target, width, value })
  const offset = code.op('i32.and', code.op('i32.wrap_i64', to), code.i32(0xfff))
  const upwards = code.op('i64.eq', step, code.op('i64.extend_i32_u', width))
  const rooms = [code.op('i32.sub', code.i32(4096), offset), clear.get()]
  const n = atMost(
    code,
    cpu,
    count,
    upwards,
    rooms.map((room) => code.op('i32.div_u', room, width)),
  )
  const bytes = code.hold(code.op('i32.mul', n, width))
  code.if(
    code.op('i32.eq', width, code.i32(1)),
    () => code.bulk('memory.fill', target, code.op('i32.wrap_i64', value), bytes),
    () => fillPattern(code, { target: target, value, width, bytes }),
  )
  code.leave(ret, code.op('i64.extend_i32_u', n), record)
  return code
}

/** Bytes from the first element up to the next code, where there is some in the page. */
function clearRoom(code: Code): Local {
  const clear = code.local('i32')
  clear.set(code.i32(4096))
  return clear
}

interface Translating {
  readonly view: TlbKind
  readonly tlb: Node
  readonly linear: Node
  readonly width: Node
}

/** The host address of an element: by the TLB, or by `slow`. */
function translated(code: Code, { view, tlb, linear, width }: Translating, slow: () => Node): Node {
  const entry = tlbEntryOf(code, tlb, linear)
  const difference = code.op('i64.xor', linear, code.load('i64.load', entry, tlbKinds[view]))
  const room = code.op('i64.extend_i32_u', code.op('i32.sub', code.i32(4097), width))
  const host = code.local('i32')
  code.usually(
    code.op('i64.lt_u', difference, room),
    () => {
      const addend = code.load('i32.load', entry, tlbKinds[view] + 8)
      host.set(code.op('i32.add', code.op('i32.wrap_i64', linear), addend))
    },
    () => host.set(slow()),
  )
  return code.hold(host.get())
}

interface Pattern {
  readonly target: Node
  readonly value: Node
  readonly width: Node
  readonly bytes: Node
}

/** Sixteen bytes at a time, and the rest element by element. */
function fillPattern(code: Code, { target, value, width, bytes }: Pattern): void {
  const bits = code.op('i64.extend_i32_u', code.op('i32.shl', width, code.i32(3)))
  // a multiplication repeats what is narrower than 64 bits: the factor has a one for each time
  const narrow = code.select(
    code.op('i32.eq', width, code.i32(2)),
    code.i64(0x1_0001_0001_0001n),
    code.i64(0x1_0000_0001n),
  )
  const low = code.op('i64.and', value, code.op('i64.sub', code.op('i64.shl', code.i64(1n), bits), code.i64(1n)))
  const isWide = code.op('i32.eq', width, code.i32(8))
  const vector = code.hold(code.op('i64x2.splat', code.select(isWide, value, code.op('i64.mul', low, narrow))))
  const done = code.local('i32')
  done.set(code.i32(0))
  const place = () => code.op('i32.add', target, done.get())
  const whole = code.hold(code.op('i32.and', bytes, code.i32(~15)))
  code.loop(
    () => code.op('i32.lt_u', done.get(), whole),
    () => {
      code.store('v128.store', place(), vector)
      done.set(code.op('i32.add', done.get(), code.i32(16)))
    },
  )
  code.loop(
    () => code.op('i32.lt_u', done.get(), bytes),
    () => {
      element(code, width, (_load, store) => code.store(store, place(), value))
      done.set(code.op('i32.add', done.get(), width))
    },
  )
}

type Element = readonly [
  'i64.load8_u' | 'i64.load16_u' | 'i64.load32_u' | 'i64.load',
  'i64.store8' | 'i64.store16' | 'i64.store32' | 'i64.store',
]
const elements: readonly Element[] = [
  ['i64.load8_u', 'i64.store8'],
  ['i64.load16_u', 'i64.store16'],
  ['i64.load32_u', 'i64.store32'],
  ['i64.load', 'i64.store'],
]

/** Does the same for whichever of the four widths it is. */
function element(code: Code, width: Node, act: (load: Element[0], store: Element[1]) => void): void {
  const cases = elements.map(
    ([load, store]) =>
      () =>
        act(load, store),
  )
  code.switch(code.op('i32.ctz', width), cases, () => {})
}

/** The store of one element into scratch, which must be committed: nothing more can be done at once. */
function single(
  code: Code,
  map: MemoryMap,
  commit: number,
  at: { cpu: Node; record: Node; host: Node; width: Node; value: Node },
): void {
  code.if(code.op('i32.lt_u', at.host, code.i32(map.memoryBase)), () => {
    element(code, at.width, (_load, store) => code.store(store, at.host, at.value))
    const [next] = code.call(commit, [at.cpu, at.record], ['i32'])
    code.leave(ret, code.i64(1n), next!)
  })
}

/** How many elements: 1 unless `plain`; else what count, pages and the budget allow. The budget pays all but the first. */
function atMost(code: Code, cpu: Node, count: Node, plain: Node, rooms: readonly Node[]): Node {
  const n = code.local('i32')
  n.set(code.i32(1))
  code.if(plain, () => {
    const budget = code.hold(code.load('i32.load', cpu, at.budget))
    const isFew = code.op('i64.lt_u', count, code.i64(4096n))
    const counted = code.select(isFew, code.op('i32.wrap_i64', count), code.i32(4096))
    n.set(counted)
    for (const limit of [...rooms, code.op('i32.add', budget, code.i32(1))]) {
      const held = code.hold(limit)
      n.set(code.select(code.op('i32.lt_u', held, n.get()), held, n.get()))
    }
    code.if(code.op('i32.eqz', n.get()), () => n.set(code.i32(1)))
    const more = code.hold(code.op('i32.sub', n.get(), code.i32(1)))
    code.store('i32.store', cpu, code.op('i32.sub', budget, more), at.budget)
    code.store('i32.store', cpu, code.op('i32.add', code.load('i32.load', cpu, at.bulkRetired), more), at.bulkRetired)
  })
  return code.hold(n.get())
}
