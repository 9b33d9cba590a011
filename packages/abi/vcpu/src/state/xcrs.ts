import type { KvmXcrs } from '@vmm/kvm-uapi'
import { invalid, type Refusal } from '../refusal.ts'
import type { StateParts } from './parts.ts'

const most = 16
const bit = (at: number): bigint => 1n << BigInt(at)
const avx512 = bit(5) | bit(6) | bit(7)
const tiles = bit(17) | bit(18)
const bounds = bit(3) | bit(4)

/** Why a value is no XCR0 for a guest, or undefined. Source: arch/x86/kvm/x86.c __kvm_set_xcr. */
export function whyNoXcr0(value: bigint, supported: bigint): string | undefined {
  const partOf = (group: bigint) => (value & group) !== 0n && (value & group) !== group
  if ((value & 1n) === 0n) return 'XCR0 without x87 state'
  if ((value & 4n) !== 0n && (value & 2n) === 0n) return 'AVX state without SSE state'
  if ((value & ~(supported | 1n)) !== 0n) return 'a component that this guest does not have'
  if (partOf(bounds)) return 'one of the two MPX components'
  if ((value & avx512) !== 0n && (value & 4n) === 0n) return 'AVX-512 state without AVX state'
  if (partOf(avx512)) return 'some of the three AVX-512 components'
  return partOf(tiles) ? 'one of the two AMX components' : undefined
}

/** KVM_GET_XCRS. */
export function getXcrs({ engine }: StateParts): KvmXcrs {
  const xcrs = Array.from({ length: most }, (_, at) => ({ xcr: 0, value: at === 0 ? engine.get('XCR0') : 0n }))
  return { nr_xcrs: 1, flags: 0, xcrs }
}

/** KVM_SET_XCRS: of the registers listed the first XCR0 is set; a list without it changes nothing. */
export function setXcrs({ engine, guest }: StateParts, { nr_xcrs, flags, xcrs }: KvmXcrs): Refusal | undefined {
  if (nr_xcrs > most || flags !== 0) return invalid('more than 16 registers, or a flag')
  const given = xcrs.slice(0, nr_xcrs).find(({ xcr }) => xcr === 0)
  if (given === undefined) return undefined
  const says = whyNoXcr0(given.value, guest.supportedXcr0)
  if (says !== undefined) return invalid(says)
  engine.set('XCR0', given.value)
  return undefined
}
