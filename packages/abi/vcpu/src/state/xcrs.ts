import type { KvmXcrs } from '@vmm/kvm-uapi'
import { refusalOf, run } from '@vmm/rule'
import type { KeptPromises } from '../kept-promises.ts'
import type { Refusal } from '../refusal.ts'
import type { StateParts } from './parts.ts'

const most = 16

/** Whether a guest that executes XSETBV may have a value: what KVM_SET_XCRS would take. Source: arch/x86/kvm/x86.c __kvm_set_xcr. */
export function mayHaveXcr0(promises: KeptPromises, supportedXcr0: bigint, value: bigint): boolean {
  const given = { nr_xcrs: 1, flags: 0, xcrs: [{ xcr: 0, value }] }
  return refusalOf(promises.setXcrs, { given, hostHasXsave: true, supportedXcr0, xcr0: 1n }) === undefined
}

/** KVM_GET_XCRS. */
export function getXcrs({ engine }: StateParts): KvmXcrs {
  const xcrs = Array.from({ length: most }, (_, at) => ({ xcr: 0, value: at === 0 ? engine.get('XCR0') : 0n }))
  return { nr_xcrs: 1, flags: 0, xcrs }
}

/** KVM_SET_XCRS: of the registers listed the first XCR0 is set; a list without it changes nothing. */
export function setXcrs({ engine, guest, promises }: StateParts, given: KvmXcrs): Refusal | undefined {
  const { supportedXcr0 } = guest
  const outcome = run(promises.setXcrs, { given, hostHasXsave: true, supportedXcr0, xcr0: engine.get('XCR0') })
  if (outcome.kind === 'refused') return outcome.refusal
  engine.set('XCR0', outcome.state.xcr0)
  return undefined
}
