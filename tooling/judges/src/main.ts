import { parseArgs } from 'node:util'
import { judgeCpu, subjectNames } from './cpu/report.ts'

const usage = `usage: pnpm judge cpu [--subject engine|oracle] [--cases N] [--seed N] [--only MNEMONIC]

cpu     runs random instructions on this machine's processor and in the engine, and compares

  --subject WHO     engine, or oracle: the descriptions as they read
  --cases N         how many; 200000 unless told
  --seed N          the same seed brings forth the same cases; 1 unless told
  --only MNEMONIC   of one instruction alone, for example --only FPREM
`

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`--${name} ${text}: expected a positive integer`)
  return value
}

function main(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      subject: { type: 'string', default: 'engine' },
      cases: { type: 'string', default: '200000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) {
    console.log(usage)
    return 0
  }
  if (positionals.length !== 1 || positionals[0] !== 'cpu') throw new RangeError(`expected the name of a judge: cpu`)
  const subject = subjectNames.find((name) => name === values.subject)
  if (subject === undefined) throw new RangeError(`--subject ${values.subject}: expected ${subjectNames.join(' or ')}`)
  return judgeCpu({
    subject,
    cases: positive('cases', values.cases),
    seed: positive('seed', values.seed),
    ...(values.only === undefined ? {} : { only: values.only.toUpperCase() }),
  })
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  console.error(`judge: ${(error as Error).message}`)
  process.exitCode = 2
}
