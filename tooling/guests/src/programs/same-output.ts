import { withScratch } from '@vmm/scratch'
import { expect, type TestContext } from 'vitest'
import { hasCompiler } from '../nested/programs.ts'
import { compiledAs, lackedFor, saidInGuest, saidNatively, type Variant } from './whole-programs.ts'

/** What keeps this machine from running a variant, in a sentence; undefined where nothing does. */
function absence(variants: readonly Variant[]): string | undefined {
  if (!hasCompiler) return 'gcc is not installed'
  const lacked = new Set(variants.flatMap(lackedFor))
  return lacked.size === 0 ? undefined : `this machine's CPU lacks ${[...lacked].join(', ')}`
}

/** Every variant prints in a guest of `x86-64-v3`, byte for byte, what it prints on this machine; skipped, with the reason, where that cannot run them. */
export async function expectSameOutput(context: TestContext, variants: readonly Variant[]): Promise<void> {
  const absent = absence(variants)
  if (absent !== undefined) {
    if (process.env['VMM_REQUIRE_GUESTS'] === '1') throw new Error(absent)
    console.log(`skipped: ${absent}`)
    return context.skip(absent)
  }
  await withScratch('programs', async (place) => {
    const programs = variants.map((variant) => compiledAs(variant, place))
    const natively = saidNatively(programs)
    expect(natively.filter((said) => !said.endsWith('\nended with 0\n'))).toEqual([])
    const { stdout, status } = await saidInGuest(programs, 'x86-64-v3')
    expect({ lines: stdout.split('\n'), status }).toEqual({ lines: natively.join('').split('\n'), status: 0 })
  })
}
