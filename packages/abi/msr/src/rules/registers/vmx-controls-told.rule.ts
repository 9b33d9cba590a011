import { always, behaviour } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import { type MsrCall, valueIn } from '../../kvm-call.ts'
import { holding, hostReads } from '../witness.ts'

/** Each MSR of controls without TRUE: the one with TRUE, and what must be 1 without it. Source: SDM 3D A.2. */
const derived: ReadonlyMap<number, readonly [index: number, ones: bigint]> = new Map([
  [0x481, [0x48d, 0x16n]],
  [0x482, [0x48e, 0x0401_e172n]],
  [0x483, [0x48f, 0x3_6dffn]],
  [0x484, [0x490, 0x11ffn]],
])

function told(call: MsrCall): MsrCall {
  const [index, ones] = derived.get(call.index) ?? []
  if (call.access !== 'read' || index === undefined || ones === undefined) return call
  const controls = valueIn(call, index)
  return controls === 0n ? call : { ...call, told: controls | ones }
}

const narrowed = hostReads(0x481, 0n, { vcpu: holding([0x48d, 0x16_0000_0016n]) })

export const vmxControlsTold = behaviour<MsrCall, MsrCall>({
  id: 'vmx-controls-told',
  catalogue: 'vmx-msr-controls',
  says: 'the controls without TRUE are those with it, with all set that must be without it',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_get_vmx_msr', '6.12.117')],
  evidence: 'recorded',
  versions: [{ lifetime: always, does: told, witness: { in: narrowed, out: { ...narrowed, told: 0x16_0000_0016n } } }],
})
