import { createDecoded, createDecoder } from '@vmm/x86-decoder'
import { isExecuted } from '@vmm/x86-semantics'
import { Random, seedFor } from '../cpu/random.ts'
import type { Snippet } from '../cpu/snippet.ts'
import { States } from '../cpu/states.ts'
import { formName, type InstructionForm } from './forms.ts'

/** What the states of a form are made of: the same again bring forth the same states. */
export interface StatesWanted {
  readonly seed: number
  /** How many; a larger number has these, too. */
  readonly states: number
  /** The program that asks has a local descriptor table. */
  readonly local: boolean
}

/** Attempts for each encoding at a state in which it meets its memory, before all of them are given up. */
const attempts = 20

const { decode } = createDecoder(isExecuted)
const decoded = createDecoded()

/** States of a form, its encodings in turns, those of one encoding together: code that is there already is left alone. */
export function formStates(form: InstructionForm, { seed, states, local }: StatesWanted): readonly Snippet[] {
  const { encodings } = form
  const generator = new States(new Random(seedFor(seed, formName(form))), local)
  const found = encodings.map((): Snippet[] => [])
  let count = 0
  for (let turn = 0, missed = 0; count < states && missed < attempts * encodings.length; turn += 1) {
    const at = turn % encodings.length
    const { bytes, codeSize } = encodings[at]!
    decode(bytes, 0, bytes.length, codeSize, decoded)
    const snippet = generator.around(decoded, bytes, codeSize)
    missed = snippet === undefined ? missed + 1 : 0
    if (snippet === undefined) continue
    found[at]!.push(snippet)
    count += 1
  }
  return found.flat()
}
