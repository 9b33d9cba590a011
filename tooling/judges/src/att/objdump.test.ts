import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CodeSize, createDecoded, type Decoded, decode, formatAtt, rowOf } from '@vmm/x86-decoder'
import { expect, test } from 'vitest'
import { samples } from './samples.ts'

const decoded = createDecoded()
const room = 16

const machines = { 16: 'i8086', 32: 'i386', 64: 'i386:x86-64' } as const

/** What objdump says of each, where it takes as many bytes: an instruction begins every 16 bytes. */
function dumped(list: readonly Uint8Array[], codeSize: CodeSize): (string | undefined)[] {
  const bytes = new Uint8Array(list.length * room).fill(0x90)
  for (const [at, one] of list.entries()) bytes.set(one, at * room)
  const folder = mkdtempSync(join(tmpdir(), 'att-'))
  const file = join(folder, 'code')
  writeFileSync(file, bytes)
  const flags = ['-D', '-z', '-w', '-M', 'intel64', '-b', 'binary', '-m', machines[codeSize], file]
  const output = execFileSync('objdump', flags, { encoding: 'utf8', maxBuffer: 1 << 28 })
  rmSync(folder, { recursive: true })
  const texts: (string | undefined)[] = list.map(() => undefined)
  for (const line of output.split('\n')) {
    const match = /^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$/.exec(line)
    if (match === null) continue
    const at = Number.parseInt(match[1]!, 16) / room
    if (Number.isInteger(at) && match[2]!.trim().split(' ').length === list[at]!.length) texts[at] = match[3]!.trim()
  }
  return texts
}

type Respelling = readonly [pattern: RegExp, replacement: string]

/** Prefixes as words of their own. */
const prefixes =
  /^(?:(?:data16|data32|addr16|addr32|repn?z|rep|repne|repe|[cdefgs]s|rex(?:\.[WRXB]+)?|lock|xacquire|xrelease|bnd|notrack|\{e?vex\}) +)+/

/**
 * Where objdump writes otherwise, and what settles it.
 *
 * * It writes prefixes that change nothing, and some by their byte; which of them count is compared with iced-x86.
 * * Version 2.40 leaves out the 1 of shifts by one, which later ones write. Comments follow RIP-relative addresses.
 * * An index that is none is `riz`; a displacement of zero is written where it is encoded. Debug registers are `db`.
 * * Absolute addresses of 16 bits have a sign, and targets of 16-bit branches are not cut to 16 bits.
 * * Comparisons by number have names of their own, MONITOR and MWAIT all operands, and 8087's instructions a note.
 * * MOV to a segment register, LAR and LSL read 16 bits whatever the register that is written.
 * * The vex and evex in braces tell encodings apart that have the same text.
 */
const ofJudge: readonly Respelling[] = [
  [/\s*#.*$/, ''],
  [prefixes, ''],
  [/ +/, ' '],
  [/,p[nt] /, ' '],
  [/^((?:ro|rc|sh|sa)[lr][bwlq]?) (?=[^$,]*(?:\([^)]*\))?$)/, '$1 $0x1,'],
  [/,%[er]iz,[1248]\)/, ')'],
  [/\b0x0\(%/, '(%'],
  [/%db/, '%dr'],
  [/^(monitorx?|mwaitx?) .*/, '$1'],
  [/^(fneni|fndisi|fnsetpm)\(.*/, '$1'],
]

const ofOurs: readonly Respelling[] = [[prefixes, '']]

/**
 * What is not compared: hints that version 2.40 does not know or names otherwise, 3DNow! and MMX with 66H and XOP outside 64-bit code, where it takes
 * the wrong registers, vectors of 256 bits for scalars, REX.W beside 66H, rounding where nothing is rounded, an XCHG that REX.B makes of PAUSE, and SIB bytes with no base.
 */
const unjudged =
  /^(?:nop|prefetch|xchg +%[er]?ax|pause|pf|pi2f|pmulhrw|pswapd|pavgusb|movq2dq|movdq2q|v?cmp\w+ [^$]|vpcom\w+ [^$]|vpcmp\w+ [^$]|(?:rd|wr)[fg]sbase|vmovs[sd] %)|\(bad\)|-bad\}|\(,%[er]iz|^frstor|^fldenv|^fnsave|^fnstenv|^fwait/

const registerNumbers = (text: string): string =>
  text.replace(/%[er]?([abcd]x|[sd]i|[sb]p)\b/g, '%$1').replace(/%(r\d+)[wd]/g, '%$1')

/** Addresses and targets of 16 bits, without sign or carry; registers of some instructions without their width. */
function alike(text: string, codeSize: CodeSize): string {
  const cut = (_: string, digits: string) => `0x${(Number.parseInt(digits, 16) & 0xffff).toString(16)}`
  const unsigned = text.replace(/-0x([0-9a-f]+)(?![0-9a-f(])/, (all, digits: string) =>
    codeSize === 64 ? all : `0x${((0x1_0000_0000 - Number.parseInt(digits, 16)) & 0xffff).toString(16)}`,
  )
  const target = /^(?:j|loop|call|xbegin)/.test(text) ? unsigned.replace(/\b0x([0-9a-f]+)$/, cut) : unsigned
  const same = codeSize !== 64 && /^j(mp)?[wl]? 0x/.test(target) ? target.replace(/^jmp[wl]/, 'jmp') : target
  return /^(?:lar|lsl|mov|v?pextrw|v?p?movmsk\w+) /.test(same) ? registerNumbers(same) : same
}

const respelled = (text: string, table: readonly Respelling[]): string =>
  table.reduce((sum, [pattern, replacement]) => sum.replace(pattern, replacement), text)

/** In which it takes R, X and B, which are ignored there. APM 3 §1.2.9. */
const isLegacyXop = (decoded: Decoded): boolean => decoded.codeSize !== 64 && rowOf(decoded).opcode.startsWith('XOP')

/** Version 2.40 takes VMPSADBW of AVX10.2 for VDBPSADBW, whatever its prefix. */
const isLater = (decoded: Decoded): boolean => rowOf(decoded).needs?.includes('AVX10_2') === true

function differences(codeSize: CodeSize): string[] {
  const list = samples(codeSize)
  const texts = dumped(list, codeSize)
  return list.flatMap((bytes, at) => {
    const theirs = texts[at]
    if (theirs === undefined) return []
    decode(bytes, 0, bytes.length, codeSize, decoded)
    const judged = alike(respelled(theirs, ofJudge), codeSize)
    const ours = alike(respelled(formatAtt(decoded, BigInt(at * room)), ofOurs), codeSize)
    if (ours === judged || unjudged.test(theirs.replace(prefixes, '')) || isLegacyXop(decoded) || isLater(decoded))
      return []
    return [`${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}: ${ours} / ${judged}`]
  })
}

const isThere = spawnSync('objdump', ['--version']).status === 0

test.skipIf(!isThere).for([16, 32, 64] as const)(
  'objdump writes every form of %s-bit code the same way',
  { timeout: 300_000 },
  (codeSize) => {
    expect(differences(codeSize).slice(0, 40)).toEqual([])
  },
)
