import { control, ModuleBuilder } from '@vmm/wasm-encoder'
import { lengthShift, ofRecord, sibFollows } from '../src/addresses.ts'
import { noForm } from '../src/choose.ts'
import { fastLayout, fastPages } from '../src/fast-layout.ts'
import { formSize, formWords, registerShifts, templateShift, traits, widthCode } from '../src/forms.ts'
import { overrideShift, stateBits } from '../src/prefixes.ts'
import { addressFields, flagFields, operandFields, put, recordSize, recordWords } from '../src/record.ts'
import { fromHead, prepareHeads, rememberHead } from './head-code.ts'
import { leadsCode } from './lead-code.ts'
import {
  add,
  and,
  block,
  br,
  brIf,
  type Code,
  formWord,
  get,
  i32,
  load,
  locals,
  loop,
  nextByte,
  or,
  parameters,
  plain,
  record,
  recorded,
  sar,
  select,
  set,
  shl,
  shr,
  store,
  sub,
  table,
  vectorLocals,
  when,
  wideLocals,
} from './wasm-words.ts'

/** The prefixes, and the byte behind them in `byte`. Depth 0 is the slow way. */
const prefixes = (): Code => {
  const index = or(shl(get('codeSize'), i32(8)), get('byte'))
  return [
    ...set('state', i32(0)),
    ...nextByte('byte'),
    ...loop(
      set('next', table(fastLayout.kept, index)),
      when(
        get('next'),
        set('state', or(and(get('state'), get('next')), table(fastLayout.added, index))),
        nextByte('byte'),
        brIf(2, plain('i32.gt_s', get('position'), get('limit'))),
        br(1),
      ),
    ),
  ]
}

/** Opcode and ModRM byte, and what form that is: depth 0 is the slow way. */
const chooseForm = (): Code => [
  ...set('entry', get('byte')),
  ...when(plain('i32.eq', get('byte'), i32(0x0f)), nextByte('byte'), set('entry', or(get('byte'), i32(0x100)))),
  ...set('entry', table(fastLayout.entries, get('entry'))),
  // nobody has looked, or something else is introduced
  ...brIf(0, plain('i32.le_s', get('entry'), i32(0))),
  ...set('kinds', shr(get('entry'), i32(28))),
  ...set('next', shr(add(get('kinds'), i32(1)), i32(1))),
  // where there is no ModRM byte it names a register
  ...set(
    'modrm',
    or(load('i32.load8_u', get('position'), fastLayout.window), and(sub(get('next'), i32(1)), i32(0xff))),
  ),
  ...set('position', add(get('position'), get('next'))),
  ...set(
    'next',
    table(
      fastLayout.places,
      or(and(get('entry'), i32(0xfff_ff00)), shl(get('codeSize'), i32(6)), and(get('state'), i32(stateBits.chosenBy))),
    ),
  ),
  ...set('value', load('i32.load8_u', or(shl(get('kinds'), i32(8)), get('modrm')), fastLayout.choiceOfModrm)),
  ...set('form', load('i32.load16_u', shl(add(get('next'), get('value')), i32(1)), fastLayout.forms)),
  ...brIf(0, plain('i32.le_u', get('form'), i32(noForm))),
  ...set('form', shl(get('form'), i32(Math.log2(formSize * 4)))),
  ...set('trait', formWord('traits')),
]

const rareStates = stateBits.lock | stateBits.segment
/** What takes the slow way; of numbers only those that are not one of 64 bits. */
const slowTraits = traits.rare & ~traits.numbers

const refuseRare = (): Code => [
  ...set('rare', or(and(get('state'), i32(rareStates)), and(get('trait'), i32(traits.rare)))),
  ...when(
    get('rare'),
    brIf(1, and(get('trait'), i32(slowTraits))),
    when(and(get('trait'), i32(traits.numbers)), brIf(2, plain('i32.ne', formWord('bytes'), i32(8)))),
    when(and(get('state'), i32(stateBits.lock)), brIf(2, plain('i32.eqz', and(get('trait'), i32(traits.lockable))))),
  ),
]

const fillOperand = (number: number): Code => [
  ...set('value', load('i32.load', get('form'), fastLayout.words + (formWords.operands + number) * 4)),
  ...store(
    'i32.store',
    get('at'),
    (recordWords.operands + number) * 4,
    or(
      sar(get('value'), i32(templateShift)),
      and(shr(get('registers'), get('value')), sar(get('value'), i32(5)), i32(31)),
    ),
  ),
]

const fieldMask = ({ shift, bits }: { shift: number; bits: number }): number => ((1 << bits) - 1) << shift
const byteRegister = fieldMask(operandFields.kind) | fieldMask(operandFields.file) | fieldMask(operandFields.width)
const highByte = put(operandFields.high, 1)

/** Registers 4 to 7 of 8 bits are AH to BH. */
const fillHighByte = (number: number): Code => {
  const offset = (recordWords.operands + number) * 4
  return [
    ...set('word', load('i32.load', get('at'), offset)),
    ...when(
      plain('i32.eq', and(get('word'), i32(byteRegister | 4)), i32(put(operandFields.width, widthCode(8)) | 4)),
      store('i32.store', get('at'), offset, plain('i32.xor', get('word'), i32(4 | highByte))),
    ),
  ]
}

const fillOperands = (): Code => [
  ...set(
    'registers',
    or(
      table(fastLayout.rexRegisters, and(shr(get('state'), i32(8)), i32(7))),
      shl(and(get('modrm'), i32(0x38)), i32(registerShifts.reg - 3)),
      shl(and(get('modrm'), i32(7)), i32(registerShifts.rm)),
      shl(and(get('byte'), i32(7)), i32(registerShifts.opcode)),
    ),
  ),
  ...[0, 1, 2].flatMap(fillOperand),
  ...when(
    and(get('trait'), i32(traits.bytes)),
    when(plain('i32.eqz', and(get('state'), i32(stateBits.rex))), ...[0, 1, 2].map(fillHighByte)),
  ),
]

/** So many bytes, which `bytes` counts, as a signed number; 0 where there are none is for who asks. */
const signed = (): Code => {
  const shift = shl(sub(i32(0), get('bytes')), i32(3))
  return sar(shl(load('i32.load', get('position'), fastLayout.window), shift), shift)
}

const fillAddress = (): Code => [
  ...set(
    'next',
    or(
      select(get('otherKind'), get('kind'), and(get('state'), i32(stateBits.addressSize))),
      and(get('state'), i32(stateBits.b)),
      get('modrm'),
      and(get('trait'), i32(traits.noAddress)),
    ),
  ),
  ...set('address', table(fastLayout.addresses, get('next'))),
  ...when(
    and(get('address'), i32(sibFollows)),
    nextByte('value'),
    set(
      'address',
      or(
        get('address'),
        table(
          fastLayout.scaledAddresses,
          or(get('value'), and(get('state'), i32(stateBits.x | stateBits.b)), shl(and(get('next'), i32(0xc0)), i32(4))),
        ),
      ),
    ),
  ),
  ...record('address', and(get('address'), i32(ofRecord))),
  ...set('headEnd', get('position')),
  ...set('bytes', shr(get('address'), i32(lengthShift))),
  ...record('displacement', and(signed(), sar(sub(i32(0), get('bytes')), i32(31)))),
  ...set('position', add(get('position'), get('bytes'))),
]

const fillNumber = (): Code => [
  ...set('bytes', formWord('bytes')),
  ...set('value', and(signed(), formWord('mask'))),
  ...record('low', get('value')),
  ...record('high', and(sar(get('value'), i32(31)), formWord('sign'))),
  ...set('position', add(get('position'), get('bytes'))),
]

const { segment, segmentOverride, noTrack } = addressFields
const firstBit = (mask: number): number => 31 - Math.clz32(mask & -mask)

/** Segments, LOCK, and the upper half of a number of 64 bits. */
const fillRare = (): Code =>
  when(
    get('rare'),
    when(
      and(get('trait'), i32(traits.numbers)),
      record('high', load('i32.load', sub(get('position'), i32(4)), fastLayout.window)),
    ),
    when(and(get('state'), i32(stateBits.lock)), record('flags', or(recorded('flags'), i32(put(flagFields.lock, 1))))),
    when(
      and(get('state'), i32(stateBits.segment)),
      set('address', recorded('address')),
      set('next', shr(and(get('state'), i32(stateBits.override)), i32(overrideShift))),
      when(
        get('next'),
        set(
          'address',
          or(and(get('address'), i32(~fieldMask(segment))), shl(sub(get('next'), i32(1)), i32(segment.shift))),
        ),
      ),
      record(
        'address',
        or(
          get('address'),
          i32(put(segmentOverride, 1)),
          shl(and(get('state'), i32(stateBits.noTrack)), i32(noTrack.shift - firstBit(stateBits.noTrack))),
        ),
      ),
    ),
  )

/** The two words of a form that a record begins with, at once. */
const copyHead = (): Code =>
  store(
    'i64.store',
    get('at'),
    recordWords.row * 4,
    load('i64.load', get('form'), fastLayout.words + formWords.row * 4),
  )

const goOn = (): Code => [
  ...record('offset', add(get('offset'), get('place'))),
  ...set('place', get('position')),
  ...set('at', add(get('at'), i32(recordSize * 4))),
]

const finish = (): Code => [
  ...store('i32.store', i32(0), fastLayout.count, shr(sub(get('at'), i32(fastLayout.records)), i32(6))),
  ...get('place'),
]

/** The module: what `Fast` in `fast.ts` says. What is not for it goes to `slow`, which fills the record, too. */
export function fastCode(): Uint8Array {
  const builder = new ModuleBuilder()
  builder.importMemory('d', 'memory', { initial: fastPages, maximum: fastPages, shared: false })
  const slow = builder.importFunction('d', 'slow', { parameters: ['i32', 'i32'], results: ['i32'] })
  const run = builder.declare({ parameters: new Array(parameters).fill('i32'), results: ['i32'] })
  const one = block(
    block(
      block(fromHead(3, 4)),
      brIf(3, plain('i32.ge_s', get('place'), get('stop'))),
      brIf(3, plain('i32.ge_u', get('at'), get('end'))),
      set('position', get('place')),
      set('limit', add(get('place'), i32(15))),
      set('limit', select(get('limit'), get('size'), plain('i32.lt_s', get('limit'), get('size')))),
      prefixes(),
      chooseForm(),
      refuseRare(),
      copyHead(),
      fillOperands(),
      fillAddress(),
      fillNumber(),
      brIf(0, plain('i32.gt_s', get('position'), get('limit'))),
      fillRare(),
      record('length', sub(get('position'), get('place'))),
      rememberHead(),
      br(1),
    ),
    set('position', [...get('place'), ...get('at'), control.call, slow]),
    brIf(2, plain('i32.lt_s', get('position'), i32(0))),
  )
  const code = [
    ...set('at', i32(fastLayout.records)),
    ...prepareHeads(),
    ...block(loop(one, goOn(), br(0))),
    ...finish(),
  ]
  const narrow = locals.length - parameters - wideLocals - vectorLocals
  const types = [
    ...new Array<'i32'>(narrow).fill('i32'),
    ...new Array<'i64'>(wideLocals).fill('i64'),
    ...new Array<'v128'>(vectorLocals).fill('v128'),
  ]
  builder.define(run, { locals: types, code: Uint8Array.from(code) })
  builder.export('run', run)
  const leads = builder.declare({ parameters: ['i32', 'i32'], results: [] })
  builder.define(leads, leadsCode())
  builder.export('leads', leads)
  return builder.finish()
}

/** The module as `fast-module.ts` has it. */
export function fastModuleText(): string {
  const hex = [...fastCode()].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const lines = hex.match(/.{1,160}/g)!
  return `/** The module that \`test/fast-code.ts\` describes, in hexadecimal. Written by \`vitest --update\`. */
export const fastModule = \`
${lines.join('\n')}\`
`
}
