import { exitNumbered, kvmRun } from '@vmm/kvm-uapi'
import { errnos } from '@vmm/rule'
import { type Place, placesIn } from './places.ts'
import type { Action, Watch, Write } from './step.ts'

/** What a kernel answered to a step, before anybody has read it. */
export interface Raw {
  /** What the system call returned: an error number, negative. */
  readonly result: number
  /** What was in the memory that is looked at, or in `kvm_run`, afterwards. */
  readonly bytes?: Uint8Array | undefined
  /** The data of a port access. */
  readonly data?: Uint8Array | undefined
  /** What is told as it is. */
  readonly text?: string
}

const errnoNames = new Map<number, string>(Object.entries(errnos).map(([name, number]) => [number, name]))
const zerosTold = 4

/** Bytes in hexadecimal; so many zeros as `(N)`. */
export function hexOf(bytes: Uint8Array): string {
  let told = ''
  for (let at = 0; at < bytes.length; ) {
    let zeros = 0
    while (at + zeros < bytes.length && bytes[at + zeros] === 0) zeros++
    if (zeros > zerosTold) told += `(${zeros.toString(16)})`
    else if (zeros === 0) told += bytes[at]?.toString(16).padStart(2, '0') ?? ''
    else told += '00'.repeat(zeros)
    at += Math.max(1, zeros)
  }
  return told
}

function valueIn({ offset, size, kind }: Place, bytes: Uint8Array): string {
  const piece = bytes.slice(offset, offset + size)
  if (kind === 'bytes') return hexOf(piece)
  return piece.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n).toString(16)
}

const settings = (places: readonly Place[], bytes: Uint8Array): readonly string[] =>
  places.map((place) => `${place.path}=${valueIn(place, bytes)}`)

/** `0`, `3` or the name of an error. */
function resultOf(result: number): string {
  return result < 0 ? (errnoNames.get(-result) ?? String(result)) : String(result)
}

const runFields = ['ready_for_interrupt_injection', 'if_flag', 'flags', 'cr8', 'apic_base'] as const
const exitUnion = kvmRun.field.exit.shape

/** Why KVM_RUN came back, with what the reason tells, and what is always told unless it is zero. */
function tellRun(page: Uint8Array, data: Uint8Array | undefined): readonly string[] {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength)
  const reason = view.getUint32(kvmRun.offset.exit_reason, true)
  const row = exitNumbered(reason)
  const arms = 'fields' in exitUnion ? exitUnion.fields : []
  const arm = arms.find(({ name }) => name === row?.arm)
  const inArm =
    arm === undefined ? [] : placesIn(arm.shape, '', kvmRun.offset.exit).filter((place) => isSet(place, page))
  const always = runFields.map(
    (name) => ({ path: name, offset: kvmRun.offset[name], size: sizes[name], kind: 'number' }) as const,
  )
  return [
    `exit=${row?.name.replace('KVM_EXIT_', '').toLowerCase() ?? reason}`,
    ...settings(inArm, page),
    ...(data === undefined ? [] : [`data=${hexOf(data)}`]),
    ...settings(
      always.filter((place) => isSet(place, page)),
      page,
    ),
  ]
}

const sizes = { ready_for_interrupt_injection: 1, if_flag: 1, flags: 2, cr8: 8, apic_base: 8 } as const

const isSet = ({ offset, size }: Place, bytes: Uint8Array): boolean =>
  bytes.subarray(offset, offset + size).some(Boolean)

/** Tells answers: what has changed in memory is known from what was there before. */
export class Teller {
  #memory = new Map<bigint, Uint8Array>()

  /** Begins another scenario. */
  forget(): void {
    this.#memory = new Map()
  }

  tell(action: Action, raw: Raw): string {
    if (raw.text !== undefined) return raw.text
    if (action.does === 'run' || action.does === 'await') {
      const page = raw.bytes === undefined || raw.bytes.length === 0 ? [] : tellRun(raw.bytes, raw.data)
      return [resultOf(raw.result), ...page].join(' ')
    }
    if (action.does === 'look') return settings(action.watch.places, raw.bytes ?? new Uint8Array()).join(' ')
    if (action.does !== 'call')
      return [resultOf(raw.result), ...(raw.bytes?.length ? [hexOf(raw.bytes)] : [])].join(' ')
    return [resultOf(raw.result), ...this.#toldOf(action, raw.bytes)].join(' ')
  }

  #toldOf(
    { writes, watch }: { readonly writes: readonly Write[]; readonly watch: Watch },
    after: Uint8Array | undefined,
  ): readonly string[] {
    if (watch.length === 0 || after === undefined) return []
    const before = this.#before(writes, watch)
    this.#memory.set(watch.at, after)
    if (watch.only !== undefined) return settings(watch.places, after)
    const changed = ({ offset, size }: Place) =>
      after.subarray(offset, offset + size).some((byte, nth) => byte !== before[offset + nth])
    return settings(watch.places.filter(changed), after)
  }

  /** What the call finds in the memory that is looked at. */
  #before(writes: readonly Write[], { at, length }: Watch): Uint8Array {
    const bytes = new Uint8Array(length)
    bytes.set((this.#memory.get(at) ?? new Uint8Array()).subarray(0, length))
    for (const write of writes) {
      const offset = Number(write.at - at)
      bytes.set(write.bytes.subarray(0, Math.max(0, length - offset)), offset)
    }
    return bytes
  }
}
