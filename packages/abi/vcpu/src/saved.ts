import type { SavedMsr } from '@vmm/msr'
import { gprNames, type StateField, stateFields } from '@vmm/x86-registers'
import type { Engine } from './engine-port.ts'
import type { EventState } from './event-state.ts'
import type { Events } from './events.ts'
import type { MsrAccess } from './msr-access.ts'
import type { SavedVmx, VmxOperation } from './nested/vmx-operation.ts'
import type { GivenXsave } from './state/parts.ts'

const version = 3
const vectors = 32
const stack = 8

/** A vCPU as plain data: it can be cloned, stored and hashed. */
export interface SavedVcpu {
  readonly version: number
  readonly gprs: readonly bigint[]
  readonly rflags: bigint
  /** Every other field of its state, by name. */
  readonly fields: { readonly [F in StateField]: bigint }
  readonly vectors: readonly Uint8Array[]
  readonly x87: readonly Uint8Array[]
  readonly msrs: readonly SavedMsr[]
  readonly paravirtualMsrs: readonly SavedMsr[]
  readonly events: Readonly<EventState>
  /** What user space has said of XSAVE's components, and after how many instructions. */
  readonly givenXsave: GivenXsave
  readonly vmx: SavedVmx
}

interface Remembering {
  readonly engine: Engine
  readonly msrs: MsrAccess
  readonly events: Events
  readonly givenXsave: { present: GivenXsave }
  readonly vmx: VmxOperation
}

const fieldNames = (Object.keys(stateFields) as StateField[]).filter((name) => name !== 'RFLAGS')
const rowOf = <T>(count: number, make: (index: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, index) => make(index))

export function saveVcpu({ engine, msrs, events, givenXsave, vmx }: Remembering): SavedVcpu {
  const { plain, paravirtual } = msrs.save()
  const fields = Object.fromEntries(fieldNames.map((name) => [name, engine.get(name)]))
  return {
    version,
    gprs: gprNames.map((_, index) => engine.gpr(index)),
    rflags: engine.rflags(),
    fields: { ...(fields as SavedVcpu['fields']), RFLAGS: 0n },
    vectors: rowOf(vectors, (index) => engine.vector(index).slice()),
    x87: rowOf(stack, (index) => engine.x87(index).slice()),
    msrs: plain,
    paravirtualMsrs: paravirtual,
    events: structuredCloneOf(events.state),
    givenXsave: givenXsave.present,
    vmx: vmx.save(),
  }
}

/** @throws {RangeError} if it was saved by another version or kind of vCPU. */
export function restoreVcpu({ engine, msrs, events, givenXsave, vmx }: Remembering, saved: SavedVcpu): void {
  if (saved.version !== version)
    throw new RangeError(`a vCPU saved by version ${saved.version}, and this is ${version}`)
  msrs.restore({ plain: saved.msrs, paravirtual: saved.paravirtualMsrs })
  for (const name of fieldNames) engine.set(name, saved.fields[name])
  for (const [index, value] of saved.gprs.entries()) engine.setGpr(index, value)
  for (const [index, value] of saved.vectors.entries()) engine.vector(index).set(value)
  for (const [index, value] of saved.x87.entries()) engine.x87(index).set(value)
  engine.setRflags(saved.rflags)
  engine.addressSpace = saved.events.smm ? 'smm' : 'ordinary'
  engine.flushTranslations()
  Object.assign(events.state, structuredCloneOf(saved.events))
  givenXsave.present = saved.givenXsave
  vmx.restore(saved.vmx)
  engine.modeChanged()
}

const structuredCloneOf = (state: Readonly<EventState>): EventState => ({
  ...state,
  exception: { ...state.exception },
})
