import { writeFileSync } from 'node:fs'
import { recordHeaders } from './record-headers.ts'
import { recordKvm } from './record-kvm.ts'

const cases = new URL('../../../../packages/abi/kvm-uapi/cases/', import.meta.url)

/** What `pnpm judge headers` is told. */
export interface HeaderOptions {
  readonly tree?: string
  readonly release: string
  readonly from: string
}

/** Records what a kernel's headers say, for the tests of `@vmm/kvm-uapi`; answers the exit code. */
export function judgeHeaders(options: HeaderOptions): number {
  const answers = recordHeaders(options)
  const file = new URL(`headers-${answers.release}.json`, cases)
  writeFileSync(file, `${JSON.stringify(answers, undefined, 1)}\n`)
  const { size, offset, value } = answers
  const counts = [size, offset, value].map((record) => Object.keys(record).length)
  console.log(`headers of ${answers.release}: ${counts[0]} structs, ${counts[1]} fields, ${counts[2]} constants`)
  return 0
}

/** Records what this machine's /dev/kvm answers about capabilities; answers the exit code. */
export function judgeCapabilities(): number {
  const answers = recordKvm()
  const file = new URL(`capabilities-${answers.release}-${answers.vendorModule}.json`, cases)
  writeFileSync(file, `${JSON.stringify(answers, undefined, 1)}\n`)
  const { release, vendorModule, system, vm } = answers
  const counts = `${Object.keys(system).length} on /dev/kvm, ${Object.keys(vm).length} on a VM`
  console.log(`capabilities of ${release} with ${vendorModule}: ${counts}`)
  return 0
}
