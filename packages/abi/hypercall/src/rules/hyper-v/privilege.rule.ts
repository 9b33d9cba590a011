import { always, rule } from '@vmm/rule'
import { type HyperVRule, hyperVMade, hyperVSource } from './case.ts'

const called = hyperVMade('HVCALL_NOTIFY_LONG_SPIN_WAIT')

/** A fault, where KVM's own interface gives an error. */
export const hyperVPrivilege: HyperVRule = rule({
  id: 'hv-hc-cpl',
  catalogue: 'hv-hc-cpl',
  says: "outside CPL 0, and in real mode, Hyper-V's calls are invalid opcodes",
  lifetime: always,
  errno: '#UD',
  sources: [hyperVSource],
  evidence: 'source',
  refuses: ({ call }) => call.cpl !== 0 || !call.protectedMode,
  witness: { refused: { ...called, call: { ...called.call, cpl: 3 } }, accepted: called },
})
