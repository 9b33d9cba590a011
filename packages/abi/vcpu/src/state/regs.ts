import type { KvmRegs } from '@vmm/kvm-uapi'
import { gprIndex, gprNames } from '@vmm/x86-registers'
import { followPrivilege, type StateParts } from './parts.ts'

type Gpr = Lowercase<(typeof gprNames)[number]>

const RF = 1n << 16n

/** KVM_GET_REGS. Between two rounds of a repeated string instruction RF is set, as an event then would save it. */
export function getRegs({ engine }: StateParts): KvmRegs {
  const values = gprNames.map((name) => [name.toLowerCase(), engine.gpr(gprIndex(name))])
  const registers = Object.fromEntries(values) as Record<Gpr, bigint>
  const resumes = engine.get('REPEATING') === 0n ? 0n : RF
  return { ...registers, rip: engine.get('RIP'), rflags: engine.rflags() | resumes }
}

/** KVM_SET_REGS. Any RIP will do; bit 1 of RFLAGS stays set; an exception that was raised is no more. */
export function setRegs(parts: StateParts, regs: KvmRegs): void {
  const { engine, events } = parts
  for (const name of gprNames) engine.setGpr(gprIndex(name), regs[name.toLowerCase() as Gpr])
  engine.set('RIP', regs.rip)
  engine.setRflags(regs.rflags)
  engine.set('REPEATING', 0n)
  followPrivilege(parts)
  engine.modeChanged()
  const { exception } = events.state
  if (exception.stage === 'raised') events.state.exception = { ...exception, stage: 'none' }
}
