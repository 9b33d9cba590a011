import { type Act, type Behaviour, behaviour, type Lifetime, type Version } from '@vmm/rule'
import type { CpuidTable } from './entry.ts'
import { rtApic } from './rules/runtime/rt-apic.rule.ts'
import { rtMwait } from './rules/runtime/rt-mwait.rule.ts'
import { rtOspke } from './rules/runtime/rt-ospke.rule.ts'
import { rtOsxsave } from './rules/runtime/rt-osxsave.rule.ts'
import { rtPvUnhalt } from './rules/runtime/rt-pv-unhalt.rule.ts'
import { rtSgxXfrm } from './rules/runtime/rt-sgx-xfrm.rule.ts'
import { rtXsaveSize } from './rules/runtime/rt-xsave-size.rule.ts'
import { rtXsavesSize } from './rules/runtime/rt-xsaves-size.rule.ts'
import type { RuntimeUpdate } from './rules/runtime/runtime-state.ts'

/** A part of a vCPU's table that KVM writes itself. */
export type Following = Behaviour<RuntimeUpdate, CpuidTable>

/** What a call must hold so that a table of it can be updated. */
export type Updatable = Omit<RuntimeUpdate, 'table'> & { readonly stored: CpuidTable; readonly incoming?: CpuidTable }

/** The table that an update is made of. */
export type Part = 'incoming' | 'stored'

/** What follows registers, in the order in which the kernel writes it; MWAIT came last up to 6.13. */
export const inOrder = {
  features: [rtOsxsave, rtApic, rtOspke, rtXsaveSize, rtXsavesSize],
  withMwait: [rtOsxsave, rtApic, rtMwait, rtOspke, rtXsaveSize, rtXsavesSize],
  paravirtual: [rtPvUnhalt],
  mwait: [rtMwait],
  enclaves: [rtSgxXfrm],
} as const satisfies Readonly<Record<string, readonly Following[]>>

/** The updates as steps of a call: of one of its tables, over a lifetime, where a condition holds. */
export interface Placed<State> {
  readonly on: Part & keyof State
  readonly lifetime: Lifetime
  readonly when: (call: State) => boolean
  /** A call for the witnesses of the steps. */
  readonly witness: State
}

/** Makes the steps. */
export function updates<State extends Updatable>(
  following: readonly Following[],
  placed: Placed<State>,
): readonly Act<State>[] {
  return following.map((each) => ({ kind: 'act', behaviour: inCall(each, placed), lifetime: placed.lifetime }))
}

function inCall<State extends Updatable>(
  { versions: [first, ...others], ...promised }: Following,
  placed: Placed<State>,
): Behaviour<State, State> {
  const versions = others.map((version) => versionInCall(version, placed))
  return behaviour({ ...promised, versions: [versionInCall(first, placed), ...versions] })
}

function versionInCall<State extends Updatable>(
  { does, witness, ...version }: Version<RuntimeUpdate, CpuidTable>,
  { on, when, witness: call }: Placed<State>,
): Version<State, State> {
  const update = (state: State): State => {
    const before = state[on]
    if (before === undefined || !when(state)) return state
    const table = does(updateOf(state, before))
    return table === before ? state : { ...state, [on]: table }
  }
  const { table, host, ...around } = witness.in
  const before = { ...call, ...around, host: { ...call.host, ...host }, [on]: table }
  return {
    ...version,
    does: update,
    witness: { in: before, out: when(before) ? { ...before, [on]: witness.out } : before },
  }
}

/** What an update of a table looks at. */
export function updateOf(state: Updatable, table: CpuidTable): RuntimeUpdate {
  const { shown, lookup, registers, vm, host, kvmBase, xenBase } = state
  return { table, shown, lookup, registers, vm, host, kvmBase, xenBase }
}
