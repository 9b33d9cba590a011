import { rows } from '@vmm/x86-opcodes'
import { isExecuted } from '@vmm/x86-semantics'
import { beforeAll, describe, expect, test } from 'vitest'
import { hostFeatures } from '../cpu/host-features.ts'
import { NativeCpu, noNative } from '../cpu/native.ts'
import { subjectNamed, subjectNames } from '../cpu/report.ts'
import { place, type Snippet } from '../cpu/snippet.ts'
import { formStates } from './form-states.ts'
import { formName, formsOf, type InstructionForm } from './forms.ts'
import { type FormVerdict, judgeForms } from './judge-forms.ts'
import { readRecorded, recordedForm } from './recorded.ts'
import { replay } from './replay.ts'

const of = (mnemonic: string) => (row: { readonly mnemonic: string }) => row.mnemonic === mnemonic
const shapes = (mnemonic: string) => formsOf(1, of(mnemonic)).map(({ where, width }) => `${where} ${width}`)

test('a row has a form for each place of an operand and each size', () => {
  expect(new Set(shapes('LEA'))).toEqual(new Set(['memory 64', 'memory 16', 'memory 32']))
  expect(new Set(shapes('VPADDB'))).toEqual(new Set(['register 128', 'register 256', 'memory 128', 'memory 256']))
  expect(new Set(shapes('CBW'))).toEqual(new Set(['none 16', 'none 32', 'none 64']))
})

test('what is not asked has a reason', () => {
  for (const { encodings, reason } of formsOf(1, of('SYSCALL'))) {
    expect(encodings).toEqual([])
    expect(reason).toBe('leaves the program')
  }
})

/** What the judge has found, with what the CPU did. */
describe('found: a difference of equals is -0 where results are rounded down', () => {
  const fx = new Uint8Array(512)
  fx.set([0x7f, 0x03])
  fx.set([0x80, 0x3f], 24)
  const code = Uint8Array.of(0x66, 0x0f, 0x5c, 0xc0)
  const snippet = { code, gprs: new BigUint64Array(16), rflags: 0x202n, fx, data: new Uint8Array(place.dataBytes) }

  test.each(subjectNames)('%s', (name) => {
    const xmm0 = new DataView(subjectNamed(name).run(snippet).fx.buffer, 160)
    expect([xmm0.getBigUint64(0, true), xmm0.getBigUint64(8, true)]).toEqual([1n << 63n, 1n << 63n])
  })
})

describe.skipIf(noNative() !== undefined)('the real CPU', () => {
  /** A row in so many. */
  const every = 16
  const states = 24
  let verdicts: readonly FormVerdict[] = []

  beforeAll(() => {
    const subjects = subjectNames.map(subjectNamed)
    verdicts = judgeForms({ subjects, states, seed: 1, isAsked: (row) => rows.indexOf(row) % every === 0 }).verdicts
  }, 600_000)

  test('agrees with every engine about every form of some rows', () => {
    expect(verdicts.length).toBeGreaterThan(150)
    const wrong = verdicts.filter(({ disagreements, lost }) => disagreements.length > 0 || lost > 0)
    expect(wrong.map(recordedForm)).toEqual([])
  })

  test('is asked for many states of a form, or there is a reason', () => {
    const asked = verdicts.filter(({ lacks, reason }) => lacks.length === 0 && reason === undefined)
    expect(asked.filter((one) => one.states < states / 2)).toEqual([])
    expect(verdicts.length - asked.length).toBeLessThan(verdicts.length / 4)
  })

  test('tells its features, as it tells them a program', () => {
    const native = new NativeCpu()
    const features = hostFeatures(native)
    native.close()
    for (const feature of ['FPU', 'SSE2', 'LM', 'AVX2'] as const) expect(features.has(feature)).toBe(true)
    expect(features.has('PADLOCK' as never)).toBe(false)
  })
})

describe('the run that is kept', () => {
  const { cpu, subjects, forms } = readRecorded()

  test('names its CPU, and compared every engine', () => {
    expect(cpu).toMatch(/family \d+ model \d+$/)
    expect(subjects).toEqual(subjectNames)
  })

  test('found nothing that differs', () => {
    expect(forms.filter(({ differ }) => differ !== undefined)).toEqual([])
  })

  test('is of rows that there are and that are executed, with states or a reason', () => {
    const known = new Set(rows.filter(isExecuted).map(({ opcode, operands }) => `${opcode} ${operands.join(' ')}`))
    expect(forms.filter(({ opcode, operands }) => !known.has(`${opcode} ${operands}`))).toEqual([])
    expect(forms.filter(({ states, lacks, reason }) => !(states !== undefined || lacks || reason))).toEqual([])
  })
})

describe('what is kept is answered again', () => {
  const kept = readRecorded()
  const answered = kept.forms.filter(({ answers }) => answers !== undefined)
  /** So many forms; the long test takes all. */
  const few = 6
  const every = Math.ceil(answered.length / few)
  const some = { ...kept, forms: answered.filter((_, at) => at % every === 0) }

  test.each(subjectNames)('by the %s as when the CPU agreed', (name) => {
    expect(some.forms.length).toBeGreaterThan(0)
    expect(replay(some, [subjectNamed(name)])).toEqual([])
  })

  test('and who answers otherwise in one state is told with the state', () => {
    const [form] = some.forms
    const right = subjectNamed('oracle')
    const seen: Snippet[] = []
    const wrong = {
      name: 'wrong one',
      run: (snippet: Snippet) => {
        seen.push(snippet)
        const outcome = right.run(snippet)
        return snippet === seen[6] ? { ...outcome, rflags: outcome.rflags ^ 0x800n } : outcome
      },
    }
    const [line] = replay({ ...kept, forms: [form!] }, [right, wrong])
    expect(line).toMatch(/the wrong one comes to [0-9a-f]{16}, not to [0-9a-f]{16}; state 6 .*flags: /)
    expect(line).toContain(`--states ${form!.states} --only ${form!.mnemonic}`)
  })

  test('and a form that is gone is missed', () => {
    const gone = { ...some.forms[0]!, width: 7 }
    expect(replay({ ...kept, forms: [gone] }, [])).toEqual([expect.stringContaining('there is no such form any more')])
  })
})

test('fewer states of a form are the first of more, and do not depend on who else is asked', () => {
  const [alone] = formsOf(1, of('ADD'))
  const beside = formsOf(1, () => true).find((form) => formName(form) === formName(alone!))!
  const states = (form: InstructionForm, count: number) => formStates(form, { seed: 1, states: count, local: true })
  const text = ({ code, gprs, data }: Snippet) => Buffer.concat([code, Buffer.from(gprs.buffer), data]).toString('hex')
  const many = new Set(states(beside, 60).map(text))
  expect(states(alone!, 20).filter((state) => !many.has(text(state)))).toEqual([])
  expect(many.size).toBe(60)
})
