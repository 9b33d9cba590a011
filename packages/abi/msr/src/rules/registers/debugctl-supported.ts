import { guestHas, type MsrCall } from '../../kvm-call.ts'

const [lbr, busLock, freezeOnPmi, rtm] = [1n, 1n << 2n, 1n << 11n, 1n << 15n] as const
const branchFormat = 0x3fn

/** Bits of IA32_DEBUGCTL that kvm_intel supports: for user space by its own host, for a guest by CPUID as well. */
export function supportedDebugctl(call: MsrCall): bigint {
  const { host, vcpu, initiator } = call
  const has = (feature: 'BUS_LOCK_DETECT' | 'RTM') =>
    host.features.has(feature) && (initiator === 'host' || guestHas(call, feature))
  const format = initiator === 'host' ? host.featureMsrs.get(0x345) : vcpu.values.get(0x345)
  const records = ((host.featureMsrs.get(0x345) ?? 0n) & branchFormat) !== 0n && ((format ?? 0n) & branchFormat) !== 0n
  return (has('BUS_LOCK_DETECT') ? busLock : 0n) | (records ? lbr | freezeOnPmi : 0n) | (has('RTM') ? rtm : 0n)
}
