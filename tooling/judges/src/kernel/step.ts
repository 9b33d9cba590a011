import { type AnyStruct, ioctlNamed, kvmRun } from '@vmm/kvm-uapi'
import type { FieldShape } from '@vmm/layout'
import { itemsOf, type Place, placeOf, placesIn, placesOf, structNamed } from './places.ts'

/** Where user space's memory is: each has holes behind it. `ram` is what guests' memory is made of. */
export interface Bases {
  readonly ram: bigint
  /** The number of an open file, by its name. */
  readonly fd: (name: string) => number
}

const argumentsAt = 0x10_0000_0000n
const argumentRoom = 0x4000n
const heapAt = 0x11_0000_0000n
const edgeAt = 0x12_0000_0000n
const pagesAt = 0x13_0000_0000n
export const ramBytes = 0x40_0000
const holeAt = 0x1f_0000_0000n
const pageBytes = 0x1000n

/** Memory that is as it is before anything is asked. */
export const mapped: readonly (readonly [at: bigint, bytes: number])[] = [
  [argumentsAt, Number(argumentRoom) * 80],
  [heapAt, 0x1_0000],
  [edgeAt, 0x1000],
]

/** What is written into user space's memory. */
export interface Write {
  readonly at: bigint
  readonly bytes: Uint8Array
}

/** Memory that is looked at when a call has come back. */
export interface Watch {
  readonly at: bigint
  readonly length: number
  readonly places: readonly Place[]
  /** The names of what is told; left out, everything that has changed. */
  readonly only?: readonly string[]
}

/** How a file is mapped: `exec` is shared, read and executed. */
export type MapHow = 'shared' | 'private' | 'exec'
/** What may be done to protected memory. */
export type ProtectHow = 'none' | 'read' | 'all'

/** What a step comes to. Files have names. */
export type Action =
  | {
      readonly does: 'call'
      readonly into: string | undefined
      readonly file: string
      readonly request: number
      readonly argument: bigint
      readonly writes: readonly Write[]
      readonly watch: Watch
      readonly by: 'us' | 'another'
    }
  | { readonly does: 'run' | 'begin' | 'await'; readonly file: string }
  | { readonly does: 'write'; readonly writes: readonly Write[] }
  | { readonly does: 'look'; readonly watch: Watch }
  | { readonly does: 'open' | 'close' | 'eventfd' | 'poll'; readonly file: string }
  | { readonly does: 'dup'; readonly file: string; readonly of: string }
  | { readonly does: 'signal-event'; readonly file: string; readonly value: bigint }
  | { readonly does: 'read'; readonly file: string; readonly length: number }
  | {
      readonly does: 'mmap'
      readonly file: string
      readonly offset: number
      readonly length: number
      readonly at: bigint
      readonly how: MapHow
    }
  | { readonly does: 'protect'; readonly at: bigint; readonly length: number; readonly how: ProtectHow }
  | { readonly does: 'map' | 'unmap'; readonly at: bigint; readonly length: number }
  | { readonly does: 'block' | 'kill'; readonly signal: number }
  | { readonly does: 'pending' }
  | { readonly does: 'wait'; readonly milliseconds: number }

const places = new Map<string, bigint>()

/** Where arguments of a struct are: each struct has memory of its own, so that what one call gave another can be given. */
function placeFor(struct: string): bigint {
  const known = places.get(struct) ?? argumentsAt + BigInt(places.size) * argumentRoom
  places.set(struct, known)
  return known
}

/** Where `kvm_run` of a vCPU is mapped. */
export function pageOf(file: string): bigint {
  const number = Number(/\d+$/.exec(file)?.[0] ?? 0)
  return pagesAt + BigInt(number) * 0x10_0000n
}

/** `0x10`, `-1`, `ram+0x1000`, `fd:vcpu0`: 64 bits. */
function numberOf(text: string, { ram, fd }: Bases): bigint {
  if (text.startsWith('fd:')) return BigInt(fd(text.slice(3)))
  const [first = '', ...rest] = text.split('+')
  const symbols: Readonly<Record<string, bigint>> = { ram, heap: heapAt, hole: holeAt, edge: edgeAt, pages: pagesAt }
  const value = symbols[first] ?? (first.startsWith('-') ? -BigInt(first.slice(1)) : BigInt(first))
  return BigInt.asUintN(
    64,
    rest.reduce((sum, each) => sum + BigInt(each), value),
  )
}

/** `0f ff`, where `(10)` is so many zeros, in hexadecimal. */
export function bytesOf(text: string): Uint8Array {
  const parts = [...text.replace(/[\s_]+/g, '').matchAll(/\(([0-9a-f]+)\)|([0-9a-f]{2})/g)]
  return Uint8Array.from(
    parts.flatMap(([, zeros, byte]) =>
      zeros === undefined ? [Number.parseInt(byte ?? '', 16)] : new Array<number>(Number.parseInt(zeros, 16)).fill(0),
    ),
  )
}

export function littleEndian(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn))
}

/** The words of a step: what is in braces or brackets is one. */
const wordsOf = (step: string): readonly string[] => step.match(/~?\{[^}]*\}|\[[^\]]*\]|[^\s{[]+=\[[^\]]*\]|\S+/g) ?? []

/**
 * What a step means.
 * @throws {RangeError} if it means nothing.
 */
export function actionOf(step: string, bases: Bases): Action {
  const words = wordsOf(step)
  const [first = '', second = '', third = '', fourth = '', fifth = '', sixth] = words
  const number = (text: string) => numberOf(text, bases)
  if (second === '=') return callOf(words.slice(2), bases, { into: first })
  switch (first) {
    case 'another':
      return callOf(words.slice(1), bases, { by: 'another' })
    case 'run':
    case 'begin':
    case 'await':
      return { does: first, file: second }
    case 'open':
    case 'close':
    case 'eventfd':
    case 'poll':
      return { does: first, file: second }
    case 'dup':
      return { does: 'dup', file: second, of: third }
    case 'signal':
      return { does: 'signal-event', file: second, value: number(third) }
    case 'read':
      return { does: 'read', file: second, length: Number(third) }
    case 'mmap':
      return {
        does: 'mmap',
        file: second,
        offset: Number(third),
        length: Number(fourth),
        at: number(fifth),
        how: mapHow(sixth),
      }
    case 'protect':
      return { does: 'protect', at: number(second), length: Number(third), how: protectHow(fourth) }
    case 'map':
    case 'unmap':
      return { does: first, at: number(second), length: Number(third) }
    case 'block':
    case 'kill':
      return { does: first, signal: Number(second) }
    case 'pending':
      return { does: 'pending' }
    case 'wait':
      return { does: 'wait', milliseconds: Number(second) }
    case 'poke':
      return { does: 'write', writes: [{ at: number(second), bytes: bytesOf(words.slice(2).join('')) }] }
    case 'look':
      return { does: 'look', watch: lookAt(number(second), Number(third)) }
    case 'page':
      return pageAction(words.slice(1), bases)
    default:
      return callOf(words, bases, {})
  }
}

const mapHow = (word: string | undefined): MapHow => (word === 'private' || word === 'exec' ? word : 'shared')
const protectHow = (word: string): ProtectHow => (word === 'none' || word === 'read' ? word : 'all')

function lookAt(at: bigint, length: number): Watch {
  return { at, length, places: [{ path: 'bytes', offset: 0, size: length, kind: 'bytes' }], only: ['bytes'] }
}

/** `page vcpu0 {immediate_exit=1}` writes into `kvm_run`, `page vcpu0 ? s.regs.rip` reads there. */
function pageAction([file = '', ...words]: readonly string[], bases: Bases): Action {
  const at = pageOf(file)
  const [fields = [], size] = [kvmRun.shape.kind === 'struct' ? kvmRun.shape.fields : [], kvmRun.size]
  if (words[0] !== '?') return { does: 'write', writes: fieldWrites(words[0] ?? '', fields, at, bases) }
  const only = words.slice(1)
  return { does: 'look', watch: { at, length: size, places: only.map((path) => placeOf(fields, path)), only } }
}

/** `{a=1 b.c[2]=[0011]}` as what is written. */
function fieldWrites(text: string, fields: readonly FieldShape[], at: bigint, bases: Bases): readonly Write[] {
  const settings = text.replace(/^~?\{|\}$/g, '').match(/[^\s=]+=(?:\[[^\]]*\]|\S+)/g) ?? []
  return settings.map((setting) => {
    const [path = '', value = ''] = [setting.slice(0, setting.indexOf('=')), setting.slice(setting.indexOf('=') + 1)]
    const { offset, size } = placeOf(fields, path)
    const bytes = value.startsWith('[') ? bytesOf(value) : littleEndian(numberOf(value, bases), size)
    return { at: at + BigInt(offset), bytes }
  })
}

/** The struct that a call's argument is; 64 bits without a name are a struct with one field, `value`. */
function structOf(call: string): Pick<AnyStruct, 'name' | 'size' | 'fields'> | undefined {
  const argument = ioctlNamed(call)?.argument
  if (argument === undefined || argument.size === 0) return undefined
  const known = structNamed(argument.name)
  if (known !== undefined) return known
  const shape = { kind: 'scalar', type: argument.size === 8 ? 'u64' : 'u32' } as const
  const field = { name: 'value', offset: 0, size: argument.size, shape, role: 'value', anonymous: false } as const
  return { name: argument.name, size: argument.size, fields: [field] }
}

interface CallOptions {
  readonly into?: string
  readonly by?: 'us' | 'another'
}

const nowhere: Watch = { at: 0n, length: 0, places: [] }

function callOf(words: readonly string[], bases: Bases, { into, by = 'us' }: CallOptions): Action {
  const [file = '', call = '', ...rest] = words
  const asks = rest.indexOf('?')
  const [given, only] = asks === -1 ? [rest, undefined] : [rest.slice(0, asks), rest.slice(asks + 1)]
  const request = ioctlNamed(call)?.number ?? (/^\d/.test(call) ? Number(call) : Number.NaN)
  if (Number.isNaN(request)) throw new RangeError(`no step: ${words.join(' ')}`)
  const about = { does: 'call', into, file, request, by } as const
  const [first = ''] = given
  const struct = structOf(call)
  const keeps = first.startsWith('~') && ioctlNamed(call)?.use === 'in' && only === undefined
  const takesStruct = struct !== undefined && (first === '' || /^(~|\{|\[|cut=)/.test(first))
  if (takesStruct) return { ...about, ...argumentOf(struct, given, keeps ? [] : only, bases) }
  const argument = first === '' || first === 'null' ? 0n : numberOf(first.replace(/^&/, ''), bases)
  return { ...about, argument, writes: [], watch: nowhere }
}

/** A struct's argument: what is written where, and what is looked at afterwards. */
function argumentOf(
  struct: Pick<AnyStruct, 'name' | 'size' | 'fields'>,
  given: readonly string[],
  only: readonly string[] | undefined,
  bases: Bases,
): { readonly argument: bigint; readonly writes: readonly Write[]; readonly watch: Watch } {
  const [first = '{}', ...more] = given.filter((word) => !/^(cut=|\*)/.test(word))
  const cut = given.find((word) => word.startsWith('cut='))
  const items = itemsOf(struct as AnyStruct)
  const extra = more.filter((word) => word.startsWith('[')).map(bytesOf)
  const listed = more.filter((word) => word.startsWith('{'))
  const count = listed.length + Number(given.find((word) => word.startsWith('*'))?.slice(1) ?? 0)
  const behind = items?.field.offset ?? struct.size
  const size =
    Math.max(struct.size, behind + count * (items?.size ?? 0)) + extra.reduce((sum, { length }) => sum + length, 0)
  const at = cut === undefined ? placeFor(struct.name) : edgeAt + pageBytes - BigInt(cut.slice(4))
  const fields = items && 'fields' in items.field.shape ? items.field.shape.fields : []
  const clear = first.startsWith('~') ? [] : [{ at, bytes: new Uint8Array(size) }]
  const writes = [
    ...clear,
    ...(first.startsWith('[') ? [{ at, bytes: bytesOf(first) }] : fieldWrites(first, struct.fields, at, bases)),
    ...listed.flatMap((item, nth) => fieldWrites(item, fields, at + BigInt(behind + nth * (items?.size ?? 0)), bases)),
    ...extra.map((bytes) => ({ at: at + BigInt(size - bytes.length), bytes })),
  ]
  if (cut !== undefined) return { argument: at, writes: cutOff(writes), watch: nowhere }
  const itemPlaces = Array.from({ length: count }, (_, nth) =>
    items === undefined ? [] : placesIn(items.field.shape, `${items.field.name}[${nth}]`, behind + nth * items.size),
  ).flat()
  const all = [
    ...placesOf(struct.fields, struct.size).filter(({ offset }) => count === 0 || offset < behind),
    ...itemPlaces,
  ]
  const told = only?.map((path) => all.find((place) => place.path === path) ?? placeOf(struct.fields, path))
  const watch = {
    at,
    length: only?.length === 0 ? 0 : size,
    places: told ?? all,
    ...(only === undefined ? {} : { only }),
  }
  return { argument: at, writes, watch }
}

/** What of it lies before the hole. */
function cutOff(writes: readonly Write[]): readonly Write[] {
  const end = edgeAt + pageBytes
  return writes
    .filter(({ at }) => at < end)
    .map(({ at, bytes }) => ({ at, bytes: bytes.subarray(0, Number(end - at)) }))
}
