import { type VmcsLayout, type VmcsValues, vmcs12Layout, wholeVmcsLayout } from '../vmcs/vmcs-layout.ts'
import { offeredVmxMsrs } from '../vmcs12/vmx-limits.ts'
import { entryChecks } from './all.ts'
import type { EntryFacts, EntryProcessor } from './entry-processor.ts'
import { mutatedField, type RandomBelow } from './mutated-field.ts'
import { type SoundVmcs, soundFacts, soundVmcs, wholeProcessor } from './sound-vmcs.ts'
import { witnessesOf } from './witnesses.ts'

/** An entry that may fail or not: a sound VMCS with some fields changed. */
export interface RandomEntry {
  readonly values: VmcsValues
  readonly processor: EntryProcessor
  readonly layout: VmcsLayout
  readonly facts: EntryFacts
}

/** Numbers that are the same in every run: xorshift of 32 bits, from an odd number. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const modes = Object.keys(soundVmcs) as SoundVmcs[]
const broken = entryChecks.flatMap(witnessesOf).map(({ broken: { values: one } }) => one)

const offered: EntryProcessor = { ...wholeProcessor, vmx: offeredVmxMsrs, allowedPendingDebug: 0n }
const wide: EntryProcessor = { ...wholeProcessor, physicalAddressWidth: 52, linearAddressWidth: 57 }
const narrow: EntryProcessor = { ...offered, physicalAddressWidth: 36 }
const flagless: EntryProcessor = {
  ...wholeProcessor,
  vmx: { ...wholeProcessor.vmx, IA32_VMX_EPT_VPID_CAP: 0x0f01_0613_40c1n, IA32_VMX_MISC: 0x2004_0165n },
}
const processors = [wholeProcessor, wholeProcessor, offered, wide, narrow, flagless] as const
const layouts = [wholeVmcsLayout, vmcs12Layout] as const

function pick<One>(from: readonly [One, ...One[]] | readonly One[], random: RandomBelow): One {
  return from[random(from.length)] as One
}

/** A random entry: a sound VMCS, or one that some check has as its witness, with no or a few mutations. */
export function randomEntry(random: RandomBelow): RandomEntry {
  const from = pick(modes, random)
  let entry = { ...(random(3) === 0 ? pick(broken, random) : soundVmcs[from]) }
  for (let left = random(4); left > 0; left -= 1) {
    const [field, value] = mutatedField(entry, random)
    entry = { ...entry, [field]: value }
  }
  return {
    values: entry,
    processor: pick(processors, random),
    layout: pick(layouts, random),
    facts: randomFacts(from, random),
  }
}

const words = [undefined, 0, 1, 0x11e5_7ed0, 0x91e5_7ed0, 0x11e5_7ed0 - 0x8000_0000, 0x1021, -1] as const

/** What is around: memory has the same few words everywhere. */
function randomFacts(from: SoundVmcs, random: RandomBelow): EntryFacts {
  const [one, other] = [pick(words, random), pick(words, random)]
  const facts = soundFacts(from)
  const memory = (address: number) => ((address / 4) % 3 === 0 ? one : other)
  return { ...facts, longMode: random(8) === 0 ? !facts.longMode : facts.longMode, inSmm: random(8) === 0, memory }
}
