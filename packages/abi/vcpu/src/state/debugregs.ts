import type { KvmDebugregs } from '@vmm/kvm-uapi'
import { refusalOf } from '@vmm/rule'
import type { Refusal } from '../refusal.ts'
import type { StateParts } from './parts.ts'

const breakpoints = ['DR0', 'DR1', 'DR2', 'DR3'] as const

/** KVM_GET_DEBUGREGS. */
export function getDebugregs({ engine }: StateParts): KvmDebugregs {
  return {
    db: breakpoints.map((name) => engine.get(name)),
    dr6: engine.get('DR6'),
    dr7: engine.get('DR7'),
    flags: 0n,
  }
}

/** KVM_SET_DEBUGREGS: any addresses will do; DR6 and DR7 have 32 bits. */
export function setDebugregs({ engine, promises }: StateParts, given: KvmDebugregs): Refusal | undefined {
  const refusal = refusalOf(promises.setDebugregs, { given })
  if (refusal !== undefined) return refusal
  const { db, dr6, dr7 } = given
  for (const [at, name] of breakpoints.entries()) engine.set(name, db[at] ?? 0n)
  engine.set('DR6', dr6)
  engine.set('DR7', dr7)
  engine.modeChanged()
  return undefined
}
