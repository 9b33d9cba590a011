import { gprNames, rflags, type StateField, stateFields } from '@vmm/x86-registers'
import type { FlagName, Item } from './case.ts'

type Gpr = Pick<Extract<Item, { kind: 'gpr' }>, 'index' | 'width' | 'highByte'>

const legacy = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const
const suffixes = { 64: '', 32: 'd', 16: 'w', 8: 'b' } as const

/** The name of a general register as cases write it. */
export function gprName({ index, width, highByte }: Gpr): string {
  const old = legacy[index]
  if (highByte) return `${old![0]}h`
  if (old === undefined) return `r${index}${suffixes[width]}`
  if (width === 8) return index < 4 ? `${old[0]}l` : `${old}l`
  return width === 64 ? `r${old}` : width === 32 ? `e${old}` : old
}

const registers = new Map<string, Gpr>(
  gprNames.flatMap((_, index) => {
    const widths = ([8, 16, 32, 64] as const).map((width): Gpr => ({ index, width, highByte: false }))
    const all = index < 4 ? [...widths, { index, width: 8, highByte: true } as const] : widths
    return all.map((gpr) => [gprName(gpr), gpr] as const)
  }),
)

const fields = new Map<string, StateField>(
  (Object.keys(stateFields) as StateField[]).map((field) => [field.toLowerCase(), field]),
)

const flags = new Map<string, FlagName>(
  Object.entries(rflags)
    .filter(([, { width }]) => width === 1)
    .map(([name]) => [name.toLowerCase(), name as FlagName]),
)

/** The flag of a name in small letters; undefined if there is none. */
export const flagOf = (name: string): FlagName | undefined => flags.get(name)

const files = { xmm: 128, ymm: 256, mm: 64, st: 80 } as const

/** Reads `name=value`, `[address]=bytes` or `+flag`; a text that is none of these gives the reason why not. */
export function parseItem(text: string): Item | string {
  const sign = /^([+-])(\w+)$/.exec(text)
  if (sign !== null) {
    const flag = flagOf(sign[2]!)
    return flag === undefined ? `no flag is called ${sign[2]}` : { kind: 'flag', flag, value: sign[1] === '+' }
  }
  const [, name, digits] = /^([^=]+)=([0-9a-f]+)$/.exec(text) ?? []
  if (name === undefined || digits === undefined) return `not name=value in small hexadecimal digits: ${text}`
  return parseNumbered(name, digits) ?? parseNamed(name, digits)
}

function parseNumbered(name: string, digits: string): Item | string | undefined {
  const place = /^(port|msr)?\[([0-9a-f]+)\]$/.exec(name)
  if (place === null) return undefined
  const number = Number.parseInt(place[2]!, 16)
  if (place[1] !== undefined) return { kind: place[1] as 'port' | 'msr', number, value: BigInt(`0x${digits}`) }
  if (digits.length % 2 !== 0) return `half a byte in ${digits}`
  return { kind: 'memory', address: number, bytes: hexBytes(digits) }
}

function parseNamed(name: string, digits: string): Item | string {
  const value = BigInt(`0x${digits}`)
  const tooWide = (width: number) => (value >> BigInt(width) === 0n ? undefined : `${name} has ${width} bits`)
  const gpr = registers.get(name)
  if (gpr !== undefined) return tooWide(gpr.width) ?? { kind: 'gpr', ...gpr, value }
  const file = /^([xy]mm|mm|st)(\d+)$/.exec(name)
  if (file !== null) {
    const [kind, index] = [file[1] as keyof typeof files, Number(file[2])]
    if (index >= (kind.endsWith('mm') && kind !== 'mm' ? 16 : 8)) return `no register is called ${name}`
    return tooWide(files[kind]) ?? { kind, index, value }
  }
  if (name === 'iopl') return tooWide(2) ?? { kind: 'iopl', value }
  const field = fields.get(name.toLowerCase())
  if (field === undefined) return `no register is called ${name}`
  return tooWide(stateFields[field]) ?? { kind: 'field', field, value }
}

/** Bytes from pairs of hexadecimal digits. */
export function hexBytes(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Pairs of hexadecimal digits. */
export function hexText(bytes: Iterable<number>): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** An item as cases write it. */
export function itemText(item: Item): string {
  switch (item.kind) {
    case 'gpr':
      return `${gprName(item)}=${item.value.toString(16)}`
    case 'xmm':
    case 'ymm':
    case 'mm':
    case 'st':
      return `${item.kind}${item.index}=${item.value.toString(16)}`
    case 'field':
      return `${item.field}=${item.value.toString(16)}`
    case 'iopl':
      return `iopl=${item.value}`
    case 'flag':
      return `${item.value ? '+' : '-'}${item.flag.toLowerCase()}`
    case 'memory':
      return `[${item.address.toString(16)}]=${hexText(item.bytes)}`
    case 'port':
    case 'msr':
      return `${item.kind}[${item.number.toString(16)}]=${item.value.toString(16)}`
    default:
      return item satisfies never
  }
}
