import { spawnSync } from 'node:child_process'
import { createDecoded, format, informationOf } from '@vmm/x86-decoder'
import { describe, expect, test } from 'vitest'
import { bad, type InsCase } from '../case.ts'
import { decode } from '../decoder.ts'
import { environments } from '../environments.ts'
import { askCpu, cpuFlags } from './cpu.ts'
import { everyOpcode, undescribed } from './every-opcode.ts'

const canAsk = process.platform === 'linux' && process.arch === 'x64' && spawnSync('gcc', ['--version']).status === 0
/** Instructions whose business it is to be #UD; RSM is, outside of system management mode, and others are outside VMX operation or without shadow stacks. */
const always = /^(?:ud[012]|rsm|vmread|vmwrite|invept|invvpid|wru?ss[dq])\b/
const longest = 15
const maps = ['', '0f', '0f38', '0f3a'].flatMap((map) => ['', '66', 'f2', 'f3'].map((prefix) => [map, prefix] as const))

const flags = canAsk ? cpuFlags() : new Set<string>()
/** Features that the kernel calls otherwise than the manual. Source: Linux, arch/x86/include/asm/cpufeatures.h. */
const kernelNames: Readonly<Record<string, string>> = {
  SSE3: 'pni',
  SHA: 'sha_ni',
  AESNI: 'aes',
  LZCNT: 'abm',
  PREFETCHW: '3dnowprefetch',
}
const isLacked = (feature: string): boolean => !flags.has(kernelNames[feature] ?? feature.toLowerCase())

interface Said {
  readonly text: string
  readonly length: number
  /** What it needs and this CPU does not have. */
  readonly lacked: readonly string[]
}

/** What the decoder says: the text, or that there is none, and the length. */
function decoded(one: InsCase): Said {
  const out = createDecoded()
  const failure = decode(one.bytes, 0, one.bytes.length, environments[one.mode].codeSize, out)
  if (failure !== undefined) return { text: bad, length: 0, lacked: [] }
  return { text: format(out), length: out.length, lacked: informationOf(out).features.filter(isLacked) }
}

/** The instruction alone, so that what follows is not taken for a part of it, or for another one. */
function alone(one: InsCase): InsCase {
  const { length } = decoded(one)
  return length === 0 ? one : { ...one, bytes: one.bytes.slice(0, length) }
}

/** How many bytes the CPU took, where it went on behind them. */
function lengthOf(answer: InsCase): number | undefined {
  if (answer.ending.kind !== 'done') return undefined
  const rip = answer.after.find((item) => item.kind === 'field' && item.field === 'RIP')
  if (rip?.kind !== 'field') return answer.bytes.length
  const length = Number(rip.value) - environments[answer.mode].code
  return length > 0 && length <= longest ? length : undefined
}

function complaint(answer: InsCase): string | undefined {
  const { text, length, lacked } = decoded(answer)
  const isRefused = answer.ending.kind === 'fault' && answer.ending.exception === 'UD'
  if (isRefused && lacked.length > 0) return undefined
  if (isRefused !== (text === bad || always.test(text))) return `${answer.place} is ${text}`
  // a branch that is taken goes on elsewhere
  const taken = text.includes('$') ? undefined : lengthOf(answer)
  return taken === undefined || taken === length
    ? undefined
    : `${answer.place} has ${taken} bytes, not ${length}: ${text}`
}

describe.skipIf(!canAsk).each(['64', 'c32'] as const)('in mode %s', (mode) => {
  test.each(maps)(
    'the CPU and the decoder take the same bytes for instructions of map “%s”, prefix “%s”',
    (map, prefix) => {
      const answers = askCpu(
        everyOpcode(mode, prefix, map)
          .filter(({ text }) => !undescribed.test(text))
          .map(alone),
      )
      expect(answers.length).toBeGreaterThan(1000)
      const unasked = new Set(answers.flatMap((answer) => decoded(answer).lacked))
      if (unasked.size > 0) console.log(`this CPU lacks ${[...unasked].join(', ')}`)
      expect(answers.flatMap((answer) => complaint(answer) ?? [])).toEqual([])
    },
  )
})
