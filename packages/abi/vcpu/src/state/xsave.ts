import { standardXsaveSize, xsaveComponents } from '@vmm/cpuid'
import { refusalOf, run } from '@vmm/rule'
import type { Engine } from '../engine-port.ts'
import { invalid, type Refusal } from '../refusal.ts'
import type { SetXsaveCall } from '../rules/calls.ts'
import { legacyArea, mxcsrMask, readStack, readXmm, writeStack, writeXmm } from './legacy-area.ts'
import type { StateParts } from './parts.ts'

const component = { x87: 1n, sse: 2n, avx: 4n, pkru: 1n << 9n } as const
const always = component.x87 | component.sse
const header = { present: 512, compacted: 520, reserved: 528, end: 576 } as const
const offsetOf = (bit: number): number => xsaveComponents.find((row) => row.bit === bit)!.offset
const place = { avx: offsetOf(2), pkru: offsetOf(9) } as const
/** What FNINIT leaves, and MXCSR after power-up. */
const initial = { FCW: 0x37fn, MXCSR: 0x1f80n } as const

/** What KVM_CHECK_EXTENSION(KVM_CAP_XSAVE2) says: bytes of this guest's area, never fewer than `struct kvm_xsave` has. */
export function xsaveBytes({ guest }: Pick<StateParts, 'guest'>): number {
  return Math.max(4096, standardXsaveSize(guest.supportedXcr0))
}

/** KVM_GET_XSAVE2: the area in the standard format, zero where nothing is. */
export function getXsave(parts: StateParts): Uint8Array {
  const { engine } = parts
  const area = new Uint8Array(xsaveBytes(parts))
  const view = new DataView(area.buffer)
  const supported = parts.guest.supportedXcr0 | always
  const pkru = (supported & component.pkru) !== 0n && engine.get('PKRU') !== 0n
  const given = parts.givenXsave.present
  // what user space has said stays until a processor has had it
  const said = given.at === engine.retired() ? given.components : 0n
  const present = inUse(engine, supported) | (pkru ? component.pkru : 0n) | said
  writeLegacy(parts, area, view)
  view.setBigUint64(legacyArea.software, toldOfHost(parts, area.length), true)
  view.setBigUint64(header.present, present, true)
  if ((present & component.avx) !== 0n)
    for (const [at, half] of upperHalves(engine).entries()) area.set(half, place.avx + at * 16)
  if (pkru) view.setUint32(place.pkru, Number(engine.get('PKRU')), true)
  return area
}

/**
 * KVM_SET_XSAVE. Components that the area does not hold become as after a reset, all but PKRU, which then stays.
 * Source: arch/x86/kernel/fpu/core.c fpu_copy_uabi_to_guest_fpstate, xstate.c copy_uabi_to_xstate.
 */
export function setXsave(parts: StateParts, area: Uint8Array): Refusal | undefined {
  const view = new DataView(area.buffer, area.byteOffset, area.byteLength)
  if (area.length < xsaveBytes(parts)) return invalid(`an area of ${area.length} bytes`)
  const refusal = refusalOf(parts.promises.setXsave, callOf(parts, area, view))
  if (refusal !== undefined) return refusal
  const { engine } = parts
  const present = view.getBigUint64(header.present, true)
  if ((present & component.x87) !== 0n) readX87(engine, area, view)
  else initializeX87(engine)
  const vectors = (present & (component.sse | component.avx)) !== 0n
  engine.set('MXCSR', vectors ? BigInt(view.getUint32(legacyArea.MXCSR, true)) : initial.MXCSR)
  writeXmm(engine, sixteenAt(area, (present & component.sse) !== 0n ? legacyArea.XMM : undefined))
  if ((parts.guest.supportedXcr0 & component.avx) !== 0n) {
    const upper = sixteenAt(area, (present & component.avx) !== 0n ? place.avx : undefined)
    for (const [index, half] of upper.entries()) engine.vector(index).set(half, 16)
  }
  if ((present & component.pkru) !== 0n) engine.set('PKRU', BigInt(view.getUint32(place.pkru, true)))
  parts.givenXsave.present = { components: present, at: engine.retired() }
  engine.flushTranslations()
  return undefined
}

/** The host's components, where the release tells them. */
function toldOfHost({ promises, guest }: StateParts, areaBytes: number): bigint {
  const call = { areaBytes, hostComponents: guest.host.components, toldComponents: 0n }
  return run(promises.getXsave, call).state.toldComponents
}

/** The components that are not as after a reset: a processor keeps count of them. Source: SDM 1 §13.6. */
function inUse(engine: Engine, supported: bigint): bigint {
  const x87 =
    engine.get('FCW') !== initial.FCW ||
    (['FSW', 'FTW', 'FOP', 'FIP', 'FDP'] as const).some((field) => engine.get(field) !== 0n) ||
    readStack(engine).some(holdsAnything)
  const sse = engine.get('MXCSR') !== initial.MXCSR || readXmm(engine).some(holdsAnything)
  const avx = (supported & component.avx) !== 0n && upperHalves(engine).some(holdsAnything)
  return (x87 ? component.x87 : 0n) | (sse ? component.sse : 0n) | (avx ? component.avx : 0n)
}

const upperHalves = (engine: Engine): readonly Uint8Array[] =>
  Array.from({ length: 16 }, (_, index) => engine.vector(index).subarray(16, 32))

const holdsAnything = (bytes: Uint8Array): boolean => bytes.some((byte) => byte !== 0)

function callOf({ guest }: StateParts, area: Uint8Array, view: DataView): SetXsaveCall {
  return {
    present: view.getBigUint64(header.present, true),
    compacted: view.getBigUint64(header.compacted, true),
    reservedBytes: area.subarray(header.reserved, header.end).some((byte) => byte !== 0),
    mxcsr: view.getUint32(legacyArea.MXCSR, true),
    mxcsrMask: mxcsrMask(guest.host),
    supported: guest.supportedXcr0,
  }
}

function writeLegacy({ engine, guest }: StateParts, area: Uint8Array, view: DataView): void {
  view.setUint16(legacyArea.FCW, Number(engine.get('FCW')), true)
  view.setUint16(legacyArea.FSW, Number(engine.get('FSW')), true)
  view.setUint8(legacyArea.FTW, Number(engine.get('FTW')))
  view.setUint16(legacyArea.FOP, Number(engine.get('FOP')), true)
  view.setBigUint64(legacyArea.FIP, engine.get('FIP'), true)
  view.setBigUint64(legacyArea.FDP, engine.get('FDP'), true)
  view.setUint32(legacyArea.MXCSR, Number(engine.get('MXCSR')), true)
  view.setUint32(legacyArea.mask, mxcsrMask(guest.host), true)
  for (const [at, register] of readStack(engine).entries()) area.set(register, legacyArea.ST + at * 16)
  for (const [at, register] of readXmm(engine).entries()) area.set(register, legacyArea.XMM + at * 16)
}

function readX87(engine: Engine, area: Uint8Array, view: DataView): void {
  engine.set('FCW', BigInt(view.getUint16(legacyArea.FCW, true)))
  engine.set('FSW', BigInt(view.getUint16(legacyArea.FSW, true)))
  engine.set('FTW', BigInt(view.getUint8(legacyArea.FTW)))
  engine.set('FOP', BigInt(view.getUint16(legacyArea.FOP, true)))
  engine.set('FIP', view.getBigUint64(legacyArea.FIP, true))
  engine.set('FDP', view.getBigUint64(legacyArea.FDP, true))
  writeStack(engine, sixteenAt(area, legacyArea.ST).slice(0, 8))
}

/** As FNINIT leaves it, registers zero. Source: SDM 1 §13.6. */
function initializeX87(engine: Engine): void {
  for (const field of ['FSW', 'FTW', 'FOP', 'FIP', 'FDP', 'FCS', 'FDS'] as const) engine.set(field, 0n)
  engine.set('FCW', initial.FCW)
  for (let index = 0; index < 8; index += 1) engine.x87(index).fill(0)
}

/** Sixteen registers of sixteen bytes; zeros where the area does not hold them. */
function sixteenAt(area: Uint8Array, offset: number | undefined): readonly Uint8Array[] {
  return Array.from({ length: 16 }, (_, index) =>
    offset === undefined ? new Uint8Array(16) : area.subarray(offset + index * 16, offset + (index + 1) * 16),
  )
}
