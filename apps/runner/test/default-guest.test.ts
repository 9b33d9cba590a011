import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { defaultGuest } from '../src/default-guest/guest.ts'
import { vmm } from './vmm.ts'

const required = process.env['VMM_REQUIRE_GUESTS'] === '1'
let unavailable: string | undefined

beforeAll(async () => {
  try {
    await defaultGuest(() => {})
  } catch (error) {
    if (required) throw error
    unavailable = (error as Error).message
    console.log(`skipped: no default guest: ${unavailable}`)
  }
})

const guestTest = (name: string, body: () => Promise<void>) =>
  test(name, async (context) => {
    if (unavailable !== undefined) return context.skip(unavailable)
    return body()
  })

const report = (): string => join(mkdtempSync(join(tmpdir(), 'vmm-report-')), 'report.json')
const instructionsIn = (path: string): number =>
  (JSON.parse(readFileSync(path, 'utf8')) as { instructions: number }).instructions

describe("Debian's kernel", () => {
  guestTest('a command runs in its shell: stdout, stderr and status come back', async () => {
    const command = "uname -sm; echo 'to stderr' >&2; head -c 3 /dev/zero | tr '\\000' '\\377'; exit 42"
    const { status, stdout, stderr } = await vmm(['run', '--exec', command])
    expect(stdout).toBe('Linux x86_64\n\xff\xff\xff')
    expect(stderr).toBe('to stderr\n')
    expect(status).toBe(42)
  })

  guestTest('with stdin closed the shell ends and the machine powers off', async () => {
    const { status, stdout, stderr } = await vmm(['run'])
    expect(stdout).toContain('/ # ')
    expect(stderr).toContain('vmm: power-off after')
    expect(status).toBe(0)
  })

  guestTest('what is piped into the shell is run, and the same run twice has the same count', async () => {
    const [first, second] = [report(), report()]
    const runs = []
    for (const path of [first, second]) runs.push(await vmm(['run', '--exec', 'echo $((6 * 7))', '--report', path]))
    expect(runs.map(({ stdout }) => stdout)).toEqual(['42\n', '42\n'])
    expect(instructionsIn(first)).toBe(instructionsIn(second))
    const { stdout } = await vmm(['run'], 'echo $((6 * 9))\n')
    expect(stdout).toContain('\n54\r\n')
  })

  guestTest('a limit on instructions ends the run with 124', async () => {
    const { status, stderr } = await vmm(['run', '--max-instructions', '50000000'])
    expect(stderr).toContain('limit reached: 50000000 instructions')
    expect(status).toBe(124)
  })
})
