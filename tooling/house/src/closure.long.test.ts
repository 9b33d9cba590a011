import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch } from '@vmm/scratch'
import { expect, test } from 'vitest'
import { closureOf, packInto } from './closure.ts'
import { houseOnDisk } from './house.ts'

const root = join(import.meta.dirname, '../../..')

/** What `cpuid -r` prints of a processor, of the leaves that matter here. */
const dump = `CPU 0:
   0x00000000 0x00: eax=0x0000000d ebx=0x756e6547 ecx=0x6c65746e edx=0x49656e69
   0x00000001 0x00: eax=0x000306c3 ebx=0x00100800 ecx=0x7ffafbff edx=0xbfebfbff
   0x00000007 0x00: eax=0x00000000 ebx=0x000027ab ecx=0x00000000 edx=0x9c000400
   0x0000000d 0x00: eax=0x00000007 ebx=0x00000340 ecx=0x00000340 edx=0x00000000
   0x0000000d 0x01: eax=0x00000001 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
   0x0000000d 0x02: eax=0x00000100 ebx=0x00000240 ecx=0x00000000 edx=0x00000000
   0x80000000 0x00: eax=0x80000008 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
   0x80000001 0x00: eax=0x00000000 ebx=0x00000000 ecx=0x00000021 edx=0x2c100800
   0x80000008 0x00: eax=0x00003027 ebx=0x00000000 ecx=0x00000000 edx=0x00000000
`
/** A guest's table as a VMM's template has it, with PREFETCHW, which this processor lacks. */
const template = dump.replace('ecx=0x00000021', 'ecx=0x00000121')

/** As a stranger writes it. */
const program = `import { readFileSync } from 'node:fs'
import { readHost, readTable, setCpuid, supportedCpuid, unsupported } from '@vmm/cpuid'

const template = readFileSync('template.txt', 'utf8')
const dump = readFileSync('dump.txt', 'utf8')
const table = readTable(template), host = readHost(dump)
for (const kernel of ['5.10', '6.1', '6.18'] as const) {
  const answer = setCpuid({ kernel, host }, { table, vcpu: { hasRun: true, current: table } })
  console.log(kernel, answer.kind === 'refused' ? answer.says : answer.stored.length, unsupported(table, supportedCpuid({ kernel, host })))
}
const { 0: first, ...rest } = table
const other = [{ ...first!, eax: 1 }, ...Object.values(rest)]
const refused = setCpuid({ kernel: '6.1', host }, { table: other, vcpu: { hasRun: true, current: table } })
console.log(refused.kind === 'refused' ? refused.says : 'taken')
`

/** Unpacks the tarballs where an installation puts them: nothing else of ours is there. */
function installed(tarballs: string): string {
  const project = scratch('project')
  for (const tarball of readdirSync(tarballs)) {
    const name = tarball.replace(/^vmm-(.*)-[0-9.]+\.tgz$/, '$1')
    const folder = join(project, 'node_modules/@vmm', name)
    mkdirSync(folder, { recursive: true })
    execFileSync('tar', ['-xzf', join(tarballs, tarball), '-C', folder, '--strip-components=1'])
  }
  return project
}

test('the tarballs of @vmm/cpuid and of what it needs are all that a stranger needs', async () => {
  const tarballs = scratch('tarballs')
  await packInto(root, closureOf(houseOnDisk(root), 'cpuid') ?? [], tarballs)
  const project = installed(tarballs)
  for (const [name, text] of Object.entries({ 'dump.txt': dump, 'template.txt': template, 'use.ts': program })) {
    writeFileSync(join(project, name), text)
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
  const said = execFileSync(process.execPath, ['use.ts'], { cwd: project, encoding: 'utf8' })
  for (const kernel of ['5.10', '6.1', '6.18']) expect(said).toMatch(new RegExp(`^${kernel} 9 \\[`, 'm'))
  expect(said).toContain('PREFETCHW')
  expect(said).toMatch(/KVM_SET_CPUID2: EINVAL: .*\(set-cpuid-immutable-after-run, since 5\.17 and 5\.16\.3; /)
})
