import { behaviour, until } from '@vmm/rule'
import { commit, mail } from '@vmm/source'
import { entry } from '../../entry.ts'
import type { SetCpuidCall } from '../../set-cpuid-call.ts'
import { amended, bitOf, withBit } from '../kernel-lookup.ts'
import { aCall } from './a-call.ts'

const nx = 20
const line = 'kvm: guest NX capability removed'
const stored = [entry(0x8000_0001, { edx: 1 << nx })]
const onOldHost = aCall({ stored, installed: true, host: { ...aCall().host, nx: false } })

/** An optimization of the first releases, whose reason was gone long before the check was. */
export const setCpuidLegacyNx = behaviour<SetCpuidCall, SetCpuidCall>({
  id: 'set-cpuid-legacy-nx',
  catalogue: 'set-cpuid-legacy-struct',
  says: 'where the host runs without EFER.NX, the legacy call takes NX out of leaf 80000001H, and logs it',
  sources: [
    mail(
      '20210805183804.1221554-1-seanjc@google.com',
      'KVM: x86: Allow guest to set EFER.NX=1 on non-PAE 32-bit kernels',
    ),
    commit('1383279c6494', 'KVM: x86: Allow guest to set EFER.NX=1 on non-PAE 32-bit kernels'),
  ],
  evidence: 'mail',
  versions: [
    {
      lifetime: until('5.14'),
      does: (call) => {
        const place = call.stored.findIndex((entry) => entry.function === 0x8000_0001)
        const edx = call.stored[place]?.edx ?? 0
        if (call.host.nx || !bitOf(edx, nx)) return call
        const stored = amended(call.stored, place, { edx: withBit(edx, nx, false) })
        return { ...call, stored, effects: [...call.effects, { kind: 'logged', line }] }
      },
      witness: {
        in: onOldHost,
        out: { ...onOldHost, stored: [entry(0x8000_0001, {})], effects: [{ kind: 'logged', line }] },
      },
    },
  ],
})
