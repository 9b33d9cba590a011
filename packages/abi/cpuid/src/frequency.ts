import { type CpuidEntry, entry } from './entry.ts'

/** Frequencies a guest may read instead of measuring. */
export interface Frequencies {
  /** TSC frequency in kHz. */
  readonly tscKhz: number
  /** Frequency in Hz of the core crystal clock, which is also what the local APIC timer counts. */
  readonly crystalHz: number
}

/** Guests multiply the crystal clock in kHz by the numerator in 32 bits. Source: arch/x86/kernel/tsc.c native_calibrate_tsc. */
const guestProductLimit = 2 ** 32
const largestDenominator = 1000

/**
 * TSC frequency as a ratio to the crystal clock, as close as a guest can multiply it out in 32 bits: exact for every
 * frequency that is a multiple of a thousandth of the crystal clock.
 */
function tscRatio({ tscKhz, crystalHz }: Frequencies): {
  readonly numerator: number
  readonly denominator: number
} {
  const exact = (tscKhz * 1000) / crystalHz
  let best = { numerator: Math.max(1, Math.round(exact)), denominator: 1 }
  let error = Math.abs(best.numerator - exact)
  for (let denominator = 2; denominator <= largestDenominator && error > 0; denominator++) {
    const numerator = Math.round(exact * denominator)
    if (numerator * (crystalHz / 1000) >= guestProductLimit) break
    const candidate = Math.abs(numerator / denominator - exact)
    if (candidate < error) {
      best = { numerator, denominator }
      error = candidate
    }
  }
  return best
}

/** Leaves 15H and 16H, which agree with each other. Source: SDM 3B §19.7.3. */
export function frequencyEntries(frequencies: Frequencies): readonly CpuidEntry[] {
  const { numerator, denominator } = tscRatio(frequencies)
  const megahertz = Math.min(0xffff, Math.round(frequencies.tscKhz / 1000))
  return [
    entry(0x15, { eax: denominator, ebx: numerator, ecx: frequencies.crystalHz }),
    entry(0x16, { eax: megahertz, ebx: megahertz, ecx: Math.min(0xffff, Math.round(frequencies.crystalHz / 1e6)) }),
  ]
}
