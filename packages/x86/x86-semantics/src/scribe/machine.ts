import { type ArithmeticFlag, arithmeticFlags, type StateField, stateFields } from '@vmm/x86-registers'
import type {
  Asker,
  Beyond,
  Bits,
  ControlFlow,
  Flags,
  Machine,
  Mode,
  Operands,
  Segment,
  Sized,
  Width,
} from '../algebra.ts'
import type { Bulk } from '../bulk.ts'
import { type FlagsOf, flagClasses } from '../flags.ts'
import type { HostCall } from '../host-calls.ts'
import type { AnyOperand } from '../operand.ts'
import type { Procedure } from '../procedure.ts'
import { arithmeticOf, makerOn } from './arithmetic.ts'
import { hostText } from './host-text.ts'
import { keyOf, Places, segmentText } from './places.ts'
import { type Changes, nothing, type Scroll } from './script.ts'
import {
  application,
  asBits,
  fromBits,
  type Handle,
  namedValue,
  tight,
  type Value,
  type Writer,
  type Written,
} from './value.ts'
import { vectorOf } from './vector.ts'

type AnyProcedure = Procedure<readonly Sized[], readonly Sized[]>

/** What a reading needs to know beside the description. */
export interface Setting {
  readonly mode: Mode
  readonly operands: readonly AnyOperand[]
  readonly written: ReadonlySet<number>
  /** Told of every described function that is called. */
  called(procedure: AnyProcedure): void
}

const memoryChanges: Changes = new Set(['memory'])
const flagsChanges = (flag: ArithmeticFlag): Changes => new Set([flag, 'flags'])

/** A description's machine that writes what it is told on a scroll. */
export function machineOn(scroll: Scroll, setting: Setting): Machine {
  const make = makerOn(scroll)
  const arithmetic = arithmeticOf(make)
  const parts = new Parts(scroll, new Places(setting.operands, setting.written))
  return {
    mode: setting.mode,
    ...arithmetic,
    vector: vectorOf(make),
    ...operands(parts),
    ...fields(parts),
    ...x87(parts),
    ...flags(parts, (of) => (of.kind === 'class' ? flagClasses[of.name](arithmetic, of.operands) : of.equations)),
    ...segmented(parts),
    ...linear(parts),
    ...control(parts),
    ...beyond(parts, setting),
  }
}

/** The few ways in which things are written. */
class Parts {
  readonly scroll: Scroll
  readonly places: Places
  constructor(scroll: Scroll, places: Places) {
    this.scroll = scroll
    this.places = places
  }

  /** A read of state, true until `key` changes. */
  read<W extends Width>(width: W, key: string, parts: readonly Value[], write: Writer, stem: string): Bits<W> {
    const value: Value = {
      width,
      operator: `read ${key}`,
      parts,
      write,
      stem,
      key,
      mayFault: key === 'memory',
      short: false,
    }
    return asBits<W>(this.scroll.read(value))
  }

  /** A statement. */
  act(values: readonly Handle[], write: (values: readonly Written[]) => string, changes: Changes): void {
    this.scroll.act({ values: values.map((each) => fromBits(each)), write, changes })
  }

  /** `target ← value`. */
  assign(target: string, value: Handle, changes: Changes): void {
    this.act([value], ([x]) => `${target} ← ${x!.text}`, changes)
  }

  /** `(a, b) ← call(…)`: the results by names of their own. */
  results(
    stems: readonly { readonly stem: string; readonly width: Width }[],
    values: readonly Handle[],
    call: Writer,
  ): Value[] {
    const names = stems.map(({ stem, width }) => namedValue(width, this.scroll.name(stem)))
    const list = names.map(({ stem }) => stem).join(', ')
    const to = names.length === 0 ? '' : names.length === 1 ? `${list} ← ` : `(${list}) ← `
    this.act(values, (written) => to + call(written).text, 'everything')
    return names
  }
}

const stemOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '_')

function operands(parts: Parts): Operands {
  const { places } = parts
  return {
    read: (operand) => {
      const text = places.text(operand)
      return parts.read(operand.width, keyOf(operand), [], () => tight(text), stemOf(text)) as never
    },
    write: (place, value) => parts.assign(places.text(place), value, new Set([keyOf(place)])),
    address: (memory) => parts.read(64, 'gpr', [], () => tight(`Address(${places.text(memory)})`), 'address'),
    indexed: (memory, index) =>
      parts.read(
        64,
        'gpr',
        [fromBits(index)],
        ([x]) => tight(`Address(${places.text(memory)}, ${x!.text})`),
        'address',
      ),
    popInto: (to, value, bytes) => {
      parts.act(
        [value],
        ([x]) => `${places.text(to)} ← ${x!.text}, at an address that counts RSP as ${bytes} higher`,
        memoryChanges,
      )
    },
  }
}

function fields(parts: Parts): Pick<Machine, 'get' | 'set'> {
  return {
    get: ((field: StateField) =>
      parts.read(stateFields[field], field, [], () => tight(field), stemOf(field))) as Machine['get'],
    set: (field, value) => parts.assign(field, value, new Set([field])),
  }
}

function x87(parts: Parts): Pick<Machine, 'x87Significand' | 'x87SignExponent' | 'setX87'> {
  const part =
    <W extends Width>(width: W, name: string) =>
    (physical: Bits<8>): Bits<W> =>
      parts.read(width, 'x87', [fromBits(physical)], ([i]) => tight(`R[${i!.text}].${name}`), stemOf(name))
  return {
    x87Significand: part(64, 'significand'),
    x87SignExponent: part(16, 'signExponent'),
    setX87: (physical, significand, signExponent) =>
      parts.act(
        [physical, significand, signExponent],
        ([i, low, high]) => `R[${i!.text}] ← (${high!.text}, ${low!.text})`,
        new Set(['x87']),
      ),
  }
}

function flags(parts: Parts, equationsOf: (of: FlagsOf) => Partial<Record<ArithmeticFlag, () => Bits<1>>>): Flags {
  return {
    flag: (flag) => parts.read(1, flag, [], () => tight(flag), stemOf(flag)),
    flags: (of) => {
      const equations = equationsOf(of)
      const values = arithmeticFlags.flatMap((flag) => {
        const equation = equations[flag]
        return equation === undefined ? [] : [[flag, equation()] as const]
      })
      for (const [flag, value] of values) {
        // a flag that is carried along keeps its value
        if (fromBits(value).key === flag) continue
        parts.assign(flag, value, flagsChanges(flag))
      }
    },
    rflags: () => parts.read(64, 'flags', [], () => tight('RFLAGS'), 'rflags'),
    setRflags: (value) => parts.assign('RFLAGS', value, new Set(['RFLAGS', 'flags', ...arithmeticFlags])),
  }
}

const memoryText = (width: number, segment: Segment, offset: Written): string =>
  `MEM${width}[${segmentText(segment)}:${offset.text}]`

function segmented(parts: Parts): Pick<Machine, 'load' | 'store' | 'check' | 'linear' | 'bulk'> {
  return {
    load: (segment, offset, w) =>
      parts.read(w, 'memory', [fromBits(offset)], ([at]) => tight(memoryText(w, segment, at!)), 'loaded'),
    store: (segment, offset, value) =>
      parts.act(
        [offset, value],
        ([at, x]) => `${memoryText(fromBits(value).width, segment, at!)} ← ${x!.text}`,
        memoryChanges,
      ),
    check: (segment, offset, bytes, access) =>
      parts.act(
        [offset],
        ([at]) => `Check that ${counted(bytes)} at ${segmentText(segment)}:${at!.text} can be ${past[access]}`,
        nothing,
      ),
    linear: (segment, offset) =>
      parts.read(
        64,
        `${segment}.base`,
        [fromBits(offset)],
        ([at]) => tight(`Linear(${segmentText(segment)}:${at!.text})`),
        'linear',
      ),
    bulk: (work, count) => asBits<64>(bulk(parts, work, count)),
  }
}

const counted = (bytes: number): string => (bytes === 1 ? '1 byte' : `${bytes} bytes`)

const past = { read: 'read', write: 'written' } as const

function bulk(parts: Parts, work: Bulk, count: Bits<64>): Value {
  const to = (offset: Written) => `MEM${work.width}[${segmentText(work.to.segment)}:${offset.text}…]`
  const source = work.kind === 'move' ? work.from.offset : work.value
  const [done] = parts.results(
    [{ stem: 'done', width: 64 }],
    [work.to.offset, source, work.step, count],
    ([at, from, step, limit]) => {
      const what =
        work.kind === 'move' ? `MEM${work.width}[${segmentText(work.from.segment)}:${from!.text}…]` : from!.text
      return tight(
        `${work.kind === 'move' ? 'Move' : 'Fill'}(${to(at!)}, ${what}, step ${step!.text}, at most ${limit!.text})`,
      )
    },
  )
  return done!
}

const askerText = (asker: Asker): string => (asker === 'processor' ? 'SYS' : 'LIN')

function linear(
  parts: Parts,
): Pick<
  Machine,
  'loadLinear' | 'storeLinear' | 'checkLinear' | 'shadowPlace' | 'loadPhysical' | 'compareAndSwapPhysical'
> {
  return {
    loadLinear: (address, w, asker) =>
      parts.read(w, 'memory', [fromBits(address)], ([at]) => tight(`${askerText(asker)}${w}[${at!.text}]`), 'loaded'),
    storeLinear: (address, value, asker) =>
      parts.act(
        [address, value],
        ([at, x]) => `${askerText(asker)}${fromBits(value).width}[${at!.text}] ← ${x!.text}`,
        memoryChanges,
      ),
    checkLinear: (address, bytes, access, asker) =>
      parts.act(
        [address],
        ([at]) => `Check that ${counted(bytes)} at ${askerText(asker)}[${at!.text}] can be ${past[access]}`,
        nothing,
      ),
    shadowPlace: (linear, _bytes, access, user) => {
      const call: Writer = ([at, by]) => tight(`ShadowStackPlace(${at!.text}, ${access}, user ${by!.text})`)
      return asBits<64>(parts.results([{ stem: 'place', width: 64 }], [linear, user], call)[0]!)
    },
    loadPhysical: (address, w) =>
      parts.read(w, 'memory', [fromBits(address)], ([at]) => tight(`PHYS${w}[${at!.text}]`), 'entry'),
    compareAndSwapPhysical: (address, expected, value) => {
      const call: Writer = ([at, old, fresh]) =>
        tight(`CompareAndSwap(PHYS[${at!.text}], ${old!.text}, ${fresh!.text})`)
      return asBits<1>(parts.results([{ stem: 'swapped', width: 1 }], [address, expected, value], call)[0]!)
    },
  }
}

function control(parts: Parts): ControlFlow {
  const { scroll } = parts
  const say = (text: string) => parts.act([], () => text, nothing)
  return {
    when: (condition, then, otherwise) => {
      const yes = scroll.block(then)
      const no = otherwise === undefined ? [] : scroll.block(otherwise)
      scroll.push({ kind: 'if', condition: fromBits(condition), yes, no })
    },
    loop: (condition, body) => {
      let asked: Value | undefined
      const test = scroll.block(() => {
        asked = fromBits(condition())
      })
      scroll.push({ kind: 'while', test, condition: asked!, body: scroll.block(body) })
    },
    variable: (initial) => {
      const { width } = fromBits(initial)
      const name = scroll.name('x')
      const changes = new Set([name])
      parts.assign(name, initial, changes)
      return {
        get: () => parts.read(width, name, [], () => tight(name), `${name}_was`) as never,
        set: (value) => parts.assign(name, value, changes),
      }
    },
    fault: (exception, code) => {
      if (code === undefined) say(`#${exception}`)
      else parts.act([code], ([x]) => `#${exception}(${x!.text})`, nothing)
    },
    interruptShadow: (after) =>
      say(`Hold interrupts${after === 'mov-ss' ? ' and debug traps' : ''} off until the next instruction is done`),
    nextRip: () => asBits<64>(namedValue(64, 'NEXT_RIP')),
    thisRip: () => asBits<64>(namedValue(64, 'THIS_RIP')),
    isNear: () => asBits<1>(namedValue(1, 'TARGET_IS_NEAR')),
    escapeOpcode: () => asBits<16>(namedValue(16, 'ESCAPE_OPCODE')),
    jump: (target) => parts.assign('RIP', target, nothing),
    again: () => say('Repeat this instruction'),
    commit: () => say('(* what was written until here stays, even if a fault follows *)'),
    fence: () => say('Wait until all processors see what was stored'),
    exit: (reason) => say(`Stop: ${reason}`),
  }
}

function beyond(parts: Parts, setting: Setting): Beyond {
  return {
    call: ((procedure: AnyProcedure, ...values: readonly Handle[]) => {
      setting.called(procedure)
      const stems = procedure.results.map((width) => ({ stem: `${procedure.name}_result`, width }))
      return parts.results(stems, values, application(procedure.name)).map((each) => asBits(each))
    }) as unknown as Machine['call'],
    host: ((call: HostCall, ...values: readonly Handle[]) =>
      parts
        .results(
          hostText.results(call),
          values,
          hostText.call(
            call,
            values.map((each) => fromBits(each)),
          ),
        )
        .map((each) => asBits(each))) as unknown as Machine['host'],
  }
}
