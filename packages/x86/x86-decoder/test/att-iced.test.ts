import { Decoder, Formatter, FormatterSyntax } from 'iced-x86'
import { afterAll, expect, test } from 'vitest'
import { type CodeSize, createDecoded, type Decoded, formatAtt } from '../src/index.ts'
import { heads, someModrms, streamsOf } from './encodings.ts'
import { decode, icedVerdict, options, ourText } from './iced.ts'
import { randomStreams } from './random-stream.ts'

const formatter = new Formatter(FormatterSyntax.Gas)
formatter.alwaysShowScale = true
formatter.smallHexNumbersInDecimal = false
formatter.uppercaseHex = false
formatter.branchLeadingZeros = false
formatter.ripRelativeAddresses = true
formatter.usePseudoOps = false
afterAll(() => formatter.free())

type Respelling = readonly [pattern: RegExp, replacement: string]

/**
 * Where the judge writes otherwise than GNU as and objdump do, whose way is ours. What objdump says of the same is in `att-objdump.test.ts`.
 *
 * * Branch hints are not written, nor which of F2 and F3 repeats a string instruction that takes both. BND may stand anywhere.
 * * The judge leaves out segments that are the default, and those of LEA and of bounds. Strings have all of theirs.
 * * It ends an absent index with a comma, and has ports without parentheses.
 * * It writes a suffix that the mode implies (`callq`, `lretl`), and none that objdump does.
 * * SAL is SHL, `movsxw` and `movzxw` are `movsww` and `movzww`, conditions of CMPccXADD are spelt out as in the manual.
 * * BNDLDX and BNDSTX have no scale, RET may be repeated, GETSEC may be wide.
 * * 66H before a LOOP, and before a JMP, is a byte or a prefix of its own.
 */
const ofJudge: readonly Respelling[] = [
  [/,p[nt] /, ' '],
  [/^repne (ins|outs|movs|stos|lods)/, 'rep $1'],
  [/,\)/, ')'],
  [/,\)/, ')'],
  [/%[ed]s:|%ss:/g, ''],
  [/^(lea|bnd\w+) (.*)%[cfg]s:/, '$1 $2'],
  [/^sal(?!c)/, 'shl'],
  [/^mov([sz])xw/, 'mov$1ww'],
  [/^rep ret/, 'ret'],
  [/^rex\.w getsec/, 'getsec'],
  [/^(bnd.*\(.*,.*),[1248]\)/, '$1)'],
  [/^\.byte 0x66; /, 'data '],
  [/^data(?:16|32) jmp/, 'jmp+'],
  [/^rex\.w (l(?:call|jmp))/, '$1q'],
  [/^(v?cvtu?si2s[sdh]|ptwrite)l /, '$1 '],
]

const ofOurs: readonly Respelling[] = [
  [/^(bnd.*\(.*,.*),[1248]\)/, '$1)'],
  [/,\)/, ')'],
  [/%[ed]s:|%ss:/g, ''],
  [/^(lea|bnd\w+) (.*)%[cfg]s:/, '$1 $2'],
  [/\(%dx\)/, '%dx'],
  [/^data(?:16|32) (je?cxz|loop)/, 'data $1'],
  [/^jmp[wl] (?!\*)/, 'jmp+ '],
  [/^(v?cvtu?si2s[sdh]|ptwrite)l /, '$1 '],
  [/^xbegin[wl]/, 'xbegin'],
  [/^([sl][gi]dt)[wl]/, '$1'],
  [/^fstpnce/, 'fstp'],
  [/^rep (?=(?:cmps|scas))/, 'repe '],
  [/^cmp(n?(?:be?|z|le?))xadd/, 'cmp$1xadd'],
]

const respelled = (text: string, table: readonly Respelling[]): string =>
  table.reduce((sum, [pattern, replacement]) => sum.replace(pattern, replacement), text)

/** What F2 or F3 hints at the end, wherever it stood. */
const hintLast = (text: string): string => text.replace(/^(.*?)\b(bnd|xacquire|xrelease) (.*)$/, '$1$3 # $2')

/** The suffix that a mode implies. */
function withoutUsual(text: string, { codeSize }: Decoded): string {
  const [usual, far] = codeSize === 16 ? ['w', 'w'] : codeSize === 32 ? ['l', 'l'] : ['q', 'l']
  return text
    .replace(new RegExp(`^((?:notrack )?(?:call|jmp|push|pop))${usual}(?= )`), '$1')
    .replace(new RegExp(`^(lcall|ljmp|lret|iret)${far}\\b`), '$1')
    .replace(/^([sl][gi]dt)[wl]/, '$1')
}

const conditions: Readonly<Record<string, string>> = { e: 'z', ne: 'nz', ae: 'nb', a: 'nbe', ge: 'nl', g: 'nle' }

/** Registers without their widths: the judge has some that are wider than what takes part in the instruction. */
const widthless = /^(?:LAR|LSL|LKGS|MOV|V?P?MOVMSK(?:B|PS|PD)|V?PINSR[BW]|V?PEXTR[BW]|V?EXTRACTPS|TPAUSE|UMWAIT)$/
const registerNumbers = (text: string): string =>
  text.replace(/%[er]?([abcd]x|[sd]i|[sb]p)\b/g, '%$1').replace(/%(r\d+)[wd]/g, '%$1')

function theirs(text: string, decoded: Decoded): string {
  return withoutUsual(respelled(text, ofJudge), decoded).replace(
    /^((?:lock )?cmp)(e|ne|ae|a|ge|g)(xadd)/,
    (_, head: string, condition: string, tail: string) => head + conditions[condition]! + tail,
  )
}

/** SDM 2C, XBEGIN: in 16-bit code only 16 bits of where it goes are left. */
const isCut = ({ mnemonic, codeSize }: Decoded): boolean => mnemonic === 'XBEGIN' && codeSize === 16

const decoded = createDecoded()

function differences(streams: Uint8Array, codeSize: CodeSize): string[] {
  const decoder = new Decoder(codeSize, streams, options)
  const found: string[] = []
  for (let at = 0; at < streams.length; at += 15) {
    if (decode(streams, at, at + 15, codeSize, decoded) !== undefined) continue
    decoder.position = at
    decoder.ip = 0x1000n
    // hints of all kinds are the business of another test, as is whatever the judge decodes otherwise
    if (decoded.mnemonic === 'NOP' || isCut(decoded) || icedVerdict(decoder, decoded, false).text !== ourText(decoded))
      continue
    decoder.position = at
    decoder.ip = 0x1000n
    const instruction = decoder.decode()
    let [ours, judged] = [formatAtt(decoded, 0x1000n), theirs(hintLast(formatter.format(instruction)), decoded)]
    instruction.free()
    ours = withoutUsual(respelled(hintLast(ours), ofOurs), decoded)
    if (widthless.test(decoded.mnemonic)) [ours, judged] = [registerNumbers(ours), registerNumbers(judged)]
    if (ours !== judged) found.push(`${hex(streams.subarray(at, at + decoded.length))}: ${ours} / ${judged}`)
  }
  decoder.free()
  return found
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

test.for([16, 32, 64] as const)('iced-x86 writes random %s-bit code the same way', { timeout: 300_000 }, (codeSize) => {
  for (const streams of randomStreams(codeSize, 30_000)) expect(differences(streams, codeSize)).toEqual([])
})

test.for([16, 32, 64] as const)(
  'iced-x86 writes opcodes of %s-bit code the same way',
  { timeout: 300_000 },
  (codeSize) => {
    const found = heads(301).flatMap((head) => differences(streamsOf(head, someModrms), codeSize))
    expect(found.slice(0, 20)).toEqual([])
  },
)
