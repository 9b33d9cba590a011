import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { recordKvm } from '../uapi/record-kvm.ts'
import { type MsrAnswers, type Recorded, readAnswers } from './read-answers.ts'

const cases = new URL('../../../../packages/abi/msr/cases/', import.meta.url)
const program = fileURLToPath(new URL('ask-msrs.c', import.meta.url))

/** What `pnpm judge msrs` is told of a text that a machine printed; left out, this machine is asked. */
export interface MsrOptions {
  readonly text: string
  readonly recorded: Recorded
}

/** Records what a kernel answers about MSRs, for the tests of `@vmm/msr`; answers the exit code. */
export function judgeMsrs(options?: MsrOptions): number {
  const answers = options === undefined ? askHere() : readAnswers(readFileSync(options.text, 'utf8'), options.recorded)
  const { release, vendorModule, saved, features } = answers
  writeFileSync(new URL(`msrs-${release}-${vendorModule}.json`, cases), `${JSON.stringify(answers, undefined, 1)}\n`)
  console.log(`MSRs of ${release} with ${vendorModule}: ${saved.length} saved, ${features.length} feature MSRs`)
  return 0
}

/** Asks this machine's /dev/kvm; no guest is run. */
function askHere(): MsrAnswers {
  const { release, vendorModule, processor, kconfig: options } = recordKvm()
  const isSet = (name: string) => options.length === 0 || options.includes(`${name}=y`)
  const kconfig = { CONFIG_KVM_HYPERV: isSet('CONFIG_KVM_HYPERV'), CONFIG_KVM_SMM: isSet('CONFIG_KVM_SMM') }
  const place = mkdtempSync(join(tmpdir(), 'ask-msrs-'))
  try {
    const compiled = spawnSync('gcc', ['-O2', '-o', join(place, 'ask'), program], { encoding: 'utf8' })
    if (compiled.status !== 0) throw new Error(`gcc: ${compiled.error?.message ?? compiled.stderr}`)
    const asked = spawnSync(join(place, 'ask'), ['noruns'], { encoding: 'utf8', maxBuffer: 1 << 26 })
    if (asked.status !== 0) throw new Error(asked.stderr.trim())
    return readAnswers(asked.stdout, { release, package: 'this machine', vendorModule, processor, kconfig })
  } finally {
    rmSync(place, { recursive: true })
  }
}
