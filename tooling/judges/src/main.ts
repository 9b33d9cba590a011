import { parseArgs } from 'node:util'
import { judgeSystem } from '@vmm/guests'
import { judgeChance, subjectNames } from './cpu/report.ts'
import { judgeCpu } from './forms/report.ts'
import { listUnequal } from './kernel/replay.ts'
import { judgeKernel, type KernelOptions } from './kernel/report.ts'
import { judgeMsrs } from './msr/report.ts'
import { judgeRules } from './rules/report.ts'
import { judgeCapabilities, judgeHeaders } from './uapi/report.ts'
import { judgeX87 } from './x87/report.ts'

const judges = { chance: judgeChance, x87: judgeX87 } as const

const usage = `usage: pnpm judge cpu [--subject WHO] [--states N] [--seed N] [--only MNEMONIC] [--record]
       pnpm judge chance|x87 [--subject WHO] [--cases N] [--seed N] [--only MNEMONIC]
       pnpm judge system [--only KERNEL]
       pnpm judge headers --release RELEASE --from PACKAGE [--tree DIR]
       pnpm judge capabilities
       pnpm judge rules [--only PACKAGE|RULE] [--kind rule|behaviour]
       pnpm judge kernel --live|--debian SERIES|--bochs SERIES [--model MODEL]|--vmm SERIES [--record] [--only NAME]
       pnpm judge msrs [--text FILE --release RELEASE --from PACKAGE --module NAME --processor NAME]

cpu     runs every form of every instruction on this machine's processor and in every engine, from many states, and compares;
        it tells what the processor does not have, and what a program cannot ask. With --record the result is kept
chance  runs random instructions, and bytes that are none, and compares
x87     the same with sequences of x87 instructions, and operands at the edges of their formats
system  runs small kernels under vmm, QEMU and Bochs, and compares what they print with the manual
headers asks a C compiler what linux/kvm.h says, and records it for the tests of @vmm/kvm-uapi
capabilities asks this machine's /dev/kvm for every capability, and records it likewise; it runs no guest
msrs    asks this machine's /dev/kvm about every MSR, and records it for the tests of @vmm/msr; it runs no guest. With
        --text it reads what msr/ask-msrs.c printed as the first program of another machine

kernel  plays the scenarios of @vmm/kvm on a real kernel and on ours and compares; with --record it keeps the answers.
        --live is this machine's /dev/kvm, where no guest is run; --debian 6.1 or 6.12 boots Debian's kernel under QEMU
        with kvm_amd, --bochs under Bochs with kvm_intel, --vmm in a guest of our own with kvm_intel, on the VMX that
        we give it. Exit code 2: something is not installed

rules   makes every rule wrong in turn, without its refusal, with another errno, in other releases, and every behaviour:
        doing what it does in other releases, or nothing; and tells which of these no test notices but those that hold
        a promise to its own witness

  --unequal         plays what is recorded on ours alone, and writes the list of what is answered otherwise
  --model MODEL     a processor of Bochs'; corei7_haswell_4770 unless told
  --subject WHO     engine, which interprets; compiled, which compiles at once; oracle: the descriptions as they read.
                    All of them for cpu, engine for the others unless told
  --states N        how many states of each form; 300 unless told
  --cases N         how many; 200000 unless told
  --seed N          the same seed brings forth the same cases; 1 unless told
  --tree DIR        a kernel's source tree; the installed headers unless told
  --only MNEMONIC   of one instruction alone, for example --only FPREM; for cpu also of several, --only ADD,SUB
`

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name} ${text}: expected a positive integer`)
  return value
}

interface KernelValues {
  readonly live: boolean
  readonly debian?: string | undefined
  readonly bochs?: string | undefined
  readonly vmm?: string | undefined
  readonly model: string
  readonly record: boolean
  readonly only?: string | undefined
}

function kernelOptions({ live, model, record, only, ...series }: KernelValues): KernelOptions {
  const asked = (['debian', 'bochs', 'vmm'] as const).filter((kind) => series[kind] !== undefined)
  if (Number(live) + asked.length !== 1)
    throw new RangeError('expected one of --live, --debian SERIES, --bochs SERIES, --vmm SERIES')
  const [kind] = asked
  const on = kind === undefined ? ({ kind: 'live' } as const) : ({ kind, series: series[kind] ?? '', model } as const)
  return { on, record, ...(only === undefined ? {} : { only }) }
}

const options = {
  subject: { type: 'string' },
  states: { type: 'string', default: '300' },
  cases: { type: 'string', default: '200000' },
  seed: { type: 'string', default: '1' },
  only: { type: 'string' },
  release: { type: 'string' },
  from: { type: 'string' },
  tree: { type: 'string' },
  text: { type: 'string' },
  module: { type: 'string' },
  processor: { type: 'string' },
  live: { type: 'boolean', default: false },
  debian: { type: 'string' },
  bochs: { type: 'string' },
  vmm: { type: 'string' },
  model: { type: 'string', default: 'corei7_haswell_4770' },
  record: { type: 'boolean', default: false },
  unequal: { type: 'boolean', default: false },
  kind: { type: 'string' },
  help: { type: 'boolean' },
} as const

function kindIn(word: string | undefined): 'rule' | 'behaviour' | undefined {
  if (word === undefined || word === 'rule' || word === 'behaviour') return word
  throw new RangeError(`--kind ${word}: expected rule or behaviour`)
}

function main(args: readonly string[]): number | Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options })
  if (values.help === true) {
    console.log(usage)
    return 0
  }
  const [name = ''] = positionals
  if (positionals.length === 1 && name === 'system')
    return judgeSystem(values.only === undefined ? {} : { only: values.only })
  if (positionals.length === 1 && name === 'kernel')
    return values.unequal ? listUnequal() : judgeKernel(kernelOptions(values))
  if (positionals.length === 1 && name === 'rules')
    return judgeRules({ kind: kindIn(values.kind), ...(values.only === undefined ? {} : { only: values.only }) })
  if (positionals.length === 1 && name === 'capabilities') return judgeCapabilities()
  if (positionals.length === 1 && name === 'msrs') {
    const { text, release, from, module: vendorModule, processor } = values
    if (text === undefined) return judgeMsrs()
    if (release === undefined || from === undefined || vendorModule === undefined || processor === undefined)
      throw new RangeError('expected --release, --from, --module and --processor')
    return judgeMsrs({ text, recorded: { release, package: from, vendorModule, processor } })
  }
  if (positionals.length === 1 && name === 'headers') {
    const { release, from, tree } = values
    if (release === undefined || from === undefined) throw new RangeError('expected --release and --from')
    return judgeHeaders({ release, from, ...(tree === undefined ? {} : { tree }) })
  }
  if (positionals.length === 1 && (name === 'cpu' || Object.hasOwn(judges, name))) return askCpu(name, values)
  const names = ['cpu', ...Object.keys(judges), 'system', 'headers', 'capabilities', 'kernel', 'msrs', 'rules']
  throw new RangeError(`expected the name of a judge: ${names.join(' or ')}`)
}

interface CpuValues {
  readonly subject?: string | undefined
  readonly states: string
  readonly cases: string
  readonly seed: string
  readonly only?: string | undefined
  readonly record: boolean
}

function askCpu(name: string, values: CpuValues): number {
  const subject = subjectNames.find((one) => one === values.subject)
  if (values.subject !== undefined && subject === undefined)
    throw new RangeError(`--subject ${values.subject}: expected ${subjectNames.join(' or ')}`)
  const only: { readonly only?: string } = values.only === undefined ? {} : { only: values.only.toUpperCase() }
  const seed = positive('seed', values.seed)
  if (name === 'cpu') {
    const states = positive('states', values.states)
    const some = only.only === undefined ? {} : { only: only.only.split(',') }
    return judgeCpu({ states, seed, ...some, record: values.record, ...(subject === undefined ? {} : { subject }) })
  }
  const cases = positive('cases', values.cases)
  return judges[name as keyof typeof judges]({ subject: subject ?? 'engine', cases, seed, ...only })
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(`judge: ${(error as Error).message}`)
  process.exitCode = 2
}
