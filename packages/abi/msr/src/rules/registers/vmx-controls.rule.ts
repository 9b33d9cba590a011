import { always } from '@vmm/rule'
import { kernelSource } from '@vmm/source'
import type { MsrCall } from '../../kvm-call.ts'
import { isHostWrite } from '../../kvm-call.ts'
import { having, hostWrites } from '../witness.ts'
import { registerRule } from './register-rule.ts'

const full = (call: MsrCall): bigint => call.host.featureMsrs.get(call.index) ?? 0n
const controls = new Set([0x48b, 0x48d, 0x48e, 0x48f, 0x490])
const low = (value: bigint): bigint => value & 0xffff_ffffn

const mayBecome = (kvms: bigint, wanted: bigint): boolean =>
  (low(kvms) & ~low(wanted)) === 0n && ((wanted >> 32n) & ~(kvms >> 32n)) === 0n

const around = { vcpu: having('VMX'), host: { featureMsrs: new Map([[0x48d, 0x7f_0000_0016n]]) } }

export const vmxControls = registerRule({
  id: 'vmx-controls',
  catalogue: 'vmx-msr-controls',
  says: 'a control may become required, or lose that it may be set: never the other way round',
  lifetime: always,
  errno: 'EINVAL',
  sources: [kernelSource('arch/x86/kvm/vmx/nested.c', 'vmx_restore_control_msr', '6.12')],
  evidence: 'recorded',
  refuses: (call) => isHostWrite(call) && controls.has(call.index) && !mayBecome(full(call), call.data),
  witness: {
    refused: hostWrites(0x48d, 0x7f_0000_0016n | (1n << 39n), around),
    accepted: hostWrites(0x48d, 0x3f_0000_001en, around),
  },
})
